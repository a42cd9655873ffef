// Every error code of codexpc, once. Front ends, the command line and the native addon share this list.

/** Who has to act: the client, the client later, the connection, the supervisor, the operator, us. */
export const ERROR_KINDS = {
  invalid_request: 'caller',
  unsupported_option: 'caller',
  context_overflow: 'caller',
  model_not_found: 'caller',
  request_quarantined: 'caller',
  access_denied: 'caller',
  queue_full: 'capacity',
  insufficient_memory: 'capacity',
  insufficient_resources: 'capacity',
  shutting_down: 'capacity',
  malformed_frame: 'protocol',
  unknown_message: 'protocol',
  version_mismatch: 'protocol',
  engine_start_failed: 'engine',
  engine_exited: 'engine',
  engine_unresponsive: 'engine',
  unsupported_system: 'system',
  io_error: 'system',
  model_corrupt: 'system',
  address_in_use: 'system',
  invariant_violated: 'bug',
} as const;

export type ErrorCode = keyof typeof ERROR_KINDS;
export type ErrorKind = (typeof ERROR_KINDS)[ErrorCode];

export interface ErrorOptions {
  readonly code: ErrorCode;
  /** One sentence: what was attempted, with what values, and what to do. */
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

export class CodexpcError extends Error {
  override readonly name = 'CodexpcError';
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor({ code, message, details = {}, cause }: ErrorOptions) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
  }

  get kind(): ErrorKind {
    return ERROR_KINDS[this.code];
  }
}

export const isErrorCode = (value: unknown): value is ErrorCode =>
  typeof value === 'string' && Object.hasOwn(ERROR_KINDS, value);

/** What anything thrown says, whichever realm or library it comes from. */
export const messageOf = (thrown: unknown): string => {
  const message =
    typeof thrown === 'object' && thrown !== null && 'message' in thrown ? thrown.message : thrown;
  return typeof message === 'string' ? message : String(message);
};

export const invariantViolated = (what: string, cause: unknown): CodexpcError =>
  new CodexpcError({
    code: 'invariant_violated',
    message: `codexpc met ${what}: ${messageOf(cause)}. This is a bug; please report it with the log.`,
    cause,
  });

export const malformedFrame = (
  problem: string,
  details: Readonly<Record<string, unknown>> = {},
): CodexpcError =>
  new CodexpcError({ code: 'malformed_frame', message: `The connection was closed: ${problem}.`, details });

export const unknownMessage = (type: string): CodexpcError =>
  new CodexpcError({
    code: 'unknown_message',
    message: `The connection was closed: no message has the type ${JSON.stringify(type.slice(0, 100))}. See src/ipc/PROTOCOL.md for the list.`,
    details: { type: type.slice(0, 100) },
  });

export const versionMismatch = (theirs: number, ours: number): CodexpcError =>
  new CodexpcError({
    code: 'version_mismatch',
    message: `The client speaks protocol version ${theirs} and the daemon version ${ours}. Install the same codexpc for both, and restart the daemon with 'codexpc stop' if it is the older one.`,
    details: { clientVersion: theirs, daemonVersion: ours },
  });

export const addressInUse = (path: string, pid: number | null): CodexpcError =>
  new CodexpcError({
    code: 'address_in_use',
    message: `Another codexpc daemon${pid === null ? '' : ` (pid ${pid})`} already serves ${path}. Use that one, or stop it first with 'codexpc stop'.`,
    details: { path, pid },
  });

/** `section` is that of the settings `host` and `port`. */
interface PortProblem {
  readonly section: 'http' | 'inspect';
  readonly host: string;
  readonly port: number;
  readonly cause: unknown;
}

export const portInUse = ({ section, host, port, cause }: PortProblem): CodexpcError =>
  new CodexpcError({
    code: 'address_in_use',
    message: `Another program listens on ${host}:${port}, so there is no ${SERVED_BY[section]}. Stop that program, or set ${section}.port to another one; the daemon tries again by itself.`,
    details: { host, port },
    cause,
  });

export const portUnusable = ({ section, host, port, cause }: PortProblem): CodexpcError =>
  new CodexpcError({
    code: 'io_error',
    message: `The daemon cannot listen on ${host}:${port} (${messageOf(cause)}), so there is no ${SERVED_BY[section]}. Correct ${section === 'http' ? 'http.host and http.port' : 'inspect.port'}; the daemon tries again by itself.`,
    details: { host, port },
    cause,
  });

const SERVED_BY = { http: 'HTTP', inspect: 'inspector page' } as const;

export const socketUnusable = (path: string, problem: string, cause?: unknown): CodexpcError =>
  new CodexpcError({
    code: 'io_error',
    message: `The daemon's socket ${path} cannot be used: ${problem}.`,
    details: { path },
    cause,
  });

export const daemonUnreachable = (path: string, cause: unknown): CodexpcError =>
  new CodexpcError({
    code: 'io_error',
    message: `cannot reach the daemon at ${path} (${messageOf(cause)}). Start it with 'codexpc daemon', or install the service with 'codexpc install'.`,
    details: { path },
    cause,
  });

export const connectionLost = (during: string): CodexpcError =>
  new CodexpcError({
    code: 'io_error',
    message: `The connection to the daemon ended during ${during}: it was stopped or has crashed. Send the request again; 'codexpc logs' tells why.`,
  });

export const unexpectedMessage = (problem: string): CodexpcError =>
  new CodexpcError({
    code: 'malformed_frame',
    message: `The daemon sent something unexpected: ${problem}. Install the same codexpc for both sides.`,
  });
