import { beforeAll, describe, expect, test } from '@jest/globals';
import { drawDiagram, STANDALONE_STYLE } from '../../src/inspect/draw-diagram.js';
import { layoutGraph } from '../../src/inspect/layout-graph.js';
import type { DiagramLayout } from '../../src/inspect/place-graph.js';
import { machineCatalogue } from '../../src/inspect/machine-catalogue.js';
import type { MachineDefinition } from '../../src/ipc/protocol.js';

const MACHINES = machineCatalogue();

describe.each(MACHINES.map((definition) => [definition.machine, definition] as const))(
  'the drawing of %s',
  (_, definition) => {
    let layout: DiagramLayout;
    beforeAll(async () => {
      layout = await layoutGraph(definition);
    });

    test('has every state within the state around it', () => {
      expect(layout.states.map(({ state }) => state.path).sort()).toEqual(
        definition.states.map(({ path }) => path).sort(),
      );
      for (const placed of layout.states) {
        const around = layout.states.find(({ state }) => state.path === placed.state.parent);
        const outer = around ?? { x: 0, y: 0, width: layout.width, height: layout.height };
        expect(placed.x).toBeGreaterThanOrEqual(outer.x);
        expect(placed.y).toBeGreaterThanOrEqual(outer.y);
        expect(placed.x + placed.width).toBeLessThanOrEqual(outer.x + outer.width);
        expect(placed.y + placed.height).toBeLessThanOrEqual(outer.y + outer.height);
      }
    });

    test('keeps states that are not within each other apart', () => {
      for (const one of layout.states) {
        for (const other of layout.states) {
          const related = [one, other].some(
            ({ state }) =>
              `${one.state.path}.`.startsWith(`${state.path}.`) &&
              `${other.state.path}.`.startsWith(`${state.path}.`),
          );
          if (related) continue;
          const apart =
            one.x + one.width <= other.x ||
            other.x + other.width <= one.x ||
            one.y + one.height <= other.y ||
            other.y + other.height <= one.y;
          expect({ one: one.state.path, other: other.state.path, apart }).toMatchObject({ apart: true });
        }
      }
    });

    test('shows every transition, as a line or in its state', () => {
      const shown = [...layout.lines, ...layout.states.map(({ notes }) => ({ texts: notes }))].flatMap(
        ({ texts }) => texts.flatMap(({ transition }) => transition ?? []),
      );
      expect([...new Set(shown)].sort()).toEqual(definition.transitions.map(({ id }) => id).sort());
    });

    test('leads lines from the border of a state to that of another', () => {
      const boxOf = (path: string) => layout.states.find(({ state }) => state.path === path)!;
      for (const { points, transitions } of layout.lines) {
        const { from, to } = definition.transitions.find(({ id }) => id === transitions[0])!;
        if (from !== '') expect(distanceToBorder(points[0]!, boxOf(from))).toBeLessThan(1);
        const ends = to.map((path) => distanceToBorder(points.at(-1)!, boxOf(path)));
        expect(Math.min(...ends)).toBeLessThan(1);
      }
    });
  },
);

test('a drawing is well-formed XML, whatever the names are', async () => {
  const [machine] = MACHINES.filter(({ machine: name }) => name === 'heartbeat') as [MachineDefinition];
  const hostile: MachineDefinition = {
    ...machine,
    machine: '"><script>',
    transitions: machine.transitions.map((transition) => ({ ...transition, label: '</text><a href="x">&' })),
  };
  const svg = drawDiagram(await layoutGraph(hostile), { title: '<b>', style: STANDALONE_STYLE });
  expect(svg).not.toMatch(/<script|<a |<b>/);
  expect(svg.match(/<text/g)?.length).toBe(svg.match(/<\/text>/g)?.length);
  expect(svg).toContain('&lt;/text&gt;&lt;a href=&quot;x&quot;&gt;&amp;');
});

interface Point {
  readonly x: number;
  readonly y: number;
}

const distanceToBorder = (
  { x, y }: Point,
  box: Point & { readonly width: number; readonly height: number },
): number => {
  const outside = Math.hypot(
    Math.max(box.x - x, 0, x - box.x - box.width),
    Math.max(box.y - y, 0, y - box.y - box.height),
  );
  const inside = Math.min(x - box.x, box.x + box.width - x, y - box.y, box.y + box.height - y);
  return outside > 0 ? outside : inside;
};
