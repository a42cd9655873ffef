import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { randomInt } from 'node:crypto';
import type { ToolResult } from '../../../src/actors/tools/tool.js';
import {
  type CallOptions,
  processesWith,
  sandboxMissing,
  startTools,
  type ToolHarness,
} from './tool-harness.js';

jest.setTimeout(60_000); // on a busy machine

let tools: ToolHarness;
let nap: string;
beforeEach(() => {
  nap = `${randomInt(100_000, 1_000_000)}.${randomInt(1_000_000)}`;
  tools = startTools({ python: { sandbox: sandboxMissing === null ? 'required' : 'none' } });
});
afterEach(async () => {
  await tools.runner.close();
  expect(processesWith(nap)).toEqual([]);
  await tools.stop();
});
const python = (code: string, options?: CallOptions): Promise<ToolResult> =>
  tools.call('python', code, options);
const textOf = async (code: string, options?: CallOptions): Promise<string> =>
  (await python(code, options)).text;

describe('python', () => {
  test('shows what is printed and the value of a last expression, and keeps variables', async () => {
    expect(await python('x = 6\nprint("hi")\nx * 7')).toMatchObject({ status: 'ok', text: 'hi\n42' });
    expect(await textOf('x + 1')).toBe('7');
    expect(await textOf('_ + 1')).toBe('8');
    expect(await textOf('x;')).toBe('(no output)');
    expect(await textOf('None')).toBe('(no output)');
    expect(await textOf('import subprocess; subprocess.run(["echo", "sub"]); print("after")')).toBe(
      'sub\nafter',
    );
  });

  test('takes code in JSON too', async () => {
    expect(await textOf('{"code": "1 + 1"}')).toBe('2');
  });

  test('sessions do not see each other, and a session that ended begins anew', async () => {
    await python('x = 1', { sessionId: 'a' });
    expect(await textOf('x', { sessionId: 'b' })).toMatch(/NameError/);
    await tools.runner.endSession('a');
    expect(await textOf('x', { sessionId: 'a' })).toMatch(/NameError/);
  });

  test('an error is a traceback with the line, without the frames of codexpc', async () => {
    const result = await python('def f():\n    return 1 / 0\nf()');
    expect(result).toMatchObject({ status: 'failed' });
    expect(result.text).toMatch(/^Traceback.*\n {2}File "<cell 1>", line 3.*\n {4}f\(\)/);
    expect(result.text).toMatch(/return 1 \/ 0[^]*ZeroDivisionError: division by zero$/);
    expect(result.text).not.toContain('<string>');
    expect(await textOf('def (')).toMatch(/SyntaxError/);
    expect(await textOf('exit(3)')).toMatch(/SystemExit: 3/);
  });

  test('a cell that is out of time is interrupted, and the variables stay', async () => {
    await python('x = 5');
    const result = await python('import time\nwhile True: time.sleep(0.01)', { limits: { wallMs: 300 } });
    expect(result).toMatchObject({ status: 'timed_out' });
    expect(result.text).toMatch(/KeyboardInterrupt/);
    expect(await textOf('x')).toBe('5');
  });

  test('a cell that does not let itself be interrupted costs the variables', async () => {
    await python('x = 5');
    const stubborn = `while True:\n  try:\n    __import__("time").sleep(${nap})\n  except KeyboardInterrupt: pass`;
    const result = await python(stubborn, { limits: { wallMs: 300 } });
    expect(result).toMatchObject({ status: 'timed_out' });
    expect(result.text).toMatch(/variables are lost/);
    expect(await textOf('x')).toMatch(/NameError/);
  });

  test('a cell that ends the process is told, and the next one runs', async () => {
    const result = await python('import os\nos._exit(3)');
    expect(result).toMatchObject({ status: 'failed', exitCode: 3 });
    expect(result.text).toMatch(/variables are lost/);
    expect(await textOf('1')).toBe('1');
  });

  test('output is bounded', async () => {
    expect(await python('while True: print("y" * 1000)')).toMatchObject({ status: 'capped' });
    const long = await python('print("a" * 100_000)');
    expect(long).toMatchObject({ status: 'ok', isTruncated: true, outputBytes: 100_001 });
  });

  test('what a cell leaves running ends with its session', async () => {
    // Its first line says that it runs: Popen may return before the system shows the new program's arguments.
    const script = `subprocess.Popen(["sh", "-c", "echo; sleep ${nap}; :"], stdout=-1, start_new_session=True)`;
    await python(`import subprocess\n${script}.stdout.readline()`);
    expect(processesWith(nap)).not.toEqual([]);
    await tools.runner.endSession('s');
    expect(processesWith(nap)).toEqual([]);
  });

  test('cells of one session run one after the other, in order', async () => {
    await python('seen = []');
    await Promise.all(['a', 'b', 'c'].map((name) => python(`seen.append("${name}")`)));
    expect(await textOf('seen')).toBe("['a', 'b', 'c']");
  });

  test('a call that is cancelled while it waits leaves its turn to the next', async () => {
    const controller = new AbortController();
    const first = python('import time; time.sleep(0.3); y = 1');
    const second = python('y = 2', { signal: controller.signal });
    const third = python('y');
    controller.abort();
    expect(await second).toMatchObject({ status: 'cancelled' });
    expect(await first).toMatchObject({ status: 'ok' });
    expect(await third).toMatchObject({ text: '1' });
  });

  test('a cell that is larger than may be sent is not run', async () => {
    const result = await python(`x = '${'a'.repeat(2 * 2 ** 20)}'`);
    expect(result).toMatchObject({ status: 'invalid_arguments' });
    expect(result.text).toMatch(/1,048,576 are allowed/);
  });

  test('where there is none, what to install is said', async () => {
    const path = process.env['PATH'];
    const bare = startTools({ python: { sandbox: 'none' } });
    process.env['PATH'] = bare.workFolder;
    try {
      const result = await bare.call('python', '1');
      expect(result).toMatchObject({ status: 'refused' });
      expect(result.text).toMatch(/python3: not found.*apt install python3/);
    } finally {
      process.env['PATH'] = path;
      await bare.stop();
    }
  });

  test('is offered as a recipient of its own', () => {
    expect(tools.runner.tools()).toMatchObject([{ name: 'python', harmony: 'builtin', parameters: null }]);
  });
});
