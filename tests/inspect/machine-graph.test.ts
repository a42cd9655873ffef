import { describe, expect, test } from '@jest/globals';
import { machineCatalogue } from '../../src/inspect/machine-catalogue.js';

const machines = machineCatalogue();
const machineOf = (name: string) => machines.find(({ machine }) => machine === name)!;

describe('the graph of a machine', () => {
  test('has every state with its parent, and the one that is entered first', () => {
    const { states } = machineOf('session');
    expect(states.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['active', 'active.generating.decoding.paused', 'completed']),
    );
    expect(states.find(({ path }) => path === 'active.generating')).toMatchObject({
      parent: 'active',
      kind: 'compound',
      initial: false,
      invokes: ['generate'],
      entry: ['countRound'],
    });
    expect(states.filter(({ parent, initial }) => parent === 'active' && initial)).toMatchObject([
      { name: 'preparing' },
    ]);
    expect(states.find(({ path }) => path === 'failed')).toMatchObject({ parent: null, kind: 'final' });
  });

  test('has transitions with guards in the order in which they are tried', () => {
    const { transitions } = machineOf('supervisor');
    const exits = transitions.filter(
      ({ from, event }) => from === 'running.engineUp' && event === 'engine.exited',
    );
    expect(exits).toMatchObject([
      { guard: 'restartBudgetSpent', to: ['running.degraded'], order: 0, actions: ['recordCrash'] },
      { guard: null, to: ['running.recovering'], order: 1 },
    ]);
  });

  test('calls what xstate raises itself by what a reader knows', () => {
    const labels = machines.flatMap(({ transitions }) =>
      transitions.map(({ kind, label }) => [kind, label].join(': ')),
    );
    expect(labels).toEqual(
      expect.arrayContaining([
        'after: after backoff',
        'done: done loadModel',
        'error: error runEngine',
        'always: always',
        'event: engine.ready',
      ]),
    );
    expect(labels.join()).not.toMatch(/xstate|undefined/);
  });

  test.each(machines.map((machine) => [machine.machine, machine] as const))(
    'of %s is whole: ids are unique, and every end of a transition is a state',
    (_name, { states, transitions }) => {
      const paths = new Set(['', ...states.map(({ path }) => path)]);
      expect(new Set(transitions.map(({ id }) => id)).size).toBe(transitions.length);
      for (const { from, to } of transitions) for (const path of [from, ...to]) expect(paths).toContain(path);
      for (const { parent } of states) expect(paths).toContain(parent ?? '');
    },
  );
});
