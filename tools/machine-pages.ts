// The pages of docs/machines: every machine drawn from its own definition, as SVG and as Mermaid.

import { drawDiagram, STANDALONE_STYLE } from '../src/inspect/draw-diagram.js';
import { drawMermaid } from '../src/inspect/draw-mermaid.js';
import { layoutGraph } from '../src/inspect/layout-graph.js';
import { machineCatalogue } from '../src/inspect/machine-catalogue.js';
import type { MachineDefinition } from '../src/ipc/protocol.js';

/** Where each machine's reasons are told. */
const SOURCES: Readonly<Record<string, string>> = {
  supervisor: 'src/machines/supervisor.ts',
  engine: 'src/machines/engine.ts',
  heartbeat: 'src/machines/heartbeat.ts',
  frontEnd: 'src/machines/front-end.ts',
  httpFrontEnd: 'src/machines/http-front-end.ts',
  session: 'src/machines/session.ts',
  toolCall: 'src/machines/tool-call.ts',
  decoder: 'src/inspect/decoder-chart.ts',
};

/** Contents by file name. */
export const machinePages = async (): Promise<ReadonlyMap<string, string>> => {
  const pages = new Map<string, string>();
  const machines = machineCatalogue();
  for (const machine of machines) {
    const title = `The states of ${machine.machine}`;
    const svg = drawDiagram(await layoutGraph(machine), { title, style: STANDALONE_STYLE });
    pages.set(`${machine.machine}.svg`, `${svg}\n`);
    pages.set(`${machine.machine}.md`, pageOf(machine));
  }
  pages.set('README.md', indexOf(machines));
  return pages;
};

const pageOf = (machine: MachineDefinition): string => {
  const { machine: name } = machine;
  return [
    `# ${name}`,
    '',
    `Drawn from [\`${SOURCES[name]}\`](../../${SOURCES[name]}) by \`npm run docs:machines\`.`,
    '',
    `![The states of ${name}](${name}.svg)`,
    '',
    'The same as Mermaid; a small circle stands for the whole state around it:',
    '',
    '```mermaid',
    drawMermaid(machine).trimEnd(),
    '```',
    '',
  ].join('\n');
};

const indexOf = (machines: readonly MachineDefinition[]): string =>
  [
    '# State machines',
    '',
    'What the daemon does is decided by these. `codexpc watch` and `codexpc daemon --inspect` show them live. The pages are written by `npm run docs:machines`; a test fails when they are older than the machines.',
    '',
    ...machines.map(
      ({ machine, states, transitions }) =>
        `- [${machine}](${machine}.md): ${states.length} states, ${transitions.length} transitions`,
    ),
    '',
  ].join('\n');
