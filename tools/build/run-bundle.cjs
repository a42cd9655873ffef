// Runs a bundle of build/app with the code that V8 compiled for it before. (Node's own cache, module.enableCompileCache,
// came with 22.8 and keeps ES modules too: with Node 20 gone, so is the need for this.)
'use strict';
const { readFileSync, renameSync, writeFileSync } = require('node:fs');
const { createRequire, SourceMap } = require('node:module');
const { join } = require('node:path');
const { Script } = require('node:vm');

const PARAMETERS = 'exports, require, module, __filename, __dirname, importModule';
const importModule = (specifier) => import(specifier);

/** @param {string} name without `.bundle.cjs`  @returns what the bundle exports */
exports.runBundle = (name) => {
  const file = join(__dirname, `${name}.bundle.cjs`);
  const cache = `${file}.cache`;
  mapStackTraces(file);
  // latin1: the bundle is ASCII, and V8 keeps it in one byte a character.
  const script = new Script(`(function (${PARAMETERS}) {\n${readFileSync(file, 'latin1')}\n})`, {
    filename: file,
    lineOffset: -1,
    cachedData: readIfThere(cache), // refused by V8 when it is of another version or another bundle
  });
  if (process.env.CODEXPC_KEEP_COMPILED === '1') {
    // At the end, when it holds the functions that ran.
    process.once('exit', () => {
      writeFileSync(`${cache}.new`, script.createCachedData(), { flush: true }); // V8 does not look for torn bytes
      renameSync(`${cache}.new`, cache);
    });
  }
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(file), module, file, __dirname, importModule);
  return module.exports;
};

/** Stack traces name the lines of src/. The map is read when the first stack is asked for. */
function mapStackTraces(file) {
  let map = null;
  const place = (frame) => {
    if (frame.getFileName() !== file) return String(frame);
    map ??= new SourceMap(JSON.parse(readFileSync(`${file}.map`, 'utf8')));
    const { originalSource, originalLine, originalColumn } = map.findEntry(frame.getLineNumber() - 1, frame.getColumnNumber() - 1);
    if (originalSource === undefined) return String(frame);
    const origin = `${join(__dirname, originalSource)}:${originalLine + 1}:${originalColumn + 1}`;
    return String(frame).replace(/[^ (]+:\d+:\d+/, () => origin);
  };
  Error.prepareStackTrace = (error, frames) => {
    try {
      return [String(error), ...frames.map((frame) => `    at ${place(frame)}`)].join('\n');
    } catch {
      return [String(error), ...frames.map((frame) => `    at ${frame}`)].join('\n'); // no map: the bundle's own lines
    }
  };
}

function readIfThere(file) {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}
