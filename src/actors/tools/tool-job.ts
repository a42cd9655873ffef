// What travels between the runner and its workers for one call.

import type { MessagePort } from 'node:worker_threads';
import type { JsonObject } from '../../harmony/conversation.js';
import type { ToolCallEvent } from '../../machines/tool-call.js';
import type { Confinement } from './program/confinement.js';
import type { ToolLimits } from './tool.js';

export interface ToolJob {
  readonly name: string;
  readonly arguments: string;
  readonly parameters: JsonObject;
  /** The tool takes plain text too: it is this argument. */
  readonly textArgument: string | null;
  readonly limits: ToolLimits;
  readonly workFolder: string;
  readonly readFolders: readonly string[];
  readonly network: boolean;
  /** null: the tool runs no program. */
  readonly confinement: Confinement | null;
  /** A user's own command; null for the tools that ship. */
  readonly argv: readonly [string, ...string[]] | null;
  readonly mark: string;
  /** Commands of the machine come in, `WorkerReport`s go out. */
  readonly port: MessagePort;
}

export type WorkerReport =
  | ToolCallEvent
  /** Told so that it can be killed if the worker is lost. */
  | { readonly type: 'program.started'; readonly pid: number };
