import { describe, expect, it } from '@jest/globals';
import { CommanderError } from 'commander';

import { logitsCommand, type LogitsReport, type LogitsRequest } from '../../src/cli/logits.js';

const REPORT: LogitsReport = {
  checkpoint: 'model.bin',
  kernels: 'scalar',
  tokens: [1, 2],
  top: [
    { token: 7, text: ' a\u001b[31m\u009b', logit: 3.5, logprob: -0.25 },
    { token: 200, logit: -1, logprob: -4.75 },
  ],
  greedy: [7, 9],
};

const run = async (...args: readonly string[]) => {
  const requests: LogitsRequest[] = [];
  let output = '';
  const command = logitsCommand({
    computeLogits: (request) => {
      requests.push(request);
      return Promise.resolve(REPORT);
    },
    write: (text) => {
      output += text;
    },
  });
  let errors = '';
  command
    .exitOverride()
    .configureOutput({ writeErr: (text) => (errors += text), writeOut: (text) => (output += text) });
  const failure = await command.parseAsync([...args], { from: 'user' }).then(
    () => null,
    (error: unknown) => error as CommanderError,
  );
  return { request: requests[0], output, errors, failure };
};

describe('codexpc logits', () => {
  it('runs the exact path by default', async () => {
    const { request } = await run('--checkpoint', 'model.bin', '--tokens', '1,2, 3');
    expect(request).toEqual({
      checkpoint: 'model.bin',
      tokens: [1, 2, 3],
      numTop: 20,
      numGreedy: 0,
      isa: '',
      chunkTokens: 128,
      kvType: 'f32',
      precision: 'exact',
    });
  });

  it('passes every option on', async () => {
    const { request } = await run(
      ...[
        '-c',
        'm',
        '--tokens',
        '5',
        '--top',
        '3',
        '--greedy',
        '64',
        '--isa',
        'avx2',
        '--chunk',
        '1',
        '--fast',
        '--json',
      ],
    );
    expect(request).toEqual({
      checkpoint: 'm',
      tokens: [5],
      numTop: 3,
      numGreedy: 64,
      isa: 'avx2',
      chunkTokens: 1,
      kvType: 'f16',
      precision: 'fast',
    });
  });

  it('prints one JSON object with --json', async () => {
    const { output } = await run('-c', 'm', '--tokens', '1,2', '--json');
    expect(output.endsWith('\n')).toBe(true);
    expect(JSON.parse(output)).toEqual(REPORT);
  });

  it('prints a table that cannot drive the terminal', async () => {
    const { output } = await run('-c', 'm', '--tokens', '1,2');
    expect(output).toBe(
      [
        'after 2 tokens, scalar kernels',
        '  token       logit     logprob',
        '      7    3.500000   -0.250000  " a\\u001b[31m\\u009b"',
        '    200   -1.000000   -4.750000  ',
        'greedy: 7,9',
        '',
      ].join('\n'),
    );
  });

  it.each([
    [['--tokens', '1'], '--checkpoint'],
    [['-c', 'm'], '--tokens'],
    [['-c', 'm', '--tokens', '1,x'], "'x' is no token id"],
    [['-c', 'm', '--tokens', '1,-2'], "'-2' is no token id"],
    [['-c', 'm', '--tokens', '1.5'], "'1.5' is no token id"],
    [['-c', 'm', '--tokens', '4294967296'], 'is no token id'],
    [['-c', 'm', '--tokens', ','], 'at least one token id'],
    [['-c', 'm', '--tokens', '1', '--top', '-1'], 'whole number from 0'],
    [['-c', 'm', '--tokens', '1', '--chunk', '0'], 'whole number from 1'],
    [['-c', 'm', '--tokens', '1', '--greedy', 'many'], 'whole number'],
  ])('refuses %j', async (args, mention) => {
    const { errors, failure, request } = await run(...args);
    expect(failure).toBeInstanceOf(CommanderError);
    expect(errors).toContain(mention);
    expect(request).toBeUndefined();
  });

  it('explains itself', async () => {
    const { output } = await run('--help');
    expect(output).toContain('--greedy');
    expect(output).toContain('codexpc logits --checkpoint models/pocket/model.bin --tokens');
    expect(output).toContain('logprob');
  });
});
