// Clients of HTTP that do not keep to it, or do not stay.

import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { noise } from '../observer.js';
import type { Random } from '../random.js';
import type { FaultRow, Scene } from '../scene.js';

/** Bytes on a connection to the HTTP port, which is closed after a moment, in one way or the other. */
const speaksHttp = (bytes: (random: Random) => string, leaves: 'ends' | 'resets') => async (scene: Scene) => {
  const socket = connect(scene.port, '127.0.0.1');
  socket.on('error', () => {}); // what becomes of it is the daemon's to decide
  socket.resume();
  socket.write(bytes(scene.random));
  await sleep(scene.random.below(120));
  if (leaves === 'resets') socket.resetAndDestroy();
  else socket.end();
  await sleep(20);
  socket.destroy();
};

const httpQuestion = (stream: boolean): string => {
  const body = JSON.stringify({
    model: 'faults',
    input: 'Tell me about codexpc',
    stream,
    max_output_tokens: 60,
  });
  return `POST /v1/responses HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
};

export const HTTP_FAULTS: readonly FaultRow[] = [
  {
    name: 'HTTP: a client that leaves',
    hitsEngine: false,
    inject: speaksHttp((random) => httpQuestion(random.below(2) === 0), 'resets'),
  },
  {
    name: 'HTTP: a client that ends its side',
    hitsEngine: false,
    inject: speaksHttp((random) => httpQuestion(random.below(2) === 0), 'ends'),
  },
  {
    name: 'HTTP: a request cut off',
    hitsEngine: false,
    inject: speaksHttp((random) => httpQuestion(true).slice(0, 1 + random.below(250)), 'ends'),
  },
  {
    name: 'HTTP: noise',
    hitsEngine: false,
    inject: speaksHttp((random) => Buffer.from(noise(random, 200)).toString('latin1'), 'ends'),
  },
];
