import elkModule from 'elkjs/lib/elk.bundled.js';
import type { ELK as Elk } from 'elkjs/lib/elk-api.js';
import type { MachineDefinition } from '../ipc/messages/machines.js';
import { type DiagramLayout, placeGraph } from './place-graph.js';

/** In this thread: tens of milliseconds, the first one more. */
export const layoutGraph = (graph: MachineDefinition): Promise<DiagramLayout> =>
  placeGraph(createElk(), graph);

/** In elkjs' ES module face the class is the default export, in Node's reading of CommonJS its `default`. */
const createElk = (): Elk => {
  const module = elkModule as unknown as { new (): Elk; readonly default?: new () => Elk };
  return new (module.default ?? module)();
};
