// The Linux sandbox as arguments of bubblewrap (https://github.com/containers/bubblewrap): no network, no other
// processes, an empty home and /tmp, the system read-only, one folder writable.

export interface SandboxFolders {
  /** The one writable folder; absolute and real. */
  readonly workFolder: string;
  readonly readFolders: readonly string[];
  /** Hidden behind an empty one. */
  readonly home: string;
}

/** A part of the system as it stands in the sandbox. */
export type SystemEntry =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

export interface BubblewrapOptions extends SandboxFolders {
  /** The work folder or one below. */
  readonly startFolder: string;
  readonly system: readonly SystemEntry[];
  readonly network: boolean;
  /** Of each folder in memory. */
  readonly memoryFolderBytes: number;
  /** Descriptor that takes what bubblewrap reports. */
  readonly statusFd: number;
  /** Descriptor with the system call filter; null: none. */
  readonly seccompFd: number | null;
}

/** What programs need of the system, where it is there. */
export const SYSTEM_FOLDERS = [
  '/usr',
  '/bin',
  '/sbin',
  '/lib',
  '/lib32',
  '/lib64',
  '/libx32',
  '/opt',
  '/nix/store',
  '/run/current-system',
];

/** What programs read of /etc. The rest stays unseen: keys, passwords of networks, who may do what. */
const ETC_ENTRIES = [
  'alternatives',
  'ca-certificates',
  'crypto-policies',
  'fonts',
  'group',
  'host.conf',
  'hosts',
  'inputrc',
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'localtime',
  'magic',
  'mime.types',
  'nsswitch.conf',
  'passwd',
  'pki',
  'protocols',
  'resolv.conf',
  'services',
  'ssl',
  'static',
  'terminfo',
  'timezone',
];

/** Up to and including `--`: the command follows. */
export const bubblewrapArguments = (options: BubblewrapOptions): string[] => {
  const { workFolder, readFolders, home, system, network, memoryFolderBytes } = options;
  const inMemory = (path: string): string[] => ['--size', String(memoryFolderBytes), '--tmpfs', path];
  const folders = [
    ...readFolders.map((path) => ({ path, option: '--ro-bind' })),
    { path: workFolder, option: '--bind' },
  ].sort((left, right) => left.path.length - right.path.length); // the inner one of two that are nested wins
  return [
    '--unshare-all',
    ...(network ? ['--share-net'] : []),
    '--die-with-parent',
    '--new-session',
    '--as-pid-1', // so bubblewrap ends when, and not before, all of the namespace has
    '--cap-drop',
    'ALL',
    '--hostname',
    'codexpc',
    '--proc',
    '/proc',
    '--dev',
    '/dev',
    ...inMemory('/dev/shm'),
    ...system.flatMap((entry) =>
      entry.kind === 'link' ? ['--symlink', entry.target, entry.path] : ['--ro-bind', entry.path, entry.path],
    ),
    ...ETC_ENTRIES.flatMap((name) => ['--ro-bind-try', `/etc/${name}`, `/etc/${name}`]),
    ...inMemory('/tmp'),
    ...inMemory(home),
    ...folders.flatMap(({ path, option }) => [option, path, path]),
    // What lies between the mounts is memory too, and without a bound.
    '--remount-ro',
    '/dev',
    '--remount-ro',
    '/',
    '--chdir',
    options.startFolder,
    '--json-status-fd',
    String(options.statusFd),
    ...(options.seccompFd === null ? [] : ['--seccomp', String(options.seccompFd)]),
    '--',
  ];
};
