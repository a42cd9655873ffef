// What is fuzzed: each target with the inputs that mutation starts from.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createArgumentChecker } from '../../src/actors/tools/check-arguments.js';
import { loadConfig } from '../../src/config/load-config.js';
import { CodexpcError } from '../../src/errors.js';
import { schemaToEbnf } from '../../src/grammar/json-schema.js';
import { larkToEbnf } from '../../src/grammar/lark-to-ebnf.js';
import { clientCodec } from '../../src/ipc/codec.js';
import { FrameReader } from '../../src/ipc/framing.js';
import { jsonProblem, parseJson } from '../../src/ipc/http/json-guard.js';
import { frame, HELLO, question } from '../faults/observer.js';
import { decodeTokens } from './harmony-target.js';
import { askHttp, closeHttp } from './http-target.js';

export interface FuzzTarget {
  readonly name: string;
  readonly seeds: readonly (string | Uint8Array)[];
  /** Throws CodexpcError for what it refuses. */
  run(input: Uint8Array): unknown;
  /** Ends what it has begun. */
  close?(): Promise<void>;
}

const text = (input: Uint8Array): string => Buffer.from(input).toString('utf8');

/** The value of a JSON text; text that is none is refused like any other wrong input. */
const json = (input: Uint8Array): unknown => {
  const problem = jsonProblem(input);
  if (problem !== null) throw new CodexpcError({ code: 'invalid_request', message: problem });
  try {
    return parseJson(text(input));
  } catch (cause) {
    throw new CodexpcError({ code: 'invalid_request', message: 'no JSON', cause });
  }
};

const isObject = (value: unknown): value is Record<string, never> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const SCHEMA =
  '{"type":"object","properties":{"a":{"type":"string","pattern":"^[a-z]{1,3}$"},"b":{"enum":[1,null,"x"]},"c":{"type":"array","items":{"$ref":"#/$defs/n"},"minItems":1,"maxItems":3}},"required":["a"],"additionalProperties":false,"$defs":{"n":{"type":"integer","minimum":-5,"maximum":70}}}';

const folder = mkdtempSync(join(tmpdir(), 'codexpc-fuzz-'));
process.once('exit', () => rmSync(folder, { recursive: true }));
const configFile = join(folder, 'config.toml');
const checkArguments = createArgumentChecker();

export const TARGETS: readonly FuzzTarget[] = [
  {
    name: 'frames',
    seeds: [
      frame(HELLO, question('q', 'Hello', 30)),
      frame({ type: 'cancel', requestId: 'q' }, { type: 'status', requestId: 's' }),
    ],
    run: (input) => {
      const reader = new FrameReader();
      reader.push(input);
      for (let bytes = reader.next(); bytes !== null; bytes = reader.next()) clientCodec.decode(bytes);
    },
  },
  {
    name: 'config',
    seeds: [
      '[engine]\ncheckpoint = "~/m.bin"\ncontext_length = 4096\nkeep_alive = "90s"\nmemory_budget = "4 GiB"\n',
      '[http]\nport = 1\nextra_ports = [11434, 1234]\n[tools.shell]\nenabled = true\ntimeout = "20s"\n',
      '[tools.w]\nenabled = true\ncommand = ["./w"]\ndescription = "d"\nparameters = { type = "object" }\n',
    ],
    run: (input) => {
      writeFileSync(configFile, input);
      loadConfig({ file: configFile, home: '/home/me', defaultSocket: '/run/s', env: {}, flags: {} });
    },
  },
  {
    name: 'schemas',
    seeds: [SCHEMA, '{"anyOf":[{"const":1},{"type":["string","null"],"maxLength":4}]}'],
    run: (input) => {
      const schema = json(input);
      if (isObject(schema)) schemaToEbnf(schema);
    },
  },
  {
    name: 'arguments',
    seeds: ['{"a":"abc","b":null,"c":[1,2]}', '{"a":1}'],
    run: (input) => checkArguments(text(input), JSON.parse(SCHEMA) as Record<string, never>),
  },
  {
    name: 'grammars',
    seeds: [
      'start: begin hunk+ end?\nbegin: "*** Begin" LF\nhunk: /[a-z]+/ LF | "@@" (" " /(.*)/)? LF\nend: "E"i\n%import common.LF\n',
      'start: (A|B)~2..4\nA: "a".."z"\nB.2: /\\d{2,3}(x|y)*/\n',
    ],
    run: (input) => larkToEbnf(text(input)),
  },
  {
    name: 'http',
    seeds: [
      post('/v1/responses', '{"input":"hello","stream":true,"tools":[{"type":"function","name":"f"}]}'),
      post('/v1/responses', '{"input":[{"role":"user","content":[{"type":"input_text","text":"x"}]}]}'),
      post('/v1/chat/completions', '{"messages":[{"role":"user","content":"hello"}],"max_tokens":5}'),
      'GET /v1/models?x=1 HTTP/1.1\r\nhost: localhost:80\r\norigin: http://localhost\r\nconnection: close\r\n\r\n',
      'POST /v1/responses HTTP/1.1\r\nhost: [::1]\r\nexpect: 100-continue\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
    ],
    run: askHttp,
    close: closeHttp,
  },
  {
    name: 'harmony',
    // Bytes of harmony-target.ts: markers from 0, words behind them.
    seeds: [
      Uint8Array.of(1, 8, 3, 30, 31, 60, 2),
      Uint8Array.of(1, 7, 3, 60, 61, 4, 0, 6, 1, 9, 12, 16, 3, 22, 5),
    ],
    run: decodeTokens,
  },
];

function post(path: string, body: string): string {
  return `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`;
}
