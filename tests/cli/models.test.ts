import { afterAll, expect, it } from '@jest/globals';
import { CliHome } from './cli-harness.js';

const home = new CliHome();
afterAll(() => home[Symbol.dispose]());

it('inspects a checkpoint without a daemon, and ends though the default model is still being loaded', async () => {
  const { code, stdout } = await home.run(['models', 'inspect', process.execPath]);
  expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringMatching(/^format +/m) });
}, 20_000);
