// How the command line tells of HTTP: in status, in the doctor's report, and as settings that do not fit.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Status } from '../../src/ipc/protocol.js';
import { CliHome } from './cli-harness.js';

jest.setTimeout(120_000);

let home: CliHome;
let other: Server | null = null;
beforeEach(() => {
  home = new CliHome();
});
afterEach(() => {
  home[Symbol.dispose]();
  other?.close();
  other = null;
});

interface Finding {
  readonly name: string;
  readonly status: string;
  readonly text: string;
}
const httpFinding = async (env: Record<string, string> = {}): Promise<Finding> => {
  const { stdout } = await home.run(['doctor', '--json'], { env });
  return (JSON.parse(stdout) as Finding[]).find(({ name }) => name === 'http')!;
};

describe('HTTP on the command line', () => {
  it('is shown by status and doctor, and answers there', async () => {
    const daemon = home.start(['daemon']);
    await daemon.printed('HTTP is served');
    const { http } = JSON.parse((await home.run(['status', '--json'])).stdout) as Status;
    expect(await (await fetch(`${http!.url}/health`)).json()).toMatchObject({ ok: true });
    expect((await home.run(['status'])).stdout).toContain(`${http!.url}/v1`);
    expect(await httpFinding()).toMatchObject({ status: 'ok', text: `${http!.url}/v1` });
  });

  it('can be missed: with its port taken the daemon still serves its socket, and says why', async () => {
    const holder = createServer();
    other = holder;
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const port = String((holder.address() as AddressInfo).port);
    const env = { CODEXPC_HTTP_PORT: port };
    expect(await httpFinding(env)).toMatchObject({ status: 'failed' });
    const daemon = home.start(['daemon'], { env });
    await daemon.printed(`Another program listens on 127.0.0.1:${port}`);
    await daemon.printed('supervisor: running.engineUp.ready');
    expect((await home.run(['health'])).stdout).toBe('health: ok\n');
    expect((await home.run(['status'])).stdout).toContain('address_in_use');
    expect(await httpFinding()).toMatchObject({ status: 'failed' });
  });

  it('can be switched off', async () => {
    const daemon = home.start(['daemon'], { env: { CODEXPC_HTTP: 'off' } });
    await daemon.printed('supervisor: running.engineUp.ready');
    expect((await home.run(['status'])).stdout).toContain('switched off');
    expect(await httpFinding()).toMatchObject({ status: 'note' });
  });

  it('is not opened to other machines by one setting alone', async () => {
    const { code, stderr } = await home.start([
      'daemon',
      '--config',
      home.write('c.toml', '[http]\nhost = "0.0.0.0"\n'),
    ]).done;
    expect(code).toBe(100);
    expect(stderr).toMatch(/http\.allow_remote.*http\.token/);
  });

  it('keeps its token off the screen', async () => {
    const { stdout } = await home.run(['config', 'show'], { env: { CODEXPC_HTTP_TOKEN: 'my-secret' } });
    expect(stdout).toContain('token');
    expect(stdout).not.toContain('my-secret');
    const json = await home.run(['config', 'show', '--json'], { env: { CODEXPC_HTTP_TOKEN: 'my-secret' } });
    expect(json.stdout).not.toContain('my-secret');
  });
});
