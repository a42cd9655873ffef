// One response's prompts, decoder states and messages for the debug stream. Tokens are gathered, so that a watcher gets
// a few events a second; with nobody there, only the begin and end of a message are noted.

import type { Tokenizer } from '../harmony/tokenizer.js';
import { DECODER_EVENTS, type DecoderChartState } from '../inspect/decoder-chart.js';
import type { RecordedEvent } from '../ipc/protocol.js';
import type { DecoderStage } from './decoder-stage.js';
import type { Inspector } from './inspection.js';
import type { Watchers } from './watchers.js';

export interface DecoderInspectionOptions {
  readonly watchers: Pick<Watchers, 'record' | 'isWatched' | 'wantsContent'>;
  readonly inspector: Pick<Inspector, 'adopt'>;
  readonly now: () => number;
}

export interface ObservedRound {
  readonly prompt: Uint32Array;
  readonly decoder: DecoderStage['inside'];
  readonly tokenizer: Pick<Tokenizer, 'decode' | 'createDetokenizer'>;
}

export interface RoundObserver {
  /** The decoder has taken it. */
  tookToken(token: number): void;
  mended(repair: string): void;
  /** There are no more tokens. The second time is ignored. */
  ended(): void;
}

/** Observes the rounds of one response. */
export type ResponseObserver = (round: ObservedRound) => RoundObserver;

type Message = Extract<RecordedEvent, { kind: 'message' }>;

/** Between two `continued` of a message. */
const SPACING_MS = 100;

export const createDecoderInspection = ({ watchers, inspector, now }: DecoderInspectionOptions) => {
  let numRounds = 0;

  return (requestId: string): ResponseObserver => {
    let numMessages = 0;

    return ({ prompt, decoder, tokenizer }) => {
      const startedAt = now();
      const actor = `decoder:${requestId}#${++numRounds}`;
      const detokenizer = tokenizer.createDetokenizer();
      const counts = { received: 0, transitions: 0 };
      let state: DecoderChartState = 'header';
      let since = startedAt;
      let open: Pick<Message, 'index' | 'channel' | 'recipient'> | null = null;
      let numDone = 0;
      let numTokens = 0;
      let tokens: number[] = [];
      let lastTold = startedAt;
      let isOver = false;

      const { actor: parent, release } = inspector.adopt(requestId, () => ({
        actor,
        parent,
        machine: 'decoder',
        requestId,
        startedAt,
        states: [state],
        since,
        ...counts,
        mailbox: 0,
        context: { numMessages: numDone, numTokens: counts.received },
      }));

      const move = (to: DecoderChartState): void => {
        if (to === state) return;
        const at = now();
        const event = DECODER_EVENTS[to];
        counts.transitions += 1;
        watchers.record({
          kind: 'actor.transition',
          at,
          actor,
          event,
          from: [state],
          to: [to],
          taken: [`${state}|${event}|0`],
          refused: [],
        });
        state = to;
        since = at;
      };

      const tell = (phase: Message['phase'], message: NonNullable<typeof open>): void => {
        const at = now();
        const ids = tokens;
        watchers.record({
          kind: 'message',
          at,
          requestId,
          ...message,
          source: 'output',
          phase,
          numTokens,
          text: watchers.wantsContent() ? ids.map((id) => detokenizer.push(id)).join('') : null,
          tokens: watchers.wantsContent() ? ids : null,
        });
        numTokens = 0;
        tokens = [];
        lastTold = at;
      };

      const close = (): void => {
        if (open === null) return;
        tell('done', open);
        open = null;
      };

      const follow = (): void => {
        const isDone = decoder.messages.length > numDone || decoder.state === 'between';
        numDone = decoder.messages.length;
        if (isDone) close();
        move(decoder.state);
        if (state !== 'body' || open !== null) return;
        const { channel, recipient } = decoder.view();
        open = { index: numMessages++, channel, recipient };
        tell('started', open);
      };

      const begin = (): void => {
        const at = startedAt;
        const machine = 'decoder';
        watchers.record({ kind: 'actor.started', at, actor, parent, machine, requestId, states: [state] });
        const wantsContent = watchers.wantsContent();
        watchers.record({
          kind: 'message',
          at,
          requestId,
          index: numMessages++,
          source: 'prompt',
          phase: 'done',
          channel: null,
          recipient: null,
          numTokens: prompt.length,
          text: wantsContent ? tokenizer.decode(prompt) : null,
          tokens: wantsContent ? [...prompt] : null,
        });
      };

      begin();
      return {
        tookToken: (token) => {
          counts.received += 1;
          numTokens += 1;
          if (watchers.wantsContent()) tokens.push(token);
          if (decoder.state !== state || decoder.messages.length !== numDone) follow();
          else if (open !== null && watchers.isWatched() && now() - lastTold >= SPACING_MS)
            tell('continued', open);
        },
        mended: (repair) => watchers.record({ kind: 'repaired', at: now(), requestId, repair }),
        ended: () => {
          if (isOver) return;
          isOver = true;
          close();
          move('ended');
          release();
          watchers.record({ kind: 'actor.stopped', at: now(), actor });
        },
      };
    };
  };
};
