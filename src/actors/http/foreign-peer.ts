// Whether a connection over loopback comes from another user of this machine. Known on Linux.

import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { ownerOf } from '../../ipc/http/socket-table.js';

const TABLES = ['/proc/net/tcp', '/proc/net/tcp6'];
const known = new WeakMap<Socket, boolean>();

/** Root is no foreigner: nothing is kept from it. What has gone already is one: it hears no answer. */
export const isForeignPeer = (socket: Socket): boolean => {
  const before = known.get(socket);
  if (before !== undefined) return before;
  // Once more: the table is read in pieces, and what changes between them may hide a line.
  const isForeign = lookUp(socket) && lookUp(socket);
  known.set(socket, isForeign);
  return isForeign;
};

const lookUp = ({ remoteAddress, remotePort, localAddress, localPort }: Socket): boolean => {
  const tables = readTables();
  if (tables.length === 0) return false; // macOS has none, nor a machine without /proc: see docs/security.md
  if (!remoteAddress || !remotePort || !localAddress || !localPort) return true;
  const peer = { address: remoteAddress, port: remotePort };
  const daemon = { address: localAddress, port: localPort };
  const owners = tables.map((table) => ownerOf(table, peer, daemon)).filter((owner) => owner !== null);
  return !owners.some((uid) => uid === 0 || uid === process.getuid?.());
};

const readTables = (): readonly string[] =>
  TABLES.flatMap((path) => {
    try {
      return [readFileSync(path, 'latin1')];
    } catch {
      return [];
    }
  });
