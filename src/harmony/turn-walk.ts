// Follows a turn by its plan, token by token, and says what may come next. Begins where the prompt ends: behind the role
// of the first message.

import type { PlannedMessage, TurnPlan } from './turn-plan.js';

export type Expected =
  | { readonly type: 'tokens'; readonly tokens: readonly number[] }
  /** Any text token, or `end`. */
  | { readonly type: 'text'; readonly end: number }
  /** What the grammar allows, and `end` where it is complete. */
  | { readonly type: 'grammar'; readonly grammar: number; readonly end: number };

export interface TurnWalk {
  readonly expected: Expected;
  /** Takes a token that was expected. */
  accept(token: number): void;
}

interface Node {
  readonly next: Map<number, Node>;
  message?: PlannedMessage;
}

type Step =
  | { readonly in: 'header'; readonly node: Node }
  | { readonly in: 'body'; readonly message: PlannedMessage }
  | { readonly in: 'opening'; readonly at: number };

export const createTurnWalk = ({ opening, messages }: TurnPlan): TurnWalk => {
  const root = headersAsTree(messages);
  let step: Step = { in: 'header', node: root };

  const openingAt = (at: number): Step =>
    at === opening.length ? { in: 'header', node: root } : { in: 'opening', at };

  return {
    get expected(): Expected {
      switch (step.in) {
        case 'header':
          return { type: 'tokens', tokens: [...step.node.next.keys()] };
        case 'opening':
          return { type: 'tokens', tokens: [opening[step.at]!] };
        case 'body': {
          const { grammar, end } = step.message;
          return grammar === null ? { type: 'text', end } : { type: 'grammar', grammar, end };
        }
      }
    },
    accept(token) {
      switch (step.in) {
        case 'header': {
          const node = step.node.next.get(token)!;
          step = node.message === undefined ? { in: 'header', node } : { in: 'body', message: node.message };
          break;
        }
        case 'opening':
          step = openingAt(step.at + 1);
          break;
        case 'body':
          if (token === step.message.end) step = openingAt(0);
          break;
      }
    },
  };
};

const headersAsTree = (messages: readonly PlannedMessage[]): Node => {
  const root: Node = { next: new Map() };
  for (const message of messages) {
    let node = root;
    for (const token of message.header) {
      const next: Node = node.next.get(token) ?? { next: new Map() };
      node.next.set(token, next);
      node = next;
    }
    node.message = message;
  }
  return root;
};
