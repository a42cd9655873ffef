// The screen that one leaves open: shows what the player knows, and answers to keys. The same for a live daemon, where
// the place follows the newest event, and for a recording.

import { createPlayer, type Player } from '../../inspect/player.js';
import type { MachineDefinition, WatchEvent } from '../../ipc/protocol.js';
import type { CliContext } from '../context.js';
import { paintFor } from '../terminal-text.js';
import { drawScreen } from './draw-screen.js';
import { fitLine, type Line, plain, styled } from './line.js';
import { Terminal } from './terminal.js';

/** What can be done to a daemon; null for a recording. */
export interface ViewCommands {
  cancel(requestId: string): void;
  injectFault(fault: string): void;
}

export interface ViewOptions {
  readonly context: Pick<CliContext, 'stdin' | 'stdout' | 'env' | 'onExit'>;
  readonly machines: readonly MachineDefinition[];
  readonly commands: ViewCommands | null;
  /** q or Ctrl-C. */
  readonly onQuit: () => void;
  readonly now: () => number;
}

type Question = { readonly about: 'filter' | 'fault'; readonly text: string };

const FRAME_MS = 200;
/** While something happens; keys are answered at once. */
const MIN_FRAME_MS = 80;
/** How long what became of a key is told. */
const NOTE_MS = 5_000;
const MAX_EVENTS = 20_000;
/** A pause in a recording is not waited out longer. */
const MAX_GAP_MS = 1_500;
const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16];

export class View implements Disposable {
  readonly #options: ViewOptions;
  readonly #terminal: Terminal;
  readonly #machines: ReadonlyMap<string, MachineDefinition>;
  readonly #player: Player = createPlayer({ maxEvents: MAX_EVENTS });
  readonly #timer: NodeJS.Timeout;
  #drawing: NodeJS.Timeout | null = null;
  #playing: NodeJS.Timeout | null = null;
  #isPaused = false;
  #speed = 1;
  #filter = '';
  #selected: string | null = null;
  #question: Question | null = null;
  #note: { readonly line: Line; readonly until: number } | null = null;

  constructor(options: ViewOptions) {
    this.#options = options;
    this.#machines = new Map(options.machines.map((machine) => [machine.machine, machine]));
    this.#terminal = new Terminal({
      context: options.context,
      onKey: (key) => this.#press(key),
      onResize: () => this.#draw(),
    });
    this.#timer = setInterval(() => this.#draw(), FRAME_MS);
    this.#draw();
  }

  push(event: WatchEvent): void {
    this.#player.push(event);
    if (!this.#isPaused) this.#drawSoon();
  }

  /** A recording from its beginning. */
  play(events: readonly WatchEvent[]): void {
    for (const event of events) this.#player.push(event);
    this.#player.seek(0);
    this.#step(1);
    this.#goOn();
  }

  /** Until the next key at most. */
  say(note: string, forMs = NOTE_MS): void {
    this.#note = { line: [styled('yellow', note)], until: this.#options.now() + forMs };
    this.#draw();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    for (const timer of [this.#drawing, this.#playing]) if (timer !== null) clearTimeout(timer);
    this.#terminal[Symbol.dispose]();
  }

  get #isRecording(): boolean {
    return this.#options.commands === null;
  }

  #press(key: string): void {
    if (key === 'interrupt') this.#options.onQuit();
    else if (this.#question === null) this.#command(key);
    else this.#answer(this.#question, key);
    this.#draw();
  }

  #command(key: string): void {
    this.#note = null;
    switch (key) {
      case 'q':
        return this.#options.onQuit();
      case ' ':
        return this.#pause(!this.#isPaused);
      case 'left':
      case 'right':
        this.#pause(true);
        return this.#step(key === 'left' ? -1 : 1);
      case 'up':
      case 'down':
        return this.#select(key === 'up' ? -1 : 1);
      case '+':
      case '-':
        return this.#changeSpeed(key === '+' ? 1 : -1);
      case '/':
        this.#question = { about: 'filter', text: this.#filter };
        return;
      case 'escape':
        this.#filter = '';
        this.#selected = null;
        return;
      case 'c':
        return this.#cancel();
      case 'f':
        return this.#askForFault();
    }
  }

  #answer(question: Question, key: string): void {
    const { about, text } = question;
    if (key === 'enter' || key === 'escape') {
      this.#question = null;
      if (about === 'filter' && key === 'escape') this.#filter = '';
      if (about === 'fault' && key === 'enter' && text !== '') this.#options.commands?.injectFault(text);
      return;
    }
    const next =
      key === 'backspace' ? [...text].slice(0, -1).join('') : [...key].length === 1 ? text + key : text;
    this.#question = { about, text: next };
    if (about === 'filter') this.#filter = next;
  }

  #pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#player.follow(!isPaused);
    if (isPaused && this.#playing !== null) {
      clearTimeout(this.#playing);
      this.#playing = null;
    }
    if (isPaused) return;
    if (this.#isRecording) {
      if (this.#player.next() === null) this.#player.seek(0); // once more
      this.#goOn();
    } else this.#player.seek(this.#player.length());
  }

  #step(by: number): void {
    this.#player.seek(this.#player.position() + by);
  }

  #goOn(): void {
    const [current, next] = [this.#player.current(), this.#player.next()];
    if (next === null) {
      this.#isPaused = true;
      this.say('The recording is over: space plays it again, ← goes back.');
      return;
    }
    const gapMs = Math.min(MAX_GAP_MS, Math.max(0, next.at - (current?.at ?? next.at)));
    this.#playing = setTimeout(() => {
      this.#step(1);
      this.#drawSoon();
      this.#goOn();
    }, gapMs / this.#speed);
  }

  #changeSpeed(by: number): void {
    if (!this.#isRecording) return;
    const at = Math.min(SPEEDS.length - 1, Math.max(0, SPEEDS.indexOf(this.#speed) + by));
    this.#speed = SPEEDS[at] ?? 1;
  }

  #sessions(): readonly string[] {
    return [...this.#player.model().actors.values()]
      .filter(({ machine, stoppedAt }) => machine === 'session' && stoppedAt === null)
      .sort((a, b) => a.startedAt - b.startedAt)
      .map(({ actor }) => actor);
  }

  #select(by: number): void {
    const sessions = this.#sessions();
    const at = sessions.indexOf(this.#selected ?? '');
    const next = at === -1 ? (by > 0 ? 0 : sessions.length - 1) : at + by;
    this.#selected = sessions[Math.min(sessions.length - 1, Math.max(0, next))] ?? null;
    if (sessions.length === 0) this.say('No session runs now.');
  }

  #cancel(): void {
    const { commands } = this.#options;
    if (commands === null) return this.say('A recording cannot be changed.');
    const session = this.#player.model().actors.get(this.#selected ?? '');
    if (session === undefined || session.requestId === null || session.stoppedAt !== null) {
      this.#selected = null;
      this.#select(1);
      if (this.#selected !== null) this.say('↑ ↓ choose a session, c cancels it.');
      return;
    }
    commands.cancel(session.requestId);
    this.say(`Session ${session.requestId} is told to stop.`);
  }

  #askForFault(): void {
    const { faults } = this.#player.model();
    if (this.#isRecording || faults.length === 0)
      return this.say('Faults need a daemon that was started with --fault.');
    this.#question = { about: 'fault', text: '' };
  }

  #drawSoon(): void {
    this.#drawing ??= setTimeout(() => {
      this.#drawing = null;
      this.#draw();
    }, MIN_FRAME_MS);
  }

  #draw(): void {
    const { context, now } = this.#options;
    const { size } = this.#terminal;
    const paint = paintFor(context.stdout, context.env);
    const model = this.#player.model();
    const isLive = !this.#isRecording && !this.#isPaused;
    const lines = drawScreen(
      {
        model,
        machines: this.#machines,
        now: isLive ? now() : model.at,
        filter: this.#filter,
        selected: this.#selected,
        mode: this.#mode(),
        footer: this.#footer(),
      },
      size,
    );
    this.#terminal.show(lines.map((line) => fitLine(line, size.columns, paint)));
  }

  #mode() {
    const place = `${this.#player.position()}/${this.#player.length()}`;
    if (this.#isRecording)
      return this.#isPaused
        ? styled('yellow', `PAUSED ${place}`)
        : styled('green', `REPLAY ${this.#speed}× ${place}`);
    return this.#isPaused ? styled('yellow', `PAUSED ${place}`) : styled('green', 'LIVE');
  }

  #footer(): Line {
    const question = this.#question;
    if (question?.about === 'filter')
      return [
        styled('yellow', `/${question.text}`),
        styled('dim', '▏ enter keeps the filter, escape drops it'),
      ];
    if (question?.about === 'fault') {
      const faults = this.#player.model().faults.join(' ');
      return [
        styled('yellow', `fault: ${question.text}`),
        styled('dim', `▏ KIND[@TOKEN] with one of ${faults}`),
      ];
    }
    if (this.#note !== null && this.#note.until > this.#options.now()) return this.#note.line;
    const keys = this.#isRecording
      ? 'space pause  ← → step  + - speed  / filter  q quit'
      : `/ filter  space pause  ← → step  ↑ ↓ choose  c cancel${this.#player.model().faults.length > 0 ? '  f fault' : ''}  q quit`;
    return [plain(' '), styled('dim', keys)];
  }
}
