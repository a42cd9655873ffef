// Figures as a person reads them.

export const duration = (ms: number): string => {
  if (ms < 0) return '0 ms';
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min ${Math.floor((ms % 60_000) / 1_000)} s`;
  return `${Math.floor(ms / 3_600_000)} h ${Math.floor((ms % 3_600_000) / 60_000)} min`;
};

/** To the right of its place in a monospaced font. Always as wide: text that is aligned moves when it grows. */
export const padded = (text: string, numChars: number): string => text.padStart(numChars, ' ');

/** Of the day, with milliseconds. */
export const clockTime = (at: number): string => {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  const ms = String(date.getMilliseconds()).padStart(3, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`;
};

export const bytes = (value: number): string =>
  value < 2 ** 20 ? `${Math.round(value / 2 ** 10)} KiB` : `${(value / 2 ** 20).toFixed(0)} MiB`;

export const figure = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toFixed(value === 0 ? 0 : 1);

/** `session:http/resp_12ab34cd…#x:12` → `session:http/resp_12ab…`: what tells actors apart, in little space. */
export const shortName = (actor: string): string => {
  const name = actor.replace(/#x:\d+$/, '');
  return name.length <= 30 ? name : `${name.slice(0, 22)}…${name.slice(-7)}`;
};

/** Of an actor beneath its request's session, which names the request. */
export const treeName = (actor: {
  readonly actor: string;
  readonly machine: string;
  readonly requestId: string | null;
}): string => {
  const { machine, requestId } = actor;
  if (requestId === null) return shortName(actor.actor);
  return machine === 'session' ? shortRequest(requestId) : machine;
};

/** `http/resp_0123456789abcdef` → `resp_0…bcdef` */
export const shortRequest = (requestId: string): string => {
  const name = requestId.slice(requestId.lastIndexOf('/') + 1);
  return name.length <= 16 ? name : `${name.slice(0, 9)}…${name.slice(-5)}`;
};

/** xstate's own events have ids of states and works in them. */
export const eventName = (event: string): string => {
  const [, kind, what = ''] = /^xstate\.(after|done|error)\.(?:actor\.|state\.)?([^.]+)/.exec(event) ?? [];
  if (kind === undefined) return event;
  return kind === 'after' ? `after ${what}` : kind === 'done' ? 'work done' : 'work failed';
};

/** `active.generating.queued` → `queued`; of parallel states, all. */
export const leaves = (states: readonly string[]): string =>
  states.map((state) => state.slice(state.lastIndexOf('.') + 1)).join(', ');
