// What a tool runner is asked and what it answers. The session loop and the command line know tools only through this.

import type { InspectionEvent } from 'xstate';
import type { JsonObject } from '../../harmony/conversation.js';

export { isShippedTool, SHIPPED_TOOLS, type ShippedTool } from '../../config/shipped-tools.js';

/** A tool as the model is told about it. */
export interface OfferedTool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the arguments; null: it takes free text. */
  readonly parameters: JsonObject | null;
  /** Of the free text, in Lark; null: any. */
  readonly grammar: string | null;
  /** `builtin`: a recipient of its own in the system message (`python`), not `functions.NAME`. */
  readonly harmony: 'function' | 'builtin';
}

export interface ToolCall {
  readonly callId: string;
  readonly name: string;
  /** As the model wrote them: JSON, or the text itself for tools that take free text. */
  readonly arguments: string;
  /** Calls of one session share what is stateful (`python`). */
  readonly sessionId: string;
}

export type ToolStatus =
  /** It ran, and a program it ran ended with exit code 0. */
  | 'ok'
  /** It ran and says that it could not: exit code, signal, file not found. */
  | 'failed'
  | 'timed_out'
  /** A limit other than wall time ended it: output, memory, processes, CPU time, file size. */
  | 'capped'
  /** It was not run: unknown tool, no sandbox, too many calls waiting. */
  | 'refused'
  | 'invalid_arguments'
  /** The runner itself lost the call. */
  | 'crashed'
  /** The caller's signal, or the runner's closing, stopped it. */
  | 'cancelled';

export interface ToolResult {
  readonly status: ToolStatus;
  /** What the model reads: output, and plainly what happened. */
  readonly text: string;
  /** Of the program, if one ran to its end. */
  readonly exitCode: number | null;
  /** Name of the signal that ended the program. */
  readonly signal: string | null;
  /** From acceptance, waiting included. */
  readonly durationMs: number;
  /** Written by the tool, kept or not. */
  readonly outputBytes: number;
  /** Part of the output was left out of `text`. */
  readonly isTruncated: boolean;
}

export interface ToolLimits {
  readonly wallMs: number;
  /** CPU time of any one process. */
  readonly cpuMs: number;
  /** Output that is kept, from its head and its tail. */
  readonly outputBytes: number;
  /** Output after which the program is stopped. */
  readonly maxOutputBytes: number;
  /** Of all its processes together, and address space of any one. */
  readonly memoryBytes: number;
  readonly processes: number;
  readonly openFiles: number;
  /** Largest file that it may write. */
  readonly fileBytes: number;
}

export interface ToolRunOptions {
  readonly signal: AbortSignal;
  /** Narrower than the tool's own; wider ones are cut to them. */
  readonly limits?: Partial<ToolLimits>;
  /** Tells the daemon's inspector about the call's machine. */
  readonly inspect?: (event: InspectionEvent) => void;
}

export interface ToolRunner {
  /** Never rejects: whatever goes wrong is a result. */
  run(call: ToolCall, options: ToolRunOptions): Promise<ToolResult>;
  /** The tools that are allowed, in the order of the options. */
  tools(): readonly OfferedTool[];
  /** Ends what the session left running. */
  endSession(sessionId: string): Promise<void>;
  /** Stops all calls; resolves when no process of theirs is left. */
  close(): Promise<void>;
}

/** A user's own tool: gets its arguments as JSON on standard input. */
export interface ToolCommand {
  readonly argv: readonly [string, ...string[]];
  readonly description: string;
  /** JSON Schema of the arguments. */
  readonly parameters: JsonObject;
}

/** How one tool may be run. */
export interface ToolSettings {
  readonly limits: ToolLimits;
  /** Folders besides the work folder that it may read. */
  readonly readFolders: readonly string[];
  readonly network: boolean;
  /** `none` runs programs with all that the user may do. */
  readonly sandbox: 'required' | 'none';
  /** null for the tools that ship. */
  readonly command: ToolCommand | null;
}

export interface ToolRunnerOptions {
  /** Absolute. The one folder that tools may write to; it exists. */
  readonly workFolder: string;
  /** The allowed tools by name; what is not here is refused. */
  readonly tools: Readonly<Record<string, ToolSettings>>;
  /** Calls that run at the same time. */
  readonly maxConcurrent: number;
  /** Calls that wait; more are refused. */
  readonly maxWaiting: number;
}

export const DEFAULT_TOOL_LIMITS: ToolLimits = {
  wallMs: 60_000,
  cpuMs: 60_000,
  outputBytes: 32_768,
  maxOutputBytes: 64 * 2 ** 20,
  memoryBytes: 4 * 2 ** 30,
  processes: 128,
  openFiles: 1_024,
  fileBytes: 2 ** 30,
};

export const DEFAULT_TOOL_SETTINGS: ToolSettings = {
  limits: DEFAULT_TOOL_LIMITS,
  readFolders: [],
  network: false,
  sandbox: 'required',
  command: null,
};

export const DEFAULT_RUNNER_BOUNDS = { maxConcurrent: 8, maxWaiting: 128 } as const;
