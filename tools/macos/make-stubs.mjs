// Writes what the check build links with: the linker's list of Node-API symbols, which alone may be looked up when the
// addon is loaded, and .tbd files with those symbols of other libraries that the committed lists of imports name.
// A symbol that is in no list is then a link error.
//   node make-stubs.mjs IMPORTS LIB NODE_API_SYMBOLS
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { symbols } from 'node-api-headers';

const [imports, lib, nodeApiSymbols] = process.argv.slice(2);

/** Where the libraries are on a Mac, by the name that llvm-nm prints. */
const LIBRARIES = { 'libc++': '/usr/lib/libc++.1.dylib' };

const nodeSymbols = [...new Set(Object.values(symbols).flatMap((version) => Object.values(version).flat()))];
writeFileSync(nodeApiSymbols, nodeSymbols.map((name) => `-Wl,-U,_${name}\n`).join(''));
for (const [name, path] of Object.entries(LIBRARIES)) writeStub(name, path, imported(name));

function imported(library) {
  const lines = readdirSync(imports).flatMap((file) => readFileSync(join(imports, file), 'utf8').split('\n'));
  return lines.flatMap((line) => {
    const match = /^(\S+) \(from (\S+)\)$/.exec(line);
    return match !== null && match[2] === library ? [match[1]] : [];
  });
}

function writeStub(name, installName, names) {
  const list = [...new Set(names)].sort().map((symbol) => `'${symbol}'`);
  writeFileSync(
    join(lib, `${name}.tbd`),
    `--- !tapi-tbd
tbd-version: 4
targets: [ x86_64-macos, arm64-macos ]
install-name: '${installName}'
exports:
  - targets: [ x86_64-macos, arm64-macos ]
    symbols: [ ${list.join(', ')} ]
...
`,
  );
}
