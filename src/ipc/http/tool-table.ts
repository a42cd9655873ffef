// The tools of a request: what the model is offered, and the way back from the name it calls to the client's own terms.
// Namespaces are flattened, because the model's tools are functions of one namespace: `ns` + `tool` → `ns__tool`.

import type { JsonObject, JsonValue } from '../messages/define.js';
import type { Tool, ToolChoice } from '../protocol.js';
import { invalidBody } from './api-error.js';
import { typeForLog } from './type-for-log.js';

/** A call as its client knows it. */
export interface CalledTool {
  readonly name: string;
  readonly namespace: string | null;
  readonly isFreeform: boolean;
}

export interface ToolTable {
  readonly tools: readonly Tool[];
  /** What was left out, for the log: tools that the server of the big models runs itself. */
  readonly ignored: readonly string[];
  /** The tool behind a name that the model called; a name that is nobody's is handed on as it is. */
  called(name: string): CalledTool;
  /** The client offered a tool that the model may know by this name. */
  isOffered(name: string): boolean;
  /** The flat name of a call in the conversation so far. */
  flatName(name: string, namespace: string | null): string;
}

interface Entry extends CalledTool {
  readonly tool: Tool;
}

export const createToolTable = (offered: readonly JsonObject[]): ToolTable => {
  const entries = new Map<string, Entry>();
  const ignored: string[] = [];

  const add = (described: JsonObject, namespace: string | null): void => {
    const type = described['type'];
    const definition = definitionOf(described);
    const isFreeform = type === 'custom';
    if (!isFreeform && type !== 'function') {
      ignored.push(typeof type === 'string' ? typeForLog(type) : 'without a type');
      return;
    }
    const name = definition['name'];
    if (typeof name !== 'string' || name === '') {
      ignored.push('without a name'); // nobody could call it
      return;
    }
    const flat = freeName(namespace === null ? name : joined(namespace, name), entries);
    const tool: Tool = isFreeform ? freeformTool(flat, definition) : functionTool(flat, definition);
    entries.set(flat, { name, namespace, isFreeform, tool });
  };

  for (const described of offered) {
    if (described['type'] !== 'namespace') add(described, null);
    else
      for (const inner of objectsOf(described['tools'])) add(inner, textOf(described['name'], 'namespace'));
  }

  const byName = (name: string): Entry | undefined =>
    entries.get(name) ?? entries.get(name.replace('.', SEPARATOR));

  const find = (name: string, namespace: string | null): [string, Entry] | undefined =>
    [...entries].find(([, entry]) => entry.name === name && entry.namespace === namespace);

  return {
    tools: [...entries.values()].map(({ tool }) => tool),
    ignored,
    called: (name) => {
      const entry = byName(name);
      return entry === undefined
        ? { name, namespace: null, isFreeform: false }
        : { name: entry.name, namespace: entry.namespace, isFreeform: entry.isFreeform };
    },
    isOffered: (name) => byName(name) !== undefined,
    flatName: (name, namespace) =>
      find(name, namespace)?.[0] ?? (namespace === null ? name : joined(namespace, name)),
  };
};

const SEPARATOR = '__';
const joined = (namespace: string, name: string): string => `${namespace}${SEPARATOR}${name}`;

/** Two tools of one flat name: the later one gets a number, the same in every request. */
const freeName = (wanted: string, taken: ReadonlyMap<string, unknown>): string => {
  let name = wanted;
  for (let number = 2; taken.has(name); number++) name = `${wanted}_${number}`;
  return name;
};

/** Chat Completions puts the definition one level deeper than Responses do. */
const definitionOf = (described: JsonObject): JsonObject => {
  const inner = described[textOf(described['type'], '')];
  return isObject(inner) ? inner : described;
};

const functionTool = (name: string, { description, parameters, strict }: JsonObject): Tool => ({
  kind: 'function',
  name,
  description: textOf(description, ''),
  parameters: isObject(parameters) ? parameters : null,
  strict: strict === true,
});

const freeformTool = (name: string, { description, format }: JsonObject): Tool => {
  const grammar = isObject(format) && format['type'] === 'grammar' ? format : null;
  const { syntax, definition } =
    grammar !== null && isObject(grammar['grammar']) ? grammar['grammar'] : (grammar ?? {});
  return {
    kind: 'freeform',
    name,
    description: textOf(description, ''),
    grammar:
      (syntax === 'lark' || syntax === 'regex') && typeof definition === 'string'
        ? { syntax, definition }
        : null,
  };
};

export interface ChosenTools {
  readonly tools: readonly Tool[];
  readonly toolChoice: ToolChoice;
}

/** `tool_choice` of either API. A tool that its server would run is none of ours: `auto`. Errors: invalid_request. */
export const chooseTools = ({ tools, flatName }: ToolTable, choice: JsonValue | undefined): ChosenTools => {
  if (choice === 'none' || choice === 'required') {
    return { tools, toolChoice: choice === 'required' && tools.length === 0 ? 'auto' : choice };
  }
  if (!isObject(choice)) return { tools, toolChoice: 'auto' };
  if (choice['type'] === 'allowed_tools') {
    const allowance = isObject(choice['allowed_tools']) ? choice['allowed_tools'] : choice;
    const names = objectsOf(allowance['tools']).map((tool) =>
      flatName(textOf(definitionOf(tool)['name'], ''), nullable(tool['namespace'])),
    );
    const allowed = tools.filter(({ name }) => names.includes(name));
    const isRequired = allowance['mode'] === 'required' && allowed.length > 0;
    return { tools: allowed, toolChoice: isRequired ? 'required' : 'auto' };
  }
  const asked = textOf(definitionOf(choice)['name'], '');
  const name = flatName(asked, nullable(choice['namespace']));
  if (tools.some((tool) => tool.name === name)) return { tools, toolChoice: { name } };
  if (choice['type'] === 'function' || choice['type'] === 'custom')
    throw invalidBody(
      `tool_choice names ${JSON.stringify(asked)}, which is none of the tools`,
      'tool_choice',
    );
  return { tools, toolChoice: 'auto' };
};

const nullable = (value: JsonValue | undefined): string | null =>
  typeof value === 'string' && value !== '' ? value : null;

const textOf = (value: JsonValue | undefined, fallback: string): string =>
  typeof value === 'string' ? value : fallback;

const objectsOf = (value: JsonValue | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? (value as readonly JsonValue[]).filter(isObject) : [];

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Of a function: clients parse them, and some models write nothing where a tool takes nothing. */
export const argumentsText = (text: string): string => (text.trim() === '' ? '{}' : text);
