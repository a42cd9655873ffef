import { describe, expect, test } from '@jest/globals';
import { socketPath } from '../../src/ipc/socket-path.js';

const place = { platform: 'linux', env: {}, home: '/home/u', uid: 1000 } as const;

describe('socketPath', () => {
  test.each([
    [
      'the runtime directory',
      { env: { XDG_RUNTIME_DIR: '/run/user/1000' } },
      '/run/user/1000/codexpc/codexpc.sock',
    ],
    ['a directory of our own without one', {}, '/tmp/codexpc-1000/codexpc.sock'],
    [
      'the same for one that is no absolute path',
      { env: { XDG_RUNTIME_DIR: 'run' } },
      '/tmp/codexpc-1000/codexpc.sock',
    ],
    [
      'Application Support on macOS',
      { platform: 'darwin' as const, env: { XDG_RUNTIME_DIR: '/run' } },
      '/home/u/Library/Application Support/codexpc/codexpc.sock',
    ],
  ])('is in %s', (_name, change, path) => {
    expect(socketPath({ ...place, ...change })).toBe(path);
  });
});
