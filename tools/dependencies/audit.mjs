// `npm run audit`: asks the registry for known vulnerabilities of what the program depends on. A registry that has no
// such list (a mirror, or none within reach) fails nothing, and that nothing was checked is said: findings fail.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--json'], {
  cwd: root,
  encoding: 'utf8',
  timeout: 60_000,
  maxBuffer: 64 * 1024 * 1024,
});

const report = parsed(stdout);
if (report?.vulnerabilities === undefined) {
  const reason = report?.message || report?.error?.summary || 'no answer';
  process.stdout.write(
    `audit: NOTHING WAS CHECKED: the registry gave no list of vulnerabilities (${reason}). Run it where npm can ask registry.npmjs.org.\n`,
  );
  process.stdout.write('0 passed, 0 failed\n');
} else {
  const found = Object.values(report.vulnerabilities);
  for (const { name, severity, range } of found)
    process.stdout.write(`audit: ${severity}: ${name} ${range}\n`);
  const numPackages = report.metadata?.dependencies?.prod ?? 0;
  process.stdout.write(`audit: ${numPackages} packages asked for, ${found.length} with vulnerabilities\n`);
  process.stdout.write(`${found.length === 0 ? 1 : 0} passed, ${found.length} failed\n`);
  process.exitCode = found.length > 0 ? 1 : 0;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
