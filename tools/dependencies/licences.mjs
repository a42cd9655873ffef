// docs/licences.md: what the program is made of besides its own code, and under which licences.
//   node tools/dependencies/licences.mjs   writes it (npm run docs:licences)
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ALLOWED_LICENCES, EXCEPTIONS } from './policy.mjs';
import { readLock } from './read-lock.mjs';

export const LICENCES_FILE = 'docs/licences.md';

/** `MIT`, `(A OR B)`: whether one of its alternatives may be chosen. */
export const isAllowed = ({ name, licence }) => {
  const choices = licence.replace(/^\((.*)\)$/, '$1').split(' OR ');
  return choices.some((choice) => ALLOWED_LICENCES.includes(choice) || EXCEPTIONS[name]?.licence === choice);
};

/** @param {string} root the repository */
export function licencesPage(root) {
  const packages = readLock(root).filter(({ isDevelopment }) => !isDevelopment);
  const counts = new Map();
  for (const { licence } of packages) counts.set(licence, (counts.get(licence) ?? 0) + 1);
  const row = (...cells) => `| ${cells.join(' | ')} |`;
  return `${[
    '# Licences of the packages that codexpc uses',
    '',
    'Written by `npm run docs:licences` from `package-lock.json`; a test holds it to that and to the list of [allowed licences](../tools/dependencies/policy.mjs). Packages for other platforms are listed with the rest. Tools of development are not part of the program and are left out.',
    '',
    row('licence', 'packages'),
    row('---', '---'),
    ...[...counts].sort(([, left], [, right]) => right - left).map(([licence, count]) => row(licence, count)),
    '',
    ...Object.entries(EXCEPTIONS).map(
      ([name, { licence, reason }]) => `- \`${name}\` is taken under ${licence}: it ${reason}.`,
    ),
    '',
    row('package', 'version', 'licence'),
    row('---', '---', '---'),
    ...packages.map(({ name, version, licence }) => row(name, version, licence)),
  ].join('\n')}\n`;
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  writeFileSync(join(root, LICENCES_FILE), licencesPage(root));
}
