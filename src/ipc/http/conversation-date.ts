// The date that the model is told, the same for a whole conversation: it stands at the very front of the prompt, and
// another one past midnight would mean to read everything anew.

import type { ConversationItem } from '../protocol.js';

/** Codex says the date itself, in a message that it repeats word by word. The first one counts: later ones are appended. */
const CODEX_DATE = /<environment_context>[^]*?<current_date>(\d{4}-\d{2}-\d{2})<\/current_date>/;

export const statedDate = (items: readonly ConversationItem[]): string | null => {
  for (const item of items) {
    if (item.kind !== 'message' || item.role !== 'user') continue;
    const date = CODEX_DATE.exec(item.text)?.[1];
    if (date !== undefined) return date;
  }
  return null;
};

export const MAX_PINNED_CONVERSATIONS = 10_000;

export interface DatePins {
  /** The date on which a conversation of this name was first seen. */
  dateOf(conversation: string, today: string): string;
}

export const createDatePins = (maxConversations: number): DatePins => {
  const dates = new Map<string, string>(); // the one longest unused is the first
  return {
    dateOf: (conversation, today) => {
      const date = dates.get(conversation) ?? today;
      dates.delete(conversation);
      dates.set(conversation, date);
      if (dates.size > maxConversations) dates.delete(dates.keys().next().value!);
      return date;
    },
  };
};
