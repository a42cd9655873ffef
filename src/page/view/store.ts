// What the page shows: the live stream or a recording, at its end or at an earlier event, and what of it is selected.
// Data arrives much faster than eyes read: whoever shows it is told ten times a second at most.

import type { MachineDefinition, WatchEvent } from '../../ipc/protocol.js';
import type { Recording, RecordingHeader } from '../../ipc/recording.js';
import { createHistory, type History } from '../model/history.js';
import { describeEvent, isStep, searchFor } from '../model/search.js';
import type { World } from '../model/world.js';

export type ConnectionState = 'connecting' | 'open' | 'lost' | 'refused' | 'noToken';

export interface Shown {
  readonly world: World;
  readonly history: History;
  readonly machines: readonly MachineDefinition[];
  readonly header: RecordingHeader | null;
  readonly connection: ConnectionState;
  /** Name of the recording's file; null: the live stream. */
  readonly recording: string | null;
  /** Number of the event that is shown; null: always the newest. */
  readonly cursor: number | null;
  readonly selected: string | null;
  readonly query: string;
  /** What to tell the user; null: nothing. */
  readonly notice: string | null;
}

const MAX_EVENTS = 20_000;
const UPDATE_MS = 100;

interface Source {
  header: RecordingHeader | null;
  history: History;
}

export class Store {
  readonly #live: Source = { header: null, history: createHistory(MAX_EVENTS) };
  #recording: (Source & { readonly name: string }) | null = null;
  #connection: ConnectionState = 'connecting';
  #cursor: number | null = null;
  #selected: string | null = null;
  #query = '';
  #notice: string | null = null;
  #listener: () => void = () => {};
  #timer: ReturnType<typeof setTimeout> | null = null;
  #lastUpdate = 0;

  onChange(listener: () => void): void {
    this.#listener = listener;
  }

  shown(): Shown {
    const source = this.#recording ?? this.#live;
    const { history, header } = source;
    // What is no longer kept cannot be shown: the oldest that is takes its place.
    if (this.#cursor !== null) this.#cursor = Math.max(this.#cursor, history.first());
    const world = this.#cursor === null ? history.latest() : history.worldAfter(this.#cursor);
    const root = [...world.actors.values()].find(({ parent }) => parent === null);
    const selected = this.#selected ?? root?.actor ?? null;
    return {
      world,
      history,
      header,
      machines: header?.machines ?? [],
      connection: this.#connection,
      recording: this.#recording?.name ?? null,
      cursor: this.#cursor,
      selected,
      query: this.#query,
      notice: this.#notice,
    };
  }

  // The stream

  connected(header: RecordingHeader): void {
    this.#live.header = header;
    this.#connection = 'open';
    this.#changed();
  }

  received(event: WatchEvent): void {
    // A stream begins with what is known now; what was seen before the connection was lost stays.
    this.#live.history.push(event);
    this.#changed();
  }

  setConnection(state: ConnectionState): void {
    this.#connection = state;
    this.#changed();
  }

  // What is shown

  select(actor: string): void {
    this.#selected = actor;
    this.#update();
  }

  search(query: string): void {
    this.#query = query;
    this.#update();
  }

  goTo(number: number): void {
    const { history } = this.#recording ?? this.#live;
    this.#cursor = Math.min(Math.max(number, history.first()), history.end() - 1);
    this.#update();
  }

  followNewest(): void {
    this.#cursor = null;
    this.#update();
  }

  togglePause(): void {
    if (this.#cursor === null) this.goTo(this.shown().history.end() - 1);
    else this.followNewest();
  }

  /** To the nearest event that is a step and that the search finds; its actor is selected. */
  step(direction: 'back' | 'forward'): void {
    const { history } = this.#recording ?? this.#live;
    const search = searchFor(this.#query);
    const number = history.find({
      from: this.#cursor ?? history.end(),
      direction,
      matches: (event) => isStep(event) && search(describeEvent(event)),
    });
    if (number === null) return;
    const event = history.at(number)!;
    if ('actor' in event) this.#selected = event.actor;
    this.goTo(number);
  }

  open(name: string, { header, events, isCutOff }: Recording): void {
    const history = createHistory(Infinity);
    for (const event of events) history.push(event);
    this.#recording = { name, header, history };
    this.#cursor = null;
    this.#selected = null;
    this.#notice = isCutOff ? `${name} is cut off; what comes before is shown.` : null;
    this.#update();
  }

  closeRecording(): void {
    this.#recording = null;
    this.#cursor = null;
    this.#selected = null;
    this.#notice = null;
    this.#update();
  }

  tell(notice: string | null): void {
    this.#notice = notice;
    this.#update();
  }

  #changed(): void {
    if (this.#timer !== null) return;
    const waitMs = Math.max(0, this.#lastUpdate + UPDATE_MS - performance.now());
    this.#timer = setTimeout(() => this.#update(), waitMs);
  }

  /** At once: what the user does is not to be waited for. */
  #update(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#lastUpdate = performance.now();
    this.#listener();
  }
}
