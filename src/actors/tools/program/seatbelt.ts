// The macOS sandbox: a profile for sandbox-exec in the Sandbox Profile Language. Later rules win over earlier ones.
// It has not run on a Mac yet; the tests hold it to its text.

import type { SandboxFolders } from './bubblewrap.js';

export interface SeatbeltOptions extends SandboxFolders {
  readonly network: boolean;
  /** The private folder for temporary files; written to like the work folder. */
  readonly temporaryFolder: string;
}

const SYSTEM = [
  '/System',
  '/usr',
  '/bin',
  '/sbin',
  '/Library',
  '/opt',
  '/private/var/db',
  '/private/etc',
  '/dev',
];

export const seatbeltProfile = (options: SeatbeltOptions): string => {
  const { workFolder, readFolders, home, temporaryFolder, network } = options;
  const subpaths = (paths: readonly string[]): string =>
    paths.map((path) => `(subpath ${quoted(path)})`).join(' ');
  return [
    '(version 1)',
    '(deny default)',
    '(allow process-fork process-exec)',
    '(allow signal (target same-sandbox))',
    '(allow sysctl-read)',
    '(allow mach-lookup (global-name "com.apple.system.opendirectoryd.libinfo"))',
    '(allow file-read-metadata)',
    `(allow file-read* (literal "/") ${subpaths(SYSTEM)})`,
    `(deny file-read* file-write* (subpath ${quoted(home)}))`,
    ...(readFolders.length === 0 ? [] : [`(allow file-read* ${subpaths(readFolders)})`]),
    `(allow file-read* file-write* ${subpaths([workFolder, temporaryFolder])})`,
    '(allow file-write-data (literal "/dev/null") (literal "/dev/zero") (literal "/dev/tty"))',
    network ? '(allow network*)' : '(deny network*)',
    '',
  ].join('\n');
};

const quoted = (path: string): string => `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
