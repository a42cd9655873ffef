// docs/coverage.md: what was seen, and why the lines that no test runs may stay so. Tables are written; reasons are not.

export const PAGE = 'docs/coverage.md';
/** Of all lines of a part; and a file with less has to have a reason of its own. */
const WANTED_PERCENT = 90;
/** A run is not like another: which of two branches a race takes, what a test skips on this machine. */
const SLACK_PERCENT = 2;

const percent = (files) => {
  const numLines = files.reduce((sum, file) => sum + file.numLines, 0);
  const numUncovered = files.reduce((sum, file) => sum + file.uncovered.length, 0);
  return numLines === 0 ? 100 : (100 * (numLines - numUncovered)) / numLines;
};
export const percentOf = (files) => percent(files).toFixed(1);

/** What is wrong, as sentences. */
export function compare(page, seen) {
  return [...seen].flatMap(([part, files]) => {
    const total = percent([...files.values()]);
    const reasons = reasonsOf(section(page, `${part}: below`));
    const problems = [];
    if (total < WANTED_PERCENT)
      problems.push(`${part} has ${total.toFixed(1)} % of its lines run, not ${WANTED_PERCENT}`);
    for (const [path, file] of files) {
      const isLow = percent([file]) < WANTED_PERCENT - SLACK_PERCENT;
      if (isLow && !reasons.get(path))
        problems.push(`${path} has ${percentOf([file])} % and no reason in ${PAGE}`);
    }
    for (const path of reasons.keys()) {
      if (!files.has(path)) problems.push(`${PAGE} names ${path}, which is not there`);
      else if (percent([files.get(path)]) > WANTED_PERCENT + SLACK_PERCENT)
        problems.push(`${PAGE} excuses ${path}, which has ${percentOf([files.get(path)])} % now`);
    }
    return problems;
  });
}

/** The page with new tables; rows keep their reasons. */
export function withTables(page, seen) {
  let text = page;
  for (const [part, files] of seen) {
    const reasons = reasonsOf(section(page, `${part}: below`));
    const all = [...files].sort(([left], [right]) => (left < right ? -1 : 1));
    const low = all.filter(([, file]) => percent([file]) < WANTED_PERCENT);
    const rest = all.filter(([, file]) => percent([file]) >= WANTED_PERCENT && file.uncovered.length > 0);
    const whole = all.length - low.length - rest.length;
    const row = (path, file) => `| \`${path}\` | ${percentOf([file])} | ${rangesOf(file.uncovered)} |`;
    text = replaced(text, `${part}: total`, [
      `**${percentOf([...files.values()])} %** of ${all.reduce((sum, [, file]) => sum + file.numLines, 0)} lines in ${all.length} files; ${whole} files are run whole.`,
    ]);
    text = replaced(text, `${part}: below`, [
      '| file | % | lines that no test runs | why |',
      '| --- | --- | --- | --- |',
      ...low.map(([path, file]) => `${row(path, file)} ${reasons.get(path) ?? ''} |`),
    ]);
    text = replaced(text, `${part}: rest`, [
      '| file | % | lines that no test runs |',
      '| --- | --- | --- |',
      ...rest.map(([path, file]) => row(path, file)),
    ]);
  }
  return text;
}

const startOf = (name) => `<!-- ${name} -->\n`;
const endOf = '<!-- end -->';

const section = (page, name) => page.split(startOf(name))[1]?.split(endOf)[0] ?? '';

const replaced = (page, name, lines) => {
  const [before, after] = page.split(startOf(name));
  if (after === undefined) throw new Error(`${PAGE} has no place for ${name}`);
  return `${before}${startOf(name)}\n${lines.join('\n')}\n\n${after.slice(after.indexOf(endOf))}`;
};

const rowsOf = (table) =>
  table
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim()));

const reasonsOf = (table) =>
  new Map(rowsOf(table).map(([, path, , , reason]) => [path.replaceAll('`', ''), reason ?? '']));

/** `[1, 2, 3, 7]` → `1–3, 7` */
const rangesOf = (lines) => {
  const ranges = [];
  for (const line of lines) {
    const last = ranges.at(-1);
    if (last?.[1] === line - 1) last[1] = line;
    else ranges.push([line, line]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(', ');
};
