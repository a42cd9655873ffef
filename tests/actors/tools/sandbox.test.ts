import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { bubblewrapArguments } from '../../../src/actors/tools/program/bubblewrap.js';
import { createSandboxFinder } from '../../../src/actors/tools/program/confinement.js';
import { usablePath } from '../../../src/actors/tools/program/search-path.js';
import { seatbeltProfile } from '../../../src/actors/tools/program/seatbelt.js';
import { createSeccompFilter } from '../../../src/actors/tools/program/seccomp.js';

const FOLDERS = { workFolder: '/home/me/work', readFolders: ['/data'], home: '/home/me' };

describe('bubblewrap', () => {
  const OPTIONS = {
    ...FOLDERS,
    startFolder: '/home/me/work/sub',
    system: [
      { kind: 'folder', path: '/usr' },
      { kind: 'link', path: '/bin', target: 'usr/bin' },
    ],
    network: false,
    memoryFolderBytes: 1_000,
    statusFd: 3,
    seccompFd: 4,
  } as const;
  const line = (options: Partial<Parameters<typeof bubblewrapArguments>[0]> = {}): string =>
    bubblewrapArguments({ ...OPTIONS, ...options }).join(' ');

  test('nothing is shared but what is named', () => {
    expect(line()).toMatch(/^--unshare-all --die-with-parent .*--cap-drop ALL/);
    expect(line()).not.toContain('--share-net');
    expect(line({ network: true })).toContain('--share-net');
    expect(line()).toContain('--ro-bind /usr /usr --symlink usr/bin /bin');
    expect(line()).toContain('--chdir /home/me/work/sub');
    expect(line()).toContain('--seccomp 4 --');
  });

  test('home is hidden first, then the folders are shown, the inner ones last', () => {
    expect(line({ readFolders: ['/home/me/work/fixed', '/home'] })).toMatch(
      /--tmpfs \/home\/me --ro-bind \/home \/home --bind \/home\/me\/work \S+ --ro-bind \/home\/me\/work\/fixed /,
    );
    expect(line()).toMatch(/--remount-ro \/ --chdir/);
  });
});

describe('seatbelt profile', () => {
  const profile = (network: boolean): string =>
    seatbeltProfile({ ...FOLDERS, network, temporaryFolder: '/private/tmp/x "y"\\' });

  test('denies by default, hides home, and lets write to the work folder', () => {
    const lines = profile(false).split('\n');
    expect(lines.slice(0, 2)).toEqual(['(version 1)', '(deny default)']);
    const hidden = lines.indexOf('(deny file-read* file-write* (subpath "/home/me"))');
    const shown = lines.indexOf(
      String.raw`(allow file-read* file-write* (subpath "/home/me/work") (subpath "/private/tmp/x \"y\"\\"))`,
    );
    expect(hidden).toBeGreaterThan(0);
    expect(shown).toBeGreaterThan(hidden); // the later rule wins
    expect(lines).toContain('(allow file-read* (subpath "/data"))');
  });

  test('network only when it is allowed', () => {
    expect(profile(false)).toContain('(deny network*)');
    expect(profile(true)).toContain('(allow network*)');
  });

  test('every parenthesis closes', () => {
    const bare = profile(true).replace(/"(?:[^"\\]|\\.)*"/g, '');
    expect(bare.split('(').length).toBe(bare.split(')').length);
  });
});

describe('seccomp filter', () => {
  /** What the program answers to a call: interprets the few instructions that it is made of. */
  const decide = (filter: Buffer, nr: number, audit: number, args: readonly number[] = []): number => {
    const data = new Map([[0, nr], [4, audit], ...args.map((value, i) => [16 + 8 * i, value] as const)]);
    let loaded = 0;
    for (let at = 0; at < filter.length; at += 8) {
      const value = filter.readUInt32LE(at + 4);
      const jump = (holds: boolean): void => void (at += 8 * filter.readUInt8(at + (holds ? 2 : 3)));
      switch (filter.readUInt16LE(at)) {
        case 0x20:
          loaded = data.get(value) ?? 0;
          break;
        case 0x06:
          return value;
        case 0x15:
          jump(loaded === value);
          break;
        case 0x35:
          jump(loaded >= value);
          break;
        case 0x45:
          jump((loaded & value) !== 0);
          break;
        default:
          throw new Error('an instruction that is not expected');
      }
    }
    throw new Error('the program has no end');
  };
  const ALLOW = 0x7fff0000;
  const errno = (number: number): number => 0x00050000 | number;

  test.each([
    ['x64', 0xc000003e, { read: 0, mount: 165, unshare: 272, clone: 56, socket: 41, ioctl: 16 }],
    ['arm64', 0xc00000b7, { read: 63, mount: 40, unshare: 97, clone: 220, socket: 198, ioctl: 29 }],
  ])('%s: lets programs work and refuses what leads out', (architecture, audit, calls) => {
    const filter = createSeccompFilter(architecture)!;
    const of = (nr: number, ...args: readonly number[]): number => decide(filter, nr, audit, args);
    expect(of(calls.read)).toBe(ALLOW);
    expect(of(calls.mount)).toBe(errno(1));
    expect(of(calls.unshare)).toBe(errno(1));
    expect(of(calls.clone, 0x01200011)).toBe(ALLOW); // fork
    expect(of(calls.clone, 0x10000011)).toBe(errno(1)); // with CLONE_NEWUSER
    expect(of(435)).toBe(errno(38)); // clone3
    expect(of(calls.socket, 2)).toBe(ALLOW);
    expect(of(calls.socket, 40)).toBe(errno(97)); // AF_VSOCK
    expect(of(calls.ioctl, 0, 0x5413)).toBe(ALLOW); // TIOCGWINSZ
    expect(of(calls.ioctl, 0, 0x5412)).toBe(errno(1)); // TIOCSTI
    expect(decide(filter, calls.read, 0x40000003)).toBe(0x80000000); // another architecture
  });

  test('an unknown processor has none', () => expect(createSeccompFilter('riscv64')).toBeNull());
});

describe('the search path of programs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'codexpc-path-'));
  const closed = join(folder, 'closed');
  mkdirSync(closed, { mode: 0o600 });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('has no folder that is not there, and none without a name', () =>
    expect(usablePath(`${join(folder, 'none')}::${folder}`)).toBe(folder));

  const why = process.getuid?.() === 0 ? ': root may enter every folder' : '';
  (why === '' ? test : test.skip)(`has no folder that may not be entered${why}`, () =>
    expect(usablePath(`${closed}:${folder}`)).toBe(folder),
  );
});

describe('a machine without a sandbox', () => {
  test.each([
    ['linux', /apt install bubblewrap/],
    ['freebsd', /sandbox = "none"/],
  ] as const)('%s says what to do', async (platform, hint) => {
    const finder = createSandboxFinder({ platform, searchPath: '/nowhere' });
    expect(await finder.find()).toMatchObject({ type: 'missing', hint: expect.stringMatching(hint) });
    finder.close();
  });
});
