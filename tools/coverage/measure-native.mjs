// Lines of engine-native/ that the native tests run, the Metal adapter's over its stand-in among them. Clang's own
// counters, added up over all tests.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';

const CLANG = 'clang++-19';
const LLVM = { profdata: 'llvm-profdata-19', cov: 'llvm-cov-19' };
/** -O1: without, the tests take ten times as long; counters are put in before anything is optimised. */
const FLAGS = '-O1 -fprofile-instr-generate -fcoverage-mapping';

/**
 * @param {string} root the repository
 * @param {string} work a folder of its own
 * @returns {Map<string, { numLines: number, uncovered: number[] }>} by the path of the source
 */
export function measureNative(root, work) {
  const build = join(work, 'native');
  const profiles = join(work, 'profiles');
  rmSync(profiles, { recursive: true, force: true });
  mkdirSync(profiles, { recursive: true });
  const configuration = [
    '-DCODEXPC_TESTS=ON',
    '-DCMAKE_BUILD_TYPE=Debug',
    `-DCMAKE_CXX_FLAGS_DEBUG=${FLAGS}`,
  ];
  must('cmake', ['-S', root, '-B', build, `-DCMAKE_CXX_COMPILER=${CLANG}`, ...configuration]);
  must('cmake', ['--build', build, '--parallel', '2']);
  const tests = readdirSync(build).filter((name) => name.endsWith('_test'));
  for (const test of tests) {
    const env = { ...process.env, LLVM_PROFILE_FILE: join(profiles, `${test}.profraw`) };
    const { status } = spawnSync(join(build, test), { cwd: root, env, stdio: 'ignore' });
    if (status !== 0) process.stderr.write(`coverage: ${test} fails here; what it ran is counted\n`);
  }
  const merged = join(work, 'native.profdata');
  must(LLVM.profdata, [
    'merge',
    '-sparse',
    '-o',
    merged,
    ...readdirSync(profiles).map((name) => join(profiles, name)),
  ]);
  const objects = tests.flatMap((test) => ['-object', join(build, test)]).slice(1);
  const sources = [join(root, 'engine-native/src'), join(root, 'engine-native/include')];
  const lcov = must(LLVM.cov, ['export', '-format=lcov', `-instr-profile=${merged}`, ...objects, ...sources]);
  return fromLcov(lcov, root);
}

function fromLcov(text, root) {
  const found = new Map();
  for (const record of text.split('end_of_record\n')) {
    const path = /^SF:(.+)$/m.exec(record)?.[1];
    if (path === undefined) continue;
    const lines = [...record.matchAll(/^DA:(\d+),(\d+)/gm)].map(([, line, count]) => [
      Number(line),
      Number(count),
    ]);
    const uncovered = lines.filter(([, count]) => count === 0).map(([line]) => line);
    found.set(relative(root, path), { numLines: lines.length, uncovered });
  }
  return found;
}

function must(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 1024 ** 3,
  });
  if (error !== undefined)
    throw new Error(`${command} is missing; on Debian: apt-get install clang-19 llvm-19`);
  if (status !== 0) throw new Error(`${command} failed:\n${stdout.slice(-4000)}${stderr.slice(-4000)}`);
  return stdout;
}
