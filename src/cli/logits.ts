// `codexpc logits`: the engine's logits for given token ids. What computes them is injected, since the command line
// does not reach into the actors.

import { Command, InvalidArgumentError, Option } from 'commander';

export interface LogitsRequest {
  readonly checkpoint: string;
  readonly tokens: readonly number[];
  readonly numTop: number;
  readonly numGreedy: number;
  readonly isa: string; // '' = the best that this CPU has
  readonly chunkTokens: number;
  readonly kvType: 'f32' | 'f16';
  readonly precision: 'exact' | 'fast';
}

export interface LogitsReport {
  readonly checkpoint: string;
  readonly kernels: string;
  readonly tokens: readonly number[];
  readonly top: ReadonlyArray<{
    readonly token: number;
    readonly text?: string;
    readonly logit: number;
    readonly logprob: number;
  }>;
  readonly greedy: readonly number[];
}

export interface LogitsHost {
  /** Loads the engine when the command runs, not when it is defined. */
  computeLogits(request: LogitsRequest): Promise<LogitsReport>;
  write(text: string): void;
}

interface LogitsFlags {
  readonly checkpoint: string;
  readonly tokens: readonly number[];
  readonly top: number;
  readonly greedy: number;
  readonly isa?: string;
  readonly chunk: number;
  readonly fast?: boolean;
  readonly json?: boolean;
}

export const logitsCommand = ({ computeLogits, write }: LogitsHost): Command =>
  new Command('logits')
    .summary('print the logits for given token ids')
    .description(
      'Prints the logits after a sequence of token ids, to compare the engine with another one.\n' +
        'Runs the exact path, float32 activations and KV cache, unless --fast asks for the one that the daemon uses.',
    )
    .requiredOption('-c, --checkpoint <file>', 'the weights, a model.bin')
    .requiredOption('--tokens <ids>', 'token ids, separated by commas', tokenIds)
    .option('--top <n>', 'how many of the most probable next tokens to print', wholeNumber(0), 20)
    .option('--greedy <n>', 'how many tokens to go on with, the most probable each time', wholeNumber(0), 0)
    .option(
      '--isa <name>',
      'kernels to use: scalar, avx2, avx512, avx512-vnni, avx512-amx, neon, neon-dot (default: the best for this CPU)',
    )
    .option(
      '--chunk <k>',
      'tokens a forward step; without --fast the logits do not depend on it',
      wholeNumber(1),
      128,
    )
    .addOption(new Option('--fast', 'float16 KV cache and 8-bit products, as with engine.precision = "fast"'))
    .option('--json', 'print one JSON object')
    .addHelpText('after', HELP)
    .action(async (flags: LogitsFlags) => {
      const report = await computeLogits({
        checkpoint: flags.checkpoint,
        tokens: flags.tokens,
        numTop: flags.top,
        numGreedy: flags.greedy,
        isa: flags.isa ?? '',
        chunkTokens: flags.chunk,
        kvType: flags.fast === true ? 'f16' : 'f32',
        precision: flags.fast === true ? 'fast' : 'exact',
      });
      write(flags.json === true ? `${JSON.stringify(report)}\n` : asText(report));
    });

const HELP = `
The JSON object:
  checkpoint  the file
  kernels     the kernel table in use
  tokens      the ids that were given
  top         [{ token, text, logit, logprob }], most probable first; text is left out where the token is no text
  greedy      the ids that follow, the most probable each time

Example:
  codexpc logits --checkpoint models/pocket/model.bin --tokens 72,105 --top 5 --greedy 8 --json
`;

const tokenIds = (text: string): readonly number[] => {
  const ids = text.split(/[\s,]+/).filter((id) => id !== '');
  const wrong = ids.find((id) => !/^\d{1,10}$/.test(id) || Number(id) > 0xffff_ffff);
  if (wrong !== undefined) throw new InvalidArgumentError(`'${wrong.slice(0, 40)}' is no token id.`);
  if (ids.length === 0) throw new InvalidArgumentError('give at least one token id.');
  return ids.map(Number);
};

const wholeNumber =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > 1_000_000) {
      throw new InvalidArgumentError(`expected a whole number from ${least} to 1000000.`);
    }
    return value;
  };

const asText = ({ kernels, tokens, top, greedy }: LogitsReport): string => {
  const rows = top.map(({ token, text, logit, logprob }) =>
    [
      String(token).padStart(7),
      logit.toFixed(6).padStart(12),
      logprob.toFixed(6).padStart(12),
      `  ${quoted(text)}`,
    ].join(''),
  );
  return [
    `after ${tokens.length} tokens, ${kernels} kernels`,
    ...(rows.length > 0
      ? [`${'token'.padStart(7)}${'logit'.padStart(12)}${'logprob'.padStart(12)}`, ...rows]
      : []),
    ...(greedy.length > 0 ? [`greedy: ${greedy.join(',')}`] : []),
    '',
  ].join('\n');
};

/** JSON escapes control characters, so a token cannot drive the terminal; C1 controls and the like it leaves alone. */
const quoted = (text: string | undefined): string =>
  text === undefined
    ? ''
    : JSON.stringify(text).replace(
        /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
        (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
      );
