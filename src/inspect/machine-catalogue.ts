// Every machine of the daemon, to be looked at: built from its own factory, with work that does nothing.

import { fromCallback, fromPromise } from 'xstate';
import type { MachineDefinition } from '../ipc/messages/machines.js';
import { createEngineMachine } from '../machines/engine.js';
import { createFrontEndMachine } from '../machines/front-end.js';
import { heartbeatMachine } from '../machines/heartbeat.js';
import { createHttpFrontEndMachine } from '../machines/http-front-end.js';
import { createSessionMachine } from '../machines/session.js';
import { createSupervisorMachine } from '../machines/supervisor.js';
import { createToolCallMachine } from '../machines/tool-call.js';
import { decoderChart } from './decoder-chart.js';
import { machineGraph } from './machine-graph.js';

export const machineCatalogue = (): readonly MachineDefinition[] =>
  [
    createSupervisorMachine({ runSessions: idle(), runFrontEnds: idle(), runEngine: idle() }),
    createEngineMachine({ runWorker: idle(), loadModel: endless(), unloadModel: endless() }),
    heartbeatMachine,
    createFrontEndMachine({ listen: endless(), accept: idle(), release: endless() }),
    createHttpFrontEndMachine({ listen: endless(), accept: idle(), release: endless() }),
    createSessionMachine({ prepare: endless(), generate: idle(), answerCalls: idle() }),
    createToolCallMachine({ work: idle() }),
    decoderChart,
  ].map((machine) => machineGraph(machine));

// No actor of them is ever started: whatever they were to receive, they do not.
const idle = () => fromCallback(() => {}) as never;
const endless = () => fromPromise(() => new Promise(() => {})) as never;
