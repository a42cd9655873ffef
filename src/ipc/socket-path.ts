// Where the daemon's socket is, for both sides.

import { userInfo } from 'node:os';
import { join } from 'node:path';

export interface SocketPlace {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly uid: number;
}

/** `sockaddr_un.sun_path` less its terminating zero. */
export const maxSocketPathBytes = (platform: NodeJS.Platform): number => (platform === 'linux' ? 107 : 103);

/** Without XDG_RUNTIME_DIR a directory of our own under /tmp, whose owner and mode are checked before it is used. */
export const socketPath = ({ platform, env, home, uid }: SocketPlace = currentPlace()): string => {
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'codexpc', 'codexpc.sock');
  const runtime = env['XDG_RUNTIME_DIR'];
  const directory =
    runtime?.startsWith('/') === true ? join(runtime, 'codexpc') : join('/tmp', `codexpc-${uid}`);
  return join(directory, 'codexpc.sock');
};

const currentPlace = (): SocketPlace => ({
  platform: process.platform,
  env: process.env,
  home: userInfo().homedir,
  uid: userInfo().uid,
});
