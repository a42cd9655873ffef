// Do both compute the same? Each feeds the same tokens; the logits after the last ones are compared token by token.
//
// What differs by design: llama.cpp rounds the activations that meet quantised weights to 8 bits (Q8_0), keys and values
// are 16 bits in both, and it rounds the ends of YaRN's ramp to whole pairs, where OpenAI's code does not (docs/performance.md).

import { type ProgramName, type ProgramOptions, startProgram } from './tasks.js';

/** (token, logit) of one position. */
type Row = ReadonlyArray<readonly [number, number]>;

const LENGTHS = [16, 100, 300];
const POSITIONS = 8;

export const compareLogits = async (options: ProgramOptions): Promise<void> => {
  const rows: Record<ProgramName, Row[][]> = { codexpc: [], 'llama.cpp': [] };
  for (const name of ['codexpc', 'llama.cpp'] as const) {
    const program = await startProgram(name, { ...options, contextLength: 512, sequences: 1 });
    for (const length of LENGTHS) {
      const tokens = Array.from({ length }, (_, i) => ((i * 7919 + length) % 65_537) % 300);
      rows[name].push((await program.ask({ task: 'logits', tokens, count: POSITIONS })) as Row[]);
    }
    await program.stop();
  }
  console.log('\n| prompt | same best token | cosine, smallest | largest difference of the largest logit |');
  console.log('| --- | --- | --- | --- |');
  LENGTHS.forEach((length, i) => {
    const compared = rows.codexpc[i]!.map((row, position) => compare(row, rows['llama.cpp'][i]![position]!));
    const same = compared.filter(({ isSameBest }) => isSameBest).length;
    const cosine = Math.min(...compared.map((found) => found.cosine));
    const error = Math.max(...compared.map((found) => found.error));
    console.log(
      `| ${length} tokens | ${same} of ${POSITIONS} | ${cosine.toFixed(5)} | ${(100 * error).toFixed(2)}% |`,
    );
  });
};

const compare = (ours: Row, theirs: Row) => {
  const logitOf = new Map(theirs);
  let [dot, oursSquared, theirsSquared, largest, difference] = [0, 0, 0, 0, 0];
  for (const [token, logit] of ours) {
    const other = logitOf.get(token);
    if (other === undefined) continue; // llama.cpp leaves out what it forbids
    dot += logit * other;
    oursSquared += logit * logit;
    theirsSquared += other * other;
    largest = Math.max(largest, Math.abs(logit));
    difference = Math.max(difference, Math.abs(logit - other));
  }
  return {
    isSameBest: bestOf(ours) === bestOf(theirs),
    cosine: dot / Math.sqrt(oursSquared * theirsSquared),
    error: difference / largest,
  };
};

const bestOf = (row: Row): number => row.reduce((best, entry) => (entry[1] > best[1] ? entry : best))[0];
