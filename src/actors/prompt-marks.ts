// Positions of a prompt at which it, or another one, is likely to be resumed. The prompt's author knows them; the
// engine keeps checkpoints there.

export interface PromptMarks {
  /** The end of what other conversations begin with too: the system message, instructions and tools. */
  readonly base: number;
  /** From here on the prompt is of its own conversation: the first message that the model wrote, or the prompt's end. */
  readonly own: number;
  /** The end of the last user message. After the answer, the reasoning that follows here is left out. */
  readonly turn: number;
  /** Ends of messages, ascending; the last is where the opened header of the next message begins. */
  readonly messages: readonly number[];
}

/** For a prompt of which nothing is known. */
export const unmarked = (numTokens: number): PromptMarks => ({
  base: 0,
  own: numTokens,
  turn: 0,
  messages: [],
});
