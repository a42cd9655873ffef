// What a tool without a program of its own answers.

export interface ToolAnswer {
  readonly isOk: boolean;
  /** For the model: the result, or what was wrong and what to do. */
  readonly text: string;
}

export const answer = (text: string): ToolAnswer => ({ isOk: true, text });
export const failure = (text: string): ToolAnswer => ({ isOk: false, text });
