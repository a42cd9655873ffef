import { describe, expect, test } from '@jest/globals';
import { endianness } from 'node:os';
import { ownerOf } from '../../../src/ipc/http/socket-table.js';

const HEAD =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const line = (local: string, remote: string, uid: number, inode: number): string =>
  `   7: ${local} ${remote} 01 00000000:00000000 02:000A7214 00000000 ${uid}        0 ${inode} 2 0000000000000000 20 4 30 10 -1\n`;
const daemon = { address: '127.0.0.1', port: 20120 };
const peer = { address: '127.0.0.1', port: 50000 };

(endianness() === 'LE' ? describe : describe.skip)(
  'the table of sockets, as a little-endian machine has it',
  () => {
    const table =
      HEAD +
      line('0100007F:4E98', '0100007F:C350', 1, 11) + // the daemon's own end
      line('0200007F:C350', '0100007F:4E98', 2, 12) + // another address, the same ports
      line('0100007F:C350', '0100007F:4E98', 1000, 13);

    test('names the owner of the far end, not of ours, nor of another address', () => {
      expect(ownerOf(table, peer, daemon)).toBe(1000);
      expect(ownerOf(table, { ...peer, address: '127.0.0.2' }, daemon)).toBe(2);
      expect(ownerOf(table, { ...peer, port: 50001 }, daemon)).toBeNull();
      expect(ownerOf(HEAD, peer, daemon)).toBeNull();
    });

    test('names nobody for a socket whose process has gone, which is listed as root’s', () =>
      expect(ownerOf(HEAD + line('0100007F:C350', '0100007F:4E98', 0, 0), peer, daemon)).toBeNull());

    test('knows IPv6, and IPv4 within it', () => {
      const one = '00000000000000000000000001000000';
      const mapped = '0000000000000000FFFF00000100007F';
      expect(
        ownerOf(
          HEAD + line(`${one}:C350`, `${one}:4E98`, 5, 1),
          { ...peer, address: '::1' },
          { ...daemon, address: '::1' },
        ),
      ).toBe(5);
      expect(ownerOf(HEAD + line(`${mapped}:C350`, `${mapped}:4E98`, 6, 1), peer, daemon)).toBe(6);
      expect(
        ownerOf(table, { ...peer, address: '::ffff:127.0.0.1' }, { ...daemon, address: '::ffff:127.0.0.1' }),
      ).toBe(1000);
    });
  },
);
