import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { createActor } from 'xstate';
import { createPoolWork } from '../../../src/actors/tools/pool-work.js';
import { createToolPool } from '../../../src/actors/tools/tool-pool.js';
import { DEFAULT_TOOL_LIMITS } from '../../../src/actors/tools/tool.js';
import { createToolCallMachine, type ToolCallOutcome } from '../../../src/machines/tool-call.js';
import { LIMITS, sandboxMissing, startTools, type ToolHarness } from './tool-harness.js';

jest.setTimeout(60_000); // on a busy machine

let tools: ToolHarness;
afterEach(() => tools?.stop());
const start = (...args: Parameters<typeof startTools>): void => {
  tools = startTools(...args);
};
const echo = (parameters: object) => ({
  sandbox: 'none' as const,
  command: {
    argv: ['cat'] as [string],
    description: 'echoes',
    parameters: parameters as Record<string, never>,
  },
});

describe('arguments', () => {
  const OBJECT = { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] };
  const deep = (levels: number): string => '[1,'.repeat(levels) + '1' + ']'.repeat(levels);
  test.each([
    ['not JSON', '{text:', /not valid JSON/],
    ['of the wrong type', '{"text":1}', /argument text must be string/],
    ['without what is needed', '{}', /required property 'text'/],
    [
      'of 10 MB',
      JSON.stringify({ text: 'x'.repeat(10_000_000) }),
      /10,000,011 bytes long; 1,048,576 are allowed/,
    ],
    ['1,000 levels deep', `{"text":${deep(1_000)}}`, /nested 1001 deep/],
    ['with __proto__', '{"text":"a","__proto__":{"polluted":true}}', /__proto__/],
    ['with constructor.prototype', '{"text":"a","constructor":{"prototype":{}}}', /constructor\.prototype/],
    ['no object', '"text"', /must be object/],
  ])('%s are invalid, and nothing runs', async (_, args, problem) => {
    start({ mine: echo(OBJECT) });
    const result = await tools.call('mine', args);
    expect(result).toMatchObject({ status: 'invalid_arguments', exitCode: null });
    expect(result.text).toMatch(problem);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test('that may be of several types are told of all of them', async () => {
    start({
      mine: echo({
        type: 'object',
        properties: { text: { anyOf: [{ type: 'array' }, { type: 'string' }] } },
      }),
    });
    const { text } = await tools.call('mine', '{"text":1}');
    expect(text).toMatch(/argument text must be array or string/);
  });

  test('valid ones reach the program as JSON on standard input', async () => {
    start({ mine: echo(OBJECT) });
    const result = await tools.call('mine', '{ "text" : "ä" }');
    expect(result).toMatchObject({ status: 'ok', text: '{"text":"ä"}' });
  });

  test('a pattern that takes for ever is given up while other calls go on', async () => {
    start({
      mine: echo({ type: 'object', properties: { text: { type: 'string', pattern: '^(a+)+$' } } }),
      calculator: {},
    });
    const stuck = tools.call('mine', { text: `${'a'.repeat(40)}!` });
    expect(await tools.call('calculator', { expression: '6*7' })).toMatchObject({ text: '42' });
    const result = await stuck;
    expect(result).toMatchObject({ status: 'invalid_arguments' });
    expect(result.text).toMatch(/took too long/);
    expect(await tools.call('mine', { text: 'aaa' })).toMatchObject({ status: 'ok' });
  });

  test('a schema that is none is told as such', async () => {
    start({ mine: echo({ type: 'nonsense' }) });
    expect((await tools.call('mine', '{}')).text).toMatch(/own schema is not valid/);
  });
});

describe('runner', () => {
  test('a hundred calls at once are all answered', async () => {
    const sandbox = sandboxMissing === null ? 'required' : 'none';
    start({ calculator: {}, shell: { sandbox } });
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        i % 4 === 0
          ? tools.call('shell', { command: ['echo', String(i)] })
          : tools.call('calculator', { expression: `${i} + 0` }),
      ),
    );
    expect(results.map(({ status, text }) => [status, text])).toEqual(
      Array.from({ length: 100 }, (_, i) => ['ok', String(i)]),
    );
  });

  test('what is more than may wait is refused at once', async () => {
    start({ calculator: {} }, { maxConcurrent: 1, maxWaiting: 2 });
    const calls = Array.from({ length: 5 }, () => tools.call('calculator', { expression: '1' }));
    const statuses = (await Promise.all(calls)).map(({ status }) => status);
    expect(statuses).toEqual(['ok', 'ok', 'ok', 'refused', 'refused']);
  });

  test('a tool that is not allowed is refused, whatever its name', async () => {
    start({ clock: {} });
    for (const name of ['shell', 'constructor', '__proto__', '']) {
      expect(await tools.call(name, '{}')).toMatchObject({ status: 'refused' });
    }
    expect(tools.runner.tools().map(({ name }) => name)).toEqual(['clock']);
  });

  test('a tool that is stuck in its own thread runs out of time, and the next call is served', async () => {
    start({ search_files: { limits: { ...LIMITS, wallMs: 300 } }, apply_patch: {} }, { maxConcurrent: 1 });
    await tools.call('apply_patch', `*** Begin Patch\n*** Add File: a\n+${'a'.repeat(40)}!\n*** End Patch`);
    const stuck = { query: '^(a+)+$', regex: true };
    expect(await tools.call('search_files', stuck)).toMatchObject({ status: 'timed_out' });
    expect(await tools.call('search_files', { query: 'aaa' })).toMatchObject({ status: 'ok' });
  });

  test('calls after the end are refused; closing twice is harmless', async () => {
    start({ clock: {} });
    await tools.runner.close();
    await tools.runner.close();
    expect(await tools.call('clock', '{}')).toMatchObject({ status: 'refused' });
  });

  test('a call whose worker fails is lost alone', async () => {
    start({});
    const pool = createToolPool(1);
    const job = {
      name: 'python', // which no worker runs
      arguments: '{}',
      parameters: {},
      textArgument: null,
      limits: DEFAULT_TOOL_LIMITS,
      workFolder: tools.workFolder,
      readFolders: [],
      network: false,
      confinement: null,
      argv: null,
      mark: 'm',
    };
    const run = (name: string): Promise<ToolCallOutcome> =>
      new Promise((resolve) => {
        const work = createPoolWork(pool, { ...job, name });
        const input = { wallMs: 10_000, validationMs: 10_000, killGraceMs: 0, abandonMs: 0 };
        const actor = createActor(createToolCallMachine({ work }), { input });
        actor.subscribe({ complete: () => resolve(actor.getSnapshot().output!) });
        actor.start();
      });
    expect(await run('python')).toMatchObject({ type: 'crashed' });
    expect(await run('clock')).toMatchObject({ type: 'done', report: { isOk: true } });
    await pool.close();
  });
});

describe('clock', () => {
  test('tells the time in a zone, and which zones there are not', async () => {
    start({ clock: {} });
    const { text } = await tools.call('clock', { timezone: 'Asia/Tokyo' });
    expect(text).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+09:00 \(\w+day, Asia\/Tokyo\)$/);
    expect(Math.abs(Date.parse(text.slice(0, 26)) - Date.now())).toBeLessThan(60_000);
    expect(await tools.call('clock', { timezone: 'Mars' })).toMatchObject({ status: 'failed' });
  });
});
