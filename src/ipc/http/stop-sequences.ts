// Where an answer's text ends because a stop sequence begins, in whatever pieces the text comes.

export interface StopCut {
  /** What of the text so far can be told: not what may be the beginning of a sequence. */
  push(text: string): string;
  /** The text is over: what was kept back. */
  end(): string;
  readonly hasCut: boolean;
}

export const createStopCut = (sequences: readonly string[]): StopCut => {
  let kept = '';
  let hasCut = false;
  return {
    push: (text) => {
      if (hasCut) return '';
      const all = kept + text;
      const found = sequences.map((sequence) => all.indexOf(sequence)).filter((at) => at >= 0);
      hasCut = found.length > 0;
      const end = hasCut
        ? Math.min(...found)
        : all.length - Math.max(0, ...sequences.map((sequence) => numBegun(all, sequence)));
      kept = hasCut ? '' : all.slice(end);
      return all.slice(0, end);
    },
    end: () => {
      const rest = kept;
      kept = '';
      return rest;
    },
    get hasCut() {
      return hasCut;
    },
  };
};

/** How much of the sequence the text ends with. */
const numBegun = (text: string, sequence: string): number => {
  for (let length = Math.min(sequence.length - 1, text.length); length > 0; length--)
    if (text.endsWith(sequence.slice(0, length))) return length;
  return 0;
};
