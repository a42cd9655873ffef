// Runs the calls of allowed tools: one machine a call, the work in a pool of threads. Whatever goes wrong is a result
// that the model can read.

import { randomUUID } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { createActor } from 'xstate';
import { messageOf } from '../../errors.js';
import { createToolCallMachine, type ToolCallOutcome } from '../../machines/tool-call.js';
import { toolCallActorId } from '../actor-names.js';
import { createPoolWork } from './pool-work.js';
import { createSandboxFinder } from './program/confinement.js';
import { createToolPool } from './tool-pool.js';
import { createPythonSessions } from './python/python-work.js';
import { toResult } from './result-text.js';
import { definitionOf, offered, type ToolDefinition } from './shipped-tools.js';
import {
  DEFAULT_TOOL_LIMITS,
  isShippedTool,
  type ToolCall,
  type ToolLimits,
  type ToolResult,
  type ToolRunner,
  type ToolRunnerOptions,
  type ToolRunOptions,
  type ToolSettings,
} from './tool.js';

const VALIDATION_MS = 2_000;
const KILL_GRACE_MS = 2_000;
/** What is done in a worker's own thread is not asked to end first: it cannot listen. */
const NO_GRACE_MS = 0;
const ABANDON_MS = 5_000;
/** A Python process that nobody has used for so long ends. */
const PYTHON_IDLE_MS = 30 * 60_000;

interface AllowedTool {
  readonly definition: ToolDefinition;
  readonly settings: ToolSettings;
}

export const createToolRunner = (options: ToolRunnerOptions): ToolRunner => {
  const workFolder = realpathSync(options.workFolder);
  const tools = new Map(
    Object.entries(options.tools).map(([name, settings]) => [name, allow(name, settings)]),
  );
  const sandbox = createSandboxFinder({
    platform: process.platform,
    searchPath: process.env['PATH'] ?? '',
  });
  const pool = createToolPool(options.maxConcurrent);
  const pythons = createPythonSessions();
  const running = new Map<Promise<ToolResult>, AbortController>();
  let isClosed = false;

  const call = async (
    { callId, name, arguments: text, sessionId }: ToolCall,
    { definition, settings }: AllowedTool,
    limits: ToolLimits,
    { signal, inspect }: ToolRunOptions,
  ): Promise<ToolCallOutcome> => {
    let confinement = null;
    if (definition.runsProgram) {
      const found =
        settings.sandbox === 'none'
          ? ({ type: 'ready', confinement: sandbox.without() } as const)
          : await sandbox.find();
      if (found.type === 'missing')
        return { type: 'refused', reason: `${name} needs a sandbox. ${found.hint}` };
      confinement = found.confinement;
    }
    if (signal.aborted) return { type: 'cancelled', report: null };
    const { readFolders, network } = settings;
    const work =
      name === 'python'
        ? pythons.work({
            sessionId,
            text,
            limits,
            options: {
              confinement: confinement!,
              workFolder,
              readFolders,
              network,
              limits: settings.limits,
              idleMs: PYTHON_IDLE_MS,
            },
          })
        : createPoolWork(pool, {
            name,
            arguments: text,
            parameters: definition.parameters,
            textArgument: definition.freeform?.argument ?? null,
            limits,
            workFolder,
            readFolders,
            network,
            confinement,
            argv: settings.command?.argv ?? null,
            mark: randomUUID(),
          });
    const actor = createActor(createToolCallMachine({ work }), {
      id: toolCallActorId(sessionId, callId),
      ...(inspect === undefined ? {} : { inspect }),
      input: {
        wallMs: limits.wallMs,
        validationMs: VALIDATION_MS,
        killGraceMs: definition.runsProgram ? KILL_GRACE_MS : NO_GRACE_MS,
        abandonMs: definition.runsProgram ? ABANDON_MS : NO_GRACE_MS,
      },
    });
    return new Promise((resolve) => {
      const cancel = (): void => actor.send({ type: 'cancel' });
      signal.addEventListener('abort', cancel);
      actor.subscribe({
        complete: () => {
          signal.removeEventListener('abort', cancel);
          resolve(actor.getSnapshot().output!);
        },
      });
      actor.start();
    });
  };

  const admit = async (request: ToolCall, runOptions: ToolRunOptions): Promise<ToolResult> => {
    const startedMs = performance.now();
    const tool = tools.get(request.name);
    const effective = narrowed(tool?.settings.limits, runOptions.limits);
    const end = (outcome: ToolCallOutcome): ToolResult =>
      toResult(outcome, effective, performance.now() - startedMs);
    const refuse = (reason: string): ToolResult => end({ type: 'refused', reason });
    if (isClosed) return refuse('The daemon is stopping.');
    if (tool === undefined) return refuse(unknownTool(request.name, [...tools.keys()]));
    if (running.size >= options.maxConcurrent + options.maxWaiting)
      return refuse(
        `${running.size} tool calls are running and waiting already, as many as are allowed. Try again later.`,
      );
    const controller = new AbortController();
    const signal = AbortSignal.any([runOptions.signal, controller.signal]);
    const result = call(request, tool, effective, { ...runOptions, signal }).then(end, (error: unknown) =>
      end({ type: 'crashed', reason: messageOf(error) }),
    );
    running.set(result, controller);
    try {
      return await result;
    } finally {
      running.delete(result);
    }
  };

  return {
    run: admit,
    tools: () => [...tools].map(([name, { definition }]) => offered(name, definition)),
    endSession: (sessionId) => pythons.endSession(sessionId),
    close: async () => {
      isClosed = true;
      for (const controller of running.values()) controller.abort();
      await Promise.all(running.keys());
      await Promise.all([pool.close(), pythons.close()]);
      sandbox.close();
    },
  };
};

const allow = (name: string, settings: ToolSettings): AllowedTool => {
  const readFolders = settings.readFolders.map((path) => realpathSync(path));
  const definition = definitionOf(name, settings.command);
  const program = isShippedTool(name) ? null : (settings.command?.argv[0] ?? null);
  // The program itself may lie where the sandbox would not show it.
  const reads = program !== null && isAbsolute(program) ? [...readFolders, program] : readFolders;
  return { definition, settings: { ...settings, readFolders: reads } };
};

/** The tool's own limits, or less. */
const narrowed = (own: ToolLimits | undefined, wanted: Partial<ToolLimits> = {}): ToolLimits => {
  const limits = own ?? DEFAULT_TOOL_LIMITS;
  return Object.fromEntries(
    Object.entries(limits).map(([key, most]) => [
      key,
      Math.min(most, wanted[key as keyof ToolLimits] ?? most),
    ]),
  ) as unknown as ToolLimits;
};

const unknownTool = (name: string, allowed: readonly string[]): string =>
  `There is no tool named ${JSON.stringify(name)}. ${allowed.length === 0 ? 'No tool is allowed.' : `Allowed: ${allowed.join(', ')}.`}`;
