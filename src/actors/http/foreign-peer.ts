// Whose a connection over loopback is: this user's, or another's of this machine. Known on Linux.

import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { ownerOf } from '../../ipc/http/socket-table.js';

const TABLES = ['/proc/net/tcp', '/proc/net/tcp6'];
const known = new WeakMap<Socket, Peer>();

/** `gone`: nobody holds the other end any more, so nobody knows who did. */
export type Peer = 'own' | 'foreign' | 'gone';

/** Root is no foreigner: nothing is kept from it. */
export const peerOf = (socket: Socket): Peer => {
  const before = known.get(socket);
  if (before !== undefined) return before;
  // Once more: the table is read in pieces, and what changes between them may hide a line.
  const first = lookUp(socket);
  const peer = first === 'own' ? first : lookUp(socket);
  known.set(socket, peer);
  return peer;
};

const lookUp = ({ remoteAddress, remotePort, localAddress, localPort }: Socket): Peer => {
  const tables = readTables();
  if (tables.length === 0) return 'own'; // macOS has none, nor a machine without /proc: see docs/security.md
  if (!remoteAddress || !remotePort || !localAddress || !localPort) return 'gone';
  const peer = { address: remoteAddress, port: remotePort };
  const daemon = { address: localAddress, port: localPort };
  const owners = tables.map((table) => ownerOf(table, peer, daemon)).filter((owner) => owner !== null);
  if (owners.length === 0) return 'gone';
  return owners.some((uid) => uid === 0 || uid === process.getuid?.()) ? 'own' : 'foreign';
};

const readTables = (): readonly string[] =>
  TABLES.flatMap((path) => {
    try {
      return [readFileSync(path, 'latin1')];
    } catch {
      return [];
    }
  });
