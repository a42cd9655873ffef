import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, jest, test } from '@jest/globals';
import { drawMermaid } from '../../src/inspect/draw-mermaid.js';
import { machineCatalogue } from '../../src/inspect/machine-catalogue.js';
import { machinePages } from '../../tools/machine-pages.js';

jest.setTimeout(60_000); // laying out takes its time on a busy machine

const folder = join(fileURLToPath(new URL('../../../../', import.meta.url)), 'docs/machines');

describe('docs/machines', () => {
  test('is what `npm run docs:machines` writes', async () => {
    const pages = await machinePages();
    expect(readdirSync(folder).sort()).toEqual([...pages.keys()].sort());
    for (const [name, content] of pages)
      if (readFileSync(join(folder, name), 'utf8') !== content)
        throw new Error(
          `${name} is older than its machine: run npm run docs:machines and commit what it writes`,
        );
  });
});

describe('a Mermaid chart', () => {
  test('leads from innermost state to innermost state, and from the circle of a state around others', () => {
    const engine = drawMermaid(machineCatalogue().find(({ machine }) => machine === 'engine')!);
    expect(engine).toContain('start --> s_alive_starting');
    expect(engine).toContain('s_alive_ready -->|"after keepAlive"| s_alive_unloading');
    expect(engine).toContain('s_alive_any -->|"engine.stop"| s_alive_stopping');
    expect(engine).toContain('s_alive_generating -->|"request.ended [lastRequest]"| s_alive_ready');
  });

  test.each(machineCatalogue().map((machine) => [machine.machine, drawMermaid(machine)] as const))(
    'of %s declares every end of its lines, and no subgraph among them',
    (_name, chart) => {
      const declared = new Set([...chart.matchAll(/^ *(\w+)(?:\(|\[)/gm)].map(([, id]) => id));
      const subgraphs = new Set([...chart.matchAll(/^ *subgraph (\w+)\[/gm)].map(([, id]) => id));
      const lines = [...chart.matchAll(/^ *(\w+) -->(?:\|"[^"|]*"\|)? (\w+)$/gm)];
      expect(lines.length).toBeGreaterThan(1);
      for (const [, from, to] of lines)
        for (const id of [from, to]) {
          expect(declared).toContain(id);
          expect(subgraphs).not.toContain(id);
        }
    },
  );
});
