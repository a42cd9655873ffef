// What keeps a daemon's event loop alive, told by Node's own inspector, which a signal opens: timers that were left
// running are seen nowhere else from outside.

import { createServer, get } from 'node:http';
import { type AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';

export interface Handles {
  /** How many there are of each kind (process.getActiveResourcesInfo). */
  count(): Promise<ReadonlyMap<string, number>>;
  /** The process would wait for it before it ends. */
  close(): void;
}

export const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

const OPEN_LIMIT_MS = 10_000;

/** `port`: that of its `--inspect-port`. Stays open as long as the process. */
export const openHandles = async (pid: number, port: number): Promise<Handles> => {
  process.kill(pid, 'SIGUSR1');
  const deadline = performance.now() + OPEN_LIMIT_MS;
  let url: string | null = null;
  while (url === null) {
    url = await inspectorUrl(port).catch(() => null);
    if (url !== null) break;
    if (performance.now() > deadline) throw new Error('the inspector did not open');
    await sleep(20);
  }
  const socket = new WebSocket(url);
  socket.on('error', () => {}); // it goes with the process
  await new Promise((resolve) => socket.once('open', resolve));
  let lastId = 0;
  return {
    close: () => socket.terminate(),
    count: async () => {
      const id = ++lastId;
      const reply = new Promise<string>((resolve) => {
        const hear = (data: Buffer): void => {
          const message = JSON.parse(data.toString()) as Reply;
          if (message.id !== id) return;
          socket.off('message', hear);
          resolve(message.result.result.value);
        };
        socket.on('message', hear);
      });
      socket.send(JSON.stringify({ id, method: 'Runtime.evaluate', params: { expression: EXPRESSION } }));
      const counts = new Map<string, number>();
      for (const kind of JSON.parse(await reply) as string[]) counts.set(kind, (counts.get(kind) ?? 0) + 1);
      return counts;
    },
  };
};

const EXPRESSION = 'JSON.stringify(process.getActiveResourcesInfo())';

interface Reply {
  readonly id: number;
  readonly result: { readonly result: { readonly value: string } };
}

const inspectorUrl = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1', path: '/json/list', agent: false }, (response) => {
      json(response).then((list) => {
        const [target] = list as { readonly webSocketDebuggerUrl: string }[];
        if (target === undefined) reject(new Error('it has no target'));
        else resolve(target.webSocketDebuggerUrl);
      }, reject);
    }).on('error', reject);
  });
