// The end of a CI run, which is often all that one sees of it: seconds and figures of every suite, then what failed.
//   node tools/ci-summary.mjs FOLDER
// The folder holds, for every suite, NAME.result (`passed failed seconds title`) and NAME.log, its output.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const MOST_LINES = 60;
const LINES_OF_AN_ERROR = 6;

/** Lines that name a failed test: of jest, the native tests, ctest, our own runners, compilers and sanitizers. */
const HEADS = [
  /^\s*● .+/,
  /^(FAIL|FAILED|not ok) /,
  /\*\*\*(Failed|Timeout|Exception|Not Run)/,
  /\berror: /i,
  /^==\d+==ERROR/,
];

const folder = process.argv[2];
const suites = readdirSync(folder)
  .filter((name) => name.endsWith('.result'))
  .sort()
  .map((name) => {
    const [passed, failed, seconds, ...title] = readFileSync(join(folder, name), 'utf8').trim().split(' ');
    const log = join(folder, name.replace(/result$/, 'log'));
    return { passed: Number(passed), failed: Number(failed), seconds, title: title.join(' '), log };
  });

process.stdout.write('\n== summary\n');
for (const { seconds, passed, failed, title } of suites) {
  process.stdout.write(
    `${markOf(passed, failed)} ${seconds.padStart(5)} s  ${passed} passed, ${failed} failed  ${title}\n`,
  );
}
const broken = suites.filter(({ failed }) => failed > 0);
for (const { title, log } of broken) {
  const lines = failuresIn(readFileSync(log, 'utf8')).slice(0, Math.floor(MOST_LINES / broken.length));
  process.stdout.write(`-- ${title}\n${lines.map((line) => `${line}\n`).join('')}`);
}

/** A suite that could not check anything has not passed. */
function markOf(passed, failed) {
  if (failed > 0) return 'FAILED';
  return passed > 0 ? 'ok    ' : 'NONE  ';
}

/** The head of each failure with the first lines of its error, once; the end of the log when no line is a head. */
function failuresIn(log) {
  const lines = stripVTControlCharacters(log)
    .split('\n')
    .filter((line) => line.trim() !== '');
  const isHead = (line) => HEADS.some((head) => head.test(line));
  const found = new Map();
  lines.forEach((line, index) => {
    if (!isHead(line) || found.has(line)) return;
    const next = lines.findIndex((other, at) => at > index && isHead(other));
    const last = Math.min(next === -1 ? lines.length : next, index + LINES_OF_AN_ERROR);
    found.set(line, [...causesBefore(lines, index), ...lines.slice(index, last)]);
  });
  return found.size > 0 ? [...found.values()].flat() : lines.slice(-2 * LINES_OF_AN_ERROR);
}

/** A native test prints what went wrong, indented, before its name. */
function causesBefore(lines, index) {
  if (!/^FAIL /.test(lines[index])) return [];
  let first = index;
  while (first > 0 && index - first < 3 && /^ {2}\S+:\d+: /.test(lines[first - 1])) first -= 1;
  return lines.slice(first, index);
}
