// The system call filter of the sandbox, as the classic BPF program that `bwrap --seccomp` loads. A deny list: what
// would let a program out of its namespaces, touch the kernel as a whole, or use its least tested doors.
// Numbers: linux/arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h.

interface Architecture {
  /** AUDIT_ARCH_…, linux/audit.h */
  readonly audit: number;
  /** Calls from here on are of another ABI (x32). */
  readonly foreignFrom: number | null;
  readonly denied: readonly number[];
  readonly clone: number;
  readonly ioctl: number;
  readonly socket: number;
}

// prettier-ignore
const SINCE_5 = [
  425, 426, 427, // io_uring_setup, io_uring_enter, io_uring_register
  428, 429, 430, 431, 432, 433, 442, // open_tree, move_mount, fsopen, fsconfig, fsmount, fspick, mount_setattr
  438, // pidfd_getfd
];
const CLONE3 = 435; // everywhere

const ARCHITECTURES: Readonly<Partial<Record<string, Architecture>>> = {
  x64: {
    audit: 0xc000003e,
    foreignFrom: 0x40000000,
    // prettier-ignore
    denied: [
      101, 310, 311, 312, // ptrace, process_vm_readv, process_vm_writev, kcmp
      165, 166, 155, 161, 272, 308, // mount, umount2, pivot_root, chroot, unshare, setns
      303, 304, 212, // name_to_handle_at, open_by_handle_at, lookup_dcookie
      246, 320, 175, 313, 176, 169, // kexec_load, kexec_file_load, init_module, finit_module, delete_module, reboot
      167, 168, 163, 179, 164, 227, 170, 171, // swapon, swapoff, acct, quotactl, settimeofday, clock_settime, sethostname, setdomainname
      172, 173, 103, // iopl, ioperm, syslog
      248, 249, 250, // add_key, request_key, keyctl
      321, 298, 323, // bpf, perf_event_open, userfaultfd
      ...SINCE_5,
    ],
    clone: 56,
    ioctl: 16,
    socket: 41,
  },
  arm64: {
    audit: 0xc00000b7,
    foreignFrom: null,
    // prettier-ignore
    denied: [
      117, 270, 271, 272, // ptrace, process_vm_readv, process_vm_writev, kcmp
      40, 39, 41, 51, 97, 268, // mount, umount2, pivot_root, chroot, unshare, setns
      264, 265, 18, // name_to_handle_at, open_by_handle_at, lookup_dcookie
      104, 294, 105, 273, 106, 142, // kexec_load, kexec_file_load, init_module, finit_module, delete_module, reboot
      224, 225, 89, 60, 170, 112, 161, 162, // swapon, swapoff, acct, quotactl, settimeofday, clock_settime, sethostname, setdomainname
      116, // syslog
      217, 218, 219, // add_key, request_key, keyctl
      280, 241, 282, // bpf, perf_event_open, userfaultfd
      ...SINCE_5,
    ],
    clone: 220,
    ioctl: 29,
    socket: 198,
  },
};

const ALLOW = 0x7fff0000;
const KILL_PROCESS = 0x80000000;
const errno = (number: number): number => 0x00050000 | number;
const EPERM = 1;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;

// CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET: linux/sched.h
const CLONE_NAMESPACES =
  0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000;
const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;
const SOCKET_FAMILIES = [1, 2, 10, 16]; // AF_UNIX, AF_INET, AF_INET6, AF_NETLINK: the others know no network namespace

// struct seccomp_data: nr, arch, instruction pointer, args (8 bytes each, low half first)
const NR = 0;
const ARCH = 4;
const argument = (index: number): number => 16 + 8 * index;

/** struct sock_filter, with the jumps counted from the next instruction. */
interface Instruction {
  readonly code: number;
  readonly ifTrue: number;
  readonly ifFalse: number;
  readonly value: number;
}
const load = (offset: number): Instruction => ({ code: 0x20, ifTrue: 0, ifFalse: 0, value: offset });
const answer = (action: number): Instruction => ({ code: 0x06, ifTrue: 0, ifFalse: 0, value: action });
const JUMP_EQUAL = 0x15;
const JUMP_AT_LEAST = 0x35;
const JUMP_ANY_BIT = 0x45;
/** `then` where the test holds, else it is skipped. */
const when = (code: number, value: number, then: readonly Instruction[]): readonly Instruction[] => [
  { code, ifTrue: 0, ifFalse: then.length, value },
  ...then,
];

/** null: not known for this processor; the sandbox goes without. */
export const createSeccompFilter = (architecture: string): Buffer | null => {
  const known = ARCHITECTURES[architecture];
  if (known === undefined) return null;
  const { audit, foreignFrom, denied, clone, ioctl, socket } = known;
  const refuse = (number: number): Instruction => answer(errno(number));
  const program: readonly Instruction[] = [
    load(ARCH),
    { code: JUMP_EQUAL, ifTrue: 1, ifFalse: 0, value: audit },
    answer(KILL_PROCESS),
    load(NR),
    ...(foreignFrom === null ? [] : when(JUMP_AT_LEAST, foreignFrom, [refuse(ENOSYS)])),
    ...denied.flatMap((number) => when(JUMP_EQUAL, number, [refuse(EPERM)])),
    // Its flags lie in memory, out of a filter's sight; C libraries fall back to clone.
    ...when(JUMP_EQUAL, CLONE3, [refuse(ENOSYS)]),
    ...when(JUMP_EQUAL, clone, [
      load(argument(0)),
      ...when(JUMP_ANY_BIT, CLONE_NAMESPACES, [refuse(EPERM)]),
      answer(ALLOW),
    ]),
    ...when(JUMP_EQUAL, ioctl, [
      load(argument(1)),
      ...when(JUMP_EQUAL, TIOCSTI, [refuse(EPERM)]),
      ...when(JUMP_EQUAL, TIOCLINUX, [refuse(EPERM)]),
      answer(ALLOW),
    ]),
    ...when(JUMP_EQUAL, socket, [
      load(argument(0)),
      ...SOCKET_FAMILIES.flatMap((family) => when(JUMP_EQUAL, family, [answer(ALLOW)])),
      refuse(EAFNOSUPPORT),
    ]),
    answer(ALLOW),
  ];
  return encode(program);
};

const INSTRUCTION_BYTES = 8;

const encode = (program: readonly Instruction[]): Buffer => {
  const bytes = Buffer.alloc(program.length * INSTRUCTION_BYTES);
  program.forEach(({ code, ifTrue, ifFalse, value }, i) => {
    const at = i * INSTRUCTION_BYTES;
    bytes.writeUInt16LE(code, at);
    bytes.writeUInt8(ifTrue, at + 2);
    bytes.writeUInt8(ifFalse, at + 3);
    bytes.writeUInt32LE(value >>> 0, at + 4);
  });
  return bytes;
};
