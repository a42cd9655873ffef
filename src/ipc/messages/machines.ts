// The daemon's statecharts as data, so that what draws them needs no copy of its own: states in a flat list with their
// parents, and transitions with guards. A chart of `watch.event`s names its transitions by the ids here.

import * as z from 'zod';
import { count, defineMessage, list, RequestId } from './define.js';

export const ListMachines = defineMessage('machines.list', { requestId: RequestId });

const MachineState = z.object({
  /** Dotted, from the root: `active.generating.queued`. Unique in the machine. */
  path: z.string(),
  /** Its last part. */
  name: z.string(),
  /** Path of the state around it; null: it is at the top. */
  parent: z.string().nullable(),
  kind: z.enum(['atomic', 'compound', 'parallel', 'final']),
  /** Is entered first when the state around it is. */
  initial: z.boolean(),
  tags: list(z.string()),
  /** Names of the work that runs while the state is active. */
  invokes: list(z.string()),
  entry: list(z.string()),
  exit: list(z.string()),
});
export type MachineState = z.infer<typeof MachineState>;

const MachineTransition = z.object({
  /** Unique in the machine, and the same in every run of this version. */
  id: z.string(),
  /** Path of the state it leaves; '' is the machine itself. */
  from: z.string(),
  /** Paths of the states it enters; empty: the state stays, and only the actions happen. */
  to: list(z.string()),
  /** For a person: an event's type, `after LIMIT`, `done WORK`, `error WORK`, or `always`. */
  label: z.string(),
  kind: z.enum(['event', 'after', 'always', 'done', 'error']),
  /** The event's type as `watch.event`s have it; '' for `always`. */
  event: z.string(),
  guard: z.string().nullable(),
  actions: list(z.string()),
  /** Position among those of the same state and event: the first whose guard holds is taken. */
  order: count,
});
export type MachineTransition = z.infer<typeof MachineTransition>;

export const MachineDefinition = z.object({
  machine: z.string(),
  states: list(MachineState),
  transitions: list(MachineTransition),
});
export type MachineDefinition = z.infer<typeof MachineDefinition>;

export const MachineList = list(MachineDefinition);
