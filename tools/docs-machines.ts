// npm run docs:machines: writes docs/machines/.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { machinePages } from './machine-pages.js';

const folder = 'docs/machines';
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const pages = await machinePages();
for (const [name, content] of pages) writeFileSync(join(folder, name), content);
console.log(`${folder}: ${pages.size} files`);
