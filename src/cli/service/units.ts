// The systemd user units as text. Pure: install writes them, tests read them.

export interface UnitOptions {
  /** Absolute paths of Node and of the command line's main file. */
  readonly node: string;
  readonly main: string;
  /** Absolute, or begins with systemd's own `%t` (the runtime folder). */
  readonly socket: string;
  /** How long a stop may take: the drain and a margin. */
  readonly stopTimeoutMs: number;
  /** Exit codes after which a restart would only fail again. */
  readonly permanentExitCodes: readonly number[];
}

export const SERVICE_NAME = 'codexpc.service';
export const SOCKET_NAME = 'codexpc.socket';

/**
 * The socket unit owns the address, so connections made while the daemon restarts wait instead of failing.
 * Left out of the hardening on purpose: MemoryDenyWriteExecute (V8 compiles to memory), RestrictNamespaces and
 * file-system namespaces (tools run in a sandbox of their own, which needs them).
 */
export const serviceUnit = ({ node, main, stopTimeoutMs, permanentExitCodes }: UnitOptions): string => `\
[Unit]
Description=codexpc, a local home for gpt-oss models
Requires=${SOCKET_NAME}
After=${SOCKET_NAME}
StartLimitIntervalSec=300
StartLimitBurst=5

[Service]
Type=notify
NotifyAccess=main
ExecStart=${quoted(node)} ${quoted(main)} daemon --service
WatchdogSec=30
TimeoutStartSec=60
TimeoutStopSec=${Math.ceil(stopTimeoutMs / 1000)}
KillMode=mixed
Restart=on-failure
RestartSec=2
RestartPreventExitStatus=${permanentExitCodes.join(' ')}
UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=~@clock @cpu-emulation @module @obsolete @raw-io @reboot @swap
SystemCallErrorNumber=EPERM

[Install]
Also=${SOCKET_NAME}
`;

export const socketUnit = ({ socket }: UnitOptions): string => `\
[Unit]
Description=Socket of codexpc

[Socket]
ListenStream=${socket.startsWith('%t/') ? socket : escaped(socket)}
SocketMode=0600
DirectoryMode=0700
RemoveOnStop=yes

[Install]
WantedBy=sockets.target
`;

/** systemd's quoting: `%` and `$` are doubled, backslash and quote escaped. */
const quoted = (argument: string): string =>
  `"${escaped(argument).replaceAll('$', '$$$$').replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

const escaped = (text: string): string => text.replaceAll('%', '%%');
