// Every setting, once: its key in the file, its kind, default, environment variable and meaning.

import type * as z from 'zod';
import { SERVICE_LABEL } from '../service-label.js';
import {
  bytes,
  bytesOrAuto,
  bytesOrOff,
  choice,
  duration,
  durationOrAlways,
  flag,
  integer,
  integerOrAuto,
  path,
  ports,
  text,
  texts,
} from './setting-kinds.js';

export interface SettingContext {
  readonly home: string;
  /** Where the socket is unless it is configured. */
  readonly defaultSocket: string;
}

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

export const createSettings = ({ home, defaultSocket }: SettingContext) =>
  ({
    'engine.checkpoint': {
      kind: path(home),
      initial: null as string | null,
      env: 'CODEXPC_CHECKPOINT',
      about: 'weights that are used when a request names none; unset: the pocket model',
    },
    'engine.context_length': {
      kind: integer(256, 131_072),
      initial: 16_384,
      env: null,
      about: 'tokens of one conversation, prompt and answer together',
    },
    'engine.slots': {
      kind: integer(1, 64),
      initial: 4,
      env: null,
      about: 'conversations that are kept and answered at the same time',
    },
    'engine.max_batch_tokens': {
      kind: integer(1, 4_096),
      initial: 128,
      env: 'CODEXPC_MAX_BATCH_TOKENS',
      about: 'tokens of one forward step; bounds the memory for activations',
    },
    'engine.prompt_batch_tokens': {
      kind: integer(1, 4_096),
      initial: 512,
      env: 'CODEXPC_PROMPT_BATCH_TOKENS',
      about:
        'tokens of a step of one prompt, computed in parts that other requests and a cancel come between (CPU only); max_batch_tokens or fewer: no such steps',
    },
    'engine.draft_tokens': {
      kind: integer(0, 64),
      initial: 16,
      env: 'CODEXPC_DRAFT_TOKENS',
      about: 'tokens guessed ahead at most, where an answer repeats its conversation; 0: none',
    },
    'engine.kv_type': {
      kind: choice(['f16', 'f32', 'q8']),
      initial: 'f16' as 'f16' | 'f32' | 'q8',
      env: null,
      about: 'numbers in the KV cache; "q8": 8 bits and a scale for each head, half of "f16" (CPU only)',
    },
    'engine.precision': {
      kind: choice(['exact', 'fast']),
      initial: 'exact' as 'exact' | 'fast',
      env: null,
      about:
        '"exact": products as good as in 32-bit floats; "fast": in 8-bit whole numbers where the CPU gains by it',
    },
    'weights.dense': {
      kind: choice(['stored', 'q8']),
      initial: 'stored' as 'stored' | 'q8',
      env: null,
      about:
        'weights besides the experts; "q8": those stored in 16 or 32 bits are computed with in 8, half to read for every token (CPU only)',
    },
    'engine.threads': {
      kind: integerOrAuto(1, 1_024),
      initial: null as number | null,
      env: null,
      about: 'threads for the arithmetic; "auto": one a core',
    },
    'engine.backend': {
      kind: choice(['auto', 'cpu', 'metal']),
      initial: 'auto' as 'auto' | 'cpu' | 'metal',
      env: null,
      about: '"auto": the GPU where this build and the model allow it, else the CPU',
    },
    'engine.isa': {
      kind: choice(['auto', 'scalar', 'avx2', 'avx512', 'avx512-vnni', 'avx512-amx', 'neon', 'neon-dot']),
      initial: 'auto' as
        'auto' | 'scalar' | 'avx2' | 'avx512' | 'avx512-vnni' | 'avx512-amx' | 'neon' | 'neon-dot',
      env: 'CODEXPC_ISA',
      about: 'instruction set; "auto": the best one this machine has',
    },
    'engine.isolation': {
      kind: choice(['thread', 'process']),
      initial: 'thread' as 'thread' | 'process',
      env: null,
      about: '"process": a crash of native code costs the running answers, not the daemon',
    },
    'engine.keep_alive': {
      kind: durationOrAlways(),
      initial: (30 * 60_000) as number | null,
      env: null,
      about: 'how long an unused model stays loaded; "always" keeps it',
    },
    'engine.memory_budget': {
      kind: bytesOrAuto(),
      initial: null as number | null,
      env: null,
      about: 'most memory for weights, KV cache and scratch; "auto": from what the machine has',
    },
    'cache.memory': {
      kind: bytesOrOff(),
      initial: 512 * 2 ** 20,
      env: null,
      about: 'most memory for beginnings of prompts whose slot was given to others; "off": none',
    },
    'cache.disk': {
      kind: bytesOrOff(),
      initial: 2 * 2 ** 30,
      env: null,
      about: 'most disk space for beginnings of prompts, kept for the next start; "off": none',
    },
    'queue.bound': {
      kind: integer(1, 10_000),
      initial: 64,
      env: null,
      about: 'requests that may wait; more are refused with queue_full',
    },
    'daemon.socket': {
      kind: path(home),
      initial: defaultSocket,
      env: 'CODEXPC_SOCKET',
      about: 'where the daemon listens',
    },
    'daemon.transport': {
      kind: choice(['unix', 'xpc']),
      initial: 'unix' as 'unix' | 'xpc',
      env: null,
      about: 'how commands reach the daemon; "xpc" on macOS, once the agent is installed',
    },
    'daemon.xpc_service': {
      kind: text(),
      initial: SERVICE_LABEL as string,
      env: null,
      about: 'Mach service of the daemon, which is also the label of its LaunchAgent (macOS)',
    },
    'daemon.xpc_requirement': {
      kind: text(),
      initial: null as string | null,
      env: null,
      about: 'what the code signature of the other side of an XPC connection must satisfy (macOS)',
    },
    'daemon.drain_timeout': {
      kind: duration(),
      initial: 30_000,
      env: null,
      about: 'how long running answers may go on after a stop',
    },
    'daemon.log_level': {
      kind: choice(LOG_LEVELS),
      initial: 'info' as (typeof LOG_LEVELS)[number],
      env: 'CODEXPC_LOG_LEVEL',
      about: 'least severe log line that is kept',
    },
    'daemon.core_dumps': {
      kind: flag(),
      initial: false as boolean,
      env: null,
      about: 'let the system keep the memory of a crash, which holds prompts and answers',
    },
    'http.enabled': {
      kind: flag(),
      initial: true as boolean,
      env: 'CODEXPC_HTTP',
      about: 'serve the OpenAI API over HTTP, for Codex and other programs',
    },
    'http.host': {
      kind: text(),
      initial: '127.0.0.1',
      env: null,
      about: 'address to listen on; another than loopback needs http.allow_remote and http.token',
    },
    'http.port': {
      kind: integer(0, 65_535),
      // Free in IANA's list, below the ports that systems give to outgoing connections, and easy to keep in mind.
      initial: 20_120,
      env: 'CODEXPC_HTTP_PORT',
      about: 'port to listen on; 0: any that is free',
    },
    'http.extra_ports': {
      kind: ports(),
      initial: [] as readonly number[],
      env: 'CODEXPC_HTTP_EXTRA_PORTS',
      about: "ports to listen on besides: 11434 (Ollama's) and 1234 (LM Studio's) make them replaceable",
    },
    'http.token': {
      kind: text(),
      initial: null as string | null,
      env: 'CODEXPC_HTTP_TOKEN',
      about: 'what clients have to send as a bearer token; unset: every program of this user may ask',
    },
    'http.allow_remote': {
      kind: flag(),
      initial: false as boolean,
      env: null,
      about: 'allow http.host to be an address that other machines reach',
    },
    'http.max_body': {
      kind: bytes(),
      initial: 16 * 2 ** 20,
      env: null,
      about: 'largest request that is read',
    },
    'inspect.enabled': {
      kind: flag(),
      initial: false as boolean,
      env: null,
      about: 'serve the debug page, on loopback; the daemon prints its address when it starts',
    },
    'inspect.port': {
      kind: integer(0, 65_535),
      initial: 20_121, // the one after http.port
      env: null,
      about: 'port of the debug page; 0: any that is free',
    },
    'inspect.show_content': {
      kind: flag(),
      initial: false as boolean,
      env: null,
      about: 'let the debug page show the texts of prompts and answers, not only their lengths',
    },
    'tools.allow': {
      kind: flag(),
      initial: null as boolean | null,
      env: 'CODEXPC_ALLOW_TOOLS',
      about: 'true: the tools of tools.allowed may be used; false: none; unset: those with enabled = true',
    },
    'tools.allowed': {
      kind: texts(),
      initial: null as readonly string[] | null,
      env: 'CODEXPC_ALLOWED_TOOLS',
      about: "names of the daemon's tools that the model may use, once tools.allow is true",
    },
    'tools.work_folder': {
      kind: path(home),
      initial: null as string | null,
      env: null,
      about: 'the one folder that tools may write to; unset: one beside the chat history',
    },
    'tools.max_rounds': {
      kind: integer(1, 1_000),
      initial: 32,
      env: null,
      about: "how often in one answer the model may wait for the daemon's tools",
    },
    'tools.max_time': {
      kind: duration(),
      initial: 10 * 60_000,
      env: null,
      about: "how long the daemon's tools may run in one answer, all together",
    },
  }) as const satisfies Record<string, Setting>;

interface Setting {
  readonly kind: z.ZodType;
  readonly initial: unknown;
  readonly env: string | null;
  readonly about: string;
}

export type Settings = ReturnType<typeof createSettings>;
export type SettingKey = keyof Settings;

/** The effective value of each setting. */
export type Config = { readonly [Key in SettingKey]: Settings[Key]['initial'] };
