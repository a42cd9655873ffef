// Linux lists every TCP socket with its owner (/proc/net/tcp and tcp6): what stands in for the peer's credentials, which
// TCP has none of. See proc_net_tcp in the kernel's documentation.

import { endianness } from 'node:os';

export interface SocketEnd {
  readonly address: string;
  readonly port: number;
}

/**
 * Uid of the process that holds the socket with these two ends. Null: no process does (any more); the kernel gives the
 * sockets of the dead to root.
 */
export const ownerOf = (table: string, local: SocketEnd, remote: SocketEnd): number | null => {
  const ends = spellings(local).flatMap((from) => spellings(remote).map((to) => ` ${from} ${to} `));
  const at = Math.max(...ends.map((end) => table.indexOf(end)), -1);
  if (at === -1) return null;
  // local remote state tx:rx tr:when retransmitted uid timeout inode
  const [, , , , , , uid, , inode] = table.slice(at, table.indexOf('\n', at)).trim().split(/\s+/);
  return inode === undefined || inode === '0' ? null : Number(uid);
};

/** An IPv4 address is listed as such, or by a socket of IPv6 as one that is mapped. */
const spellings = ({ address, port }: SocketEnd): readonly string[] => {
  const ipv4 = /^(?:::ffff:)?(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const end = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  if (ipv4 === null) return address === '::1' ? [`${wordsOf([...Array<number>(15).fill(0), 1])}${end}`] : [];
  const bytes = ipv4.slice(1).map(Number);
  const mapped = [...Array<number>(10).fill(0), 0xff, 0xff, ...bytes];
  return [`${wordsOf(bytes)}${end}`, `${wordsOf(mapped)}${end}`];
};

/** Each four bytes as one number of this machine's byte order. */
const wordsOf = (bytes: readonly number[]): string => {
  const buffer = Buffer.from(bytes);
  if (endianness() === 'LE') buffer.swap32();
  return buffer.toString('hex').toUpperCase();
};
