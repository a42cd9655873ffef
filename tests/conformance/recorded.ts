// Exchanges recorded between the Codex CLI and a scripted server: what the model has to say for them, and what the
// real client prints when it gets that.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { JsonObject } from '../../src/ipc/messages/define.js';
import type { ScriptedTurn } from '../fixtures/scripted-engine/script.js';
import { CONFORMANCE, type TestHome } from './test-home.js';

interface Part {
  readonly type: string;
  readonly text?: string;
}

interface Item {
  readonly type: string;
  readonly role?: string;
  readonly phase?: string;
  readonly content?: string | readonly Part[];
  readonly name?: string;
  readonly namespace?: string;
  readonly arguments?: string;
  readonly input?: string;
}

export interface Recording {
  readonly project_files?: Readonly<Record<string, string>>;
  readonly processes: ReadonlyArray<{
    readonly args: readonly string[];
    readonly exit: number;
    readonly stdout_events: readonly JsonObject[];
  }>;
  readonly exchanges: ReadonlyArray<{
    readonly request: { readonly path: string; readonly body?: { readonly input: string | readonly Item[] } };
    readonly response: { readonly sse?: ReadonlyArray<{ readonly type: string; readonly item?: Item }> };
  }>;
}

export const readRecording = (name: string): Recording =>
  JSON.parse(readFileSync(join(CONFORMANCE, '..', 'fixtures', 'codex', `${name}.json`), 'utf8')) as Recording;

/** The model's side of the recorded answers. */
export const scriptOf = ({ exchanges }: Recording): readonly ScriptedTurn[] =>
  exchanges.flatMap(({ request, response }) => {
    const items = (response.sse ?? []).flatMap(({ type, item }) =>
      type === 'response.output_item.done' && item !== undefined ? [item] : [],
    );
    if (items.length === 0) return [];
    return [{ when: lastQuestion(request.body?.input ?? []), play: playOf(items) }];
  });

/** The items of one answer, as the model writes them after its opened header. */
export const playOf = (items: readonly Item[]): string =>
  items
    .map((item, index) => {
      const isLast = index === items.length - 1;
      switch (item.type) {
        case 'reasoning':
          return `<|channel|>analysis<|message|>${textOf(item.content)}<|end|>`;
        case 'message':
          return isLast && item.phase !== 'commentary'
            ? `<|channel|>final<|message|>${textOf(item.content)}<|return|>`
            : `<|channel|>commentary<|message|>${textOf(item.content)}<|end|>`;
        case 'function_call':
          return callOf(item, ' <|constrain|>json', item.arguments ?? '');
        case 'custom_tool_call':
          return callOf(item, ' code', item.input ?? '');
        default:
          throw new Error(`no turn is known for an item of type ${item.type}`);
      }
    })
    .join('<|start|>assistant');

const callOf = ({ name = '', namespace }: Item, contentType: string, text: string): string => {
  const tool = namespace === undefined ? name : `${namespace}__${name}`;
  return `<|channel|>commentary to=functions.${tool}${contentType}<|message|>${text}<|call|>`;
};

/** The beginning of the last user message's last part: what tells the turns of two threads apart. */
const lastQuestion = (input: string | readonly Item[]): string => {
  if (typeof input === 'string') return input;
  const content = input.findLast(({ role }) => role === 'user')?.content ?? '';
  const text = typeof content === 'string' ? content : (content.at(-1)?.text ?? '');
  return text.split('\n')[0]!.slice(0, 60);
};

const textOf = (content: string | readonly Part[] | undefined): string =>
  typeof content === 'string' ? content : (content ?? []).map(({ text }) => text ?? '').join('');

/** Runs the recorded processes again, one after the other, and compares what Codex prints. */
export const rerun = async (home: TestHome, { processes, project_files }: Recording): Promise<void> => {
  home.addFiles(project_files ?? {});
  for (const { args, exit, stdout_events } of processes) {
    const { code, stdout, stderr } = await home.codex(argsFor(home, args), {
      CODEX_OSS_BASE_URL: home.baseUrl,
    }).done;
    const printed = stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as JsonObject);
    expectEqual(comparable(printed, home), comparable(stdout_events, home), stderr);
    if (code !== exit) throw new Error(`codex ended with ${code} instead of ${exit}\n${stderr}`);
  }
};

/** Without Codex's sandbox, which not every machine lets it have: the server is what is tested. */
export const argsFor = (home: TestHome, [command = '', ...args]: readonly string[]): string[] =>
  [command, '-s', 'danger-full-access', ...args.filter((arg) => !SANDBOX.has(arg))].map((arg) =>
    arg
      .replace('http://127.0.0.1:PORT/v1', home.baseUrl)
      .replace('/home/user/lab/mincat2.json', join(CONFORMANCE, 'catalogues', 'small.json'))
      .replace('/home/user/lab/catalog.json', join(CONFORMANCE, 'catalogues', 'freeform.json')),
  );

const SANDBOX: ReadonlySet<string> = new Set(['-s', 'read-only', 'workspace-write']);

/** Without what differs from run to run: ids of threads, token counts, the project's place. */
const comparable = (events: readonly JsonObject[], { project }: TestHome): readonly unknown[] =>
  events
    .map(({ usage: _, ...event }) =>
      JSON.stringify(event)
        .replaceAll(project, '/home/user/project')
        .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'ID'),
    )
    .map((text) => JSON.parse(text) as unknown);

export const expectEqual = (actual: unknown, expected: unknown, more = ''): void => {
  if (isDeepStrictEqual(actual, expected)) return;
  throw new Error(`expected${shown(expected)}\nbut got${shown(actual)}\n${more.slice(-1500)}`);
};

/** A list line by line. */
const shown = (value: unknown): string =>
  Array.isArray(value)
    ? value.map((entry) => `\n  ${JSON.stringify(entry).slice(0, 400)}`).join('')
    : ` ${JSON.stringify(value)}`;
