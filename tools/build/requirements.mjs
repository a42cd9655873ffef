// The tools that the native engine needs, each with one sentence when it is missing.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { BuildFailure } from './failure.mjs';

const MIN_CMAKE = [3, 20];
const INSTALL =
  process.platform === 'darwin'
    ? { compiler: 'xcode-select --install', cmake: 'brew install cmake' }
    : { compiler: 'sudo apt install build-essential cmake', cmake: 'sudo apt install build-essential cmake' };

/** Throws unless CMake, a C++ compiler and a build program can be found. */
export function requireNativeTools(env = process.env) {
  if (!findOnPath('cmake', env)) throw missing('CMake', INSTALL.cmake);
  const found = spawnSync('cmake', ['--version'], { encoding: 'utf8', env }).stdout ?? '';
  const version = /version (\d+)\.(\d+)/.exec(found);
  if (version && older([Number(version[1]), Number(version[2])], MIN_CMAKE)) {
    throw new BuildFailure(
      `CMake ${version[1]}.${version[2]} is too old to build the native engine; ${MIN_CMAKE.join('.')} or newer is needed.`,
      { next: `Install it with: ${INSTALL.cmake}`, exitCode: 100 },
    );
  }
  if (!hasCompiler(env)) throw missing('a C++ compiler', INSTALL.compiler);
  if (!findOnPath('make', env) && !findOnPath('ninja', env)) throw missing('make', INSTALL.compiler);
}

export function findOnPath(name, env = process.env) {
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    if (folder === '') continue;
    try {
      accessSync(join(folder, name), constants.X_OK);
      return join(folder, name);
    } catch {
      // Not in this folder.
    }
  }
  return null;
}

function hasCompiler(env) {
  // On macOS /usr/bin/c++ is there even without the command-line tools, and opens a dialog when run.
  if (process.platform === 'darwin') return spawnSync('xcode-select', ['-p'], { env }).status === 0;
  if (env.CXX) return true;
  return ['c++', 'g++', 'clang++'].some((name) => findOnPath(name, env));
}

const missing = (what, command) =>
  new BuildFailure(`${what} is missing; it is needed to build the native engine. Install it with: ${command}`, {
    exitCode: 100,
  });

const older = ([major, minor], [minMajor, minMinor]) => major < minMajor || (major === minMajor && minor < minMinor);
