// Lines that begin with a slash are for the chat itself. Pure.

import type { ReasoningEffort } from '../../ipc/protocol.js';

export type ChatCommand =
  | { readonly kind: 'exit' | 'new' | 'help' | 'show' }
  | { readonly kind: 'reasoning'; readonly effort: ReasoningEffort }
  | { readonly kind: 'unknown'; readonly text: string };

export const CHAT_HELP = `\
/new                        begin a new conversation
/reasoning low|medium|high  how long the model thinks
/show                       show or hide the analysis
/exit                       leave (also Ctrl-D, or Ctrl-C twice)
A line that ends in \\ goes on. A line that begins with // is sent with one slash.
`;

/** Null: the line is for the model. */
export const parseChatCommand = (line: string): ChatCommand | null => {
  if (!line.startsWith('/') || line.startsWith('//')) return null;
  const [name, argument] = line.trim().split(/\s+/);
  switch (name) {
    case '/exit':
    case '/quit':
      return { kind: 'exit' };
    case '/new':
    case '/clear':
      return { kind: 'new' };
    case '/help':
      return { kind: 'help' };
    case '/show':
      return { kind: 'show' };
    case '/reasoning':
      return argument === 'low' || argument === 'medium' || argument === 'high'
        ? { kind: 'reasoning', effort: argument }
        : { kind: 'unknown', text: 'say /reasoning low, medium or high' };
    default:
      return { kind: 'unknown', text: `there is no ${name}; /help lists what there is` };
  }
};
