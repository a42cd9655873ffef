// Writes what the check build links with: the linker's list of Node-API symbols, which alone may be looked up when the
// addon is loaded, and .tbd files: of libc++ with those symbols that the committed lists of imports name, of Apple's other
// libraries and of the GPT-OSS library with the symbols listed here. What is in no list is then a link error.
//   node make-stubs.mjs IMPORTS SDK NODE_API_SYMBOLS
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { symbols } from 'node-api-headers';

const [imports, sdk, nodeApiSymbols] = process.argv.slice(2);

const framework = (name) => `System/Library/Frameworks/${name}.framework/${name}`;

/** What the Metal backend and the GPT-OSS library use, and which library has it on a Mac. */
const LIBRARIES = [
  {
    path: 'usr/lib/libobjc',
    installName: '/usr/lib/libobjc.A.dylib',
    symbols: [
      ...['___objc_personality_v0', '_objc_msgSend', '_objc_msgSend_stret'],
      ...['retain', 'release', 'autorelease', 'storeStrong', 'retainBlock', 'alloc', 'alloc_init', 'opt_new'],
      ...['retainAutoreleasedReturnValue', 'unsafeClaimAutoreleasedReturnValue', 'retainAutorelease'],
      ...[
        'autoreleasePoolPush',
        'autoreleasePoolPop',
        'autoreleaseReturnValue',
        'retainAutoreleaseReturnValue',
      ],
    ].map((name) => (name.startsWith('_') ? name : `_objc_${name}`)),
    classes: ['NSObject'],
  },
  {
    path: framework('Foundation'),
    installName: '/System/Library/Frameworks/Foundation.framework/Versions/C/Foundation',
    symbols: [],
    classes: ['NSString', 'NSError', 'NSAutoreleasePool'],
  },
  {
    path: framework('CoreFoundation'),
    installName: '/System/Library/Frameworks/CoreFoundation.framework/Versions/A/CoreFoundation',
    symbols: [
      '___CFConstantStringClassReference',
      ...['_kCFAllocatorDefault', '_CFGetTypeID', '_CFNumberGetTypeID', '_CFNumberGetValue', '_CFRelease'],
    ],
    classes: [],
  },
  {
    path: framework('Metal'),
    installName: '/System/Library/Frameworks/Metal.framework/Versions/A/Metal',
    symbols: ['_MTLCreateSystemDefaultDevice'],
    classes: ['MTLComputePipelineDescriptor'],
  },
  {
    path: framework('IOKit'),
    installName: '/System/Library/Frameworks/IOKit.framework/Versions/A/IOKit',
    symbols: [
      ...['_kIOMainPortDefault', '_IOServiceMatching', '_IOServiceGetMatchingServices', '_IOIteratorNext'],
      ...['_IOObjectRelease', '_IORegistryEntryGetRegistryEntryID', '_IORegistryEntryCreateCFProperty'],
    ],
    classes: [],
  },
  {
    path: 'usr/lib/libgptoss',
    installName: '/usr/local/lib/libgptoss.dylib',
    symbols: [
      ...[
        'model_create_from_file',
        'model_release',
        'context_create',
        'context_append_tokens',
        'context_process',
      ],
      ...['context_sample', 'context_reset', 'context_release'],
    ].map((name) => `_gptoss_${name}`),
    classes: [],
  },
];

const nodeSymbols = [...new Set(Object.values(symbols).flatMap((version) => Object.values(version).flat()))];
writeFileSync(nodeApiSymbols, nodeSymbols.map((name) => `-Wl,-U,_${name}\n`).join(''));
writeStub({
  path: 'usr/lib/libc++',
  installName: '/usr/lib/libc++.1.dylib',
  symbols: imported('libc++'),
  classes: [],
});
for (const library of LIBRARIES) writeStub(library);

function imported(library) {
  const lines = readdirSync(imports).flatMap((file) => readFileSync(join(imports, file), 'utf8').split('\n'));
  const names = lines.flatMap((line) => {
    const match = /^(\S+) \(from (\S+)\)$/.exec(line);
    return match !== null && match[2] === library ? [match[1]] : [];
  });
  return [...new Set(names)].sort();
}

function writeStub({ path, installName, symbols, classes }) {
  const file = join(sdk, `${path}.tbd`);
  mkdirSync(dirname(file), { recursive: true });
  const list = (names) => names.map((name) => `'${name}'`).join(', ');
  writeFileSync(
    file,
    `--- !tapi-tbd
tbd-version: 4
targets: [ x86_64-macos, arm64-macos ]
install-name: '${installName}'
exports:
  - targets: [ x86_64-macos, arm64-macos ]
    symbols: [ ${list(symbols)} ]
    objc-classes: [ ${list(classes)} ]
...
`,
  );
}
