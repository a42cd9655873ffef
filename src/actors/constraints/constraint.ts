// What of a response has to be held to a schema or a grammar, as grammars; and its plan for the engine.

import type { Tokenizer } from '../../harmony/tokenizer.js';
import { createTurnPlan, type TurnPlan } from '../../harmony/turn-plan.js';
import { inPlace } from '../../grammar/errors.js';
import { schemaToEbnf } from '../../grammar/json-schema.js';
import { larkToEbnf, regexToGrammar } from '../../grammar/lark-to-ebnf.js';
import type { Respond, Tool } from '../../ipc/protocol.js';
import { offeredTools } from '../offered-tools.js';

export interface Constraint {
  readonly tools: ReadonlyArray<{
    readonly name: string;
    readonly isFreeform: boolean;
    readonly grammar: string | null;
  }>;
  readonly output: string | null;
  /** Some tool, or the one of this name, has to be called. */
  readonly mustCall: boolean | string;
}

/** A generation's constraint as the engine follows it. */
export interface Guidance {
  readonly plan: TurnPlan;
  readonly grammars: readonly string[];
  /** The request rests on it: an output schema, a call that has to be made. Tools' grammars alone only help. */
  readonly isPromised: boolean;
}

/** null: nothing is held to anything. Throws `unsupported_option`, naming the tool and the keyword. */
export const constraintOf = (
  request: Pick<Respond, 'tools' | 'toolChoice' | 'outputSchema'>,
): Constraint | null => {
  const { toolChoice, outputSchema } = request;
  const mustCall = typeof toolChoice === 'object' ? toolChoice.name : toolChoice === 'required';
  const tools = offeredTools(request).map((tool) => ({
    name: tool.name,
    isFreeform: tool.kind === 'freeform',
    grammar: grammarOf(tool),
  }));
  const output =
    outputSchema === null ? null : named('The schema of the output', () => schemaToEbnf(outputSchema));
  const isFree = output === null && mustCall === false && tools.every(({ grammar }) => grammar === null);
  return isFree ? null : { tools, output, mustCall };
};

export interface GuidanceOptions {
  readonly tokenizer: Tokenizer;
  readonly builtins: readonly string[];
  /** Only the first round of a response has to call: what follows answers the call's output. */
  readonly isFirstRound: boolean;
}

export const guidanceOf = (
  { tools, output, mustCall }: Constraint,
  { tokenizer, builtins, isFirstRound }: GuidanceOptions,
): Guidance => {
  const grammars: string[] = [];
  const indexOf = (grammar: string | null): number | null =>
    grammar === null ? null : grammars.push(grammar) - 1;
  const isForced = isFirstRound && mustCall !== false;
  const only = isForced && typeof mustCall === 'string' ? mustCall : null;
  const callable = only === null ? tools : tools.filter(({ name }) => name === only);
  const plan = createTurnPlan({
    tokenizer,
    tools: callable.map(({ name, isFreeform, grammar }) => ({ name, isFreeform, grammar: indexOf(grammar) })),
    builtins: only === null ? builtins : [],
    mustCall: isForced,
    finalGrammar: indexOf(output),
  });
  return { plan, grammars, isPromised: output !== null || isForced };
};

const grammarOf = (tool: Tool): string | null => {
  const place = `The ${tool.kind === 'function' ? 'schema' : 'grammar'} of the tool ${JSON.stringify(tool.name)}`;
  if (tool.kind === 'function')
    return tool.strict ? named(place, () => schemaToEbnf(tool.parameters ?? NO_PARAMETERS)) : null;
  const { grammar } = tool;
  if (grammar === null) return null;
  return named(place, () =>
    grammar.syntax === 'lark' ? larkToEbnf(grammar.definition) : regexToGrammar(grammar.definition),
  );
};

/** A function that takes nothing is called with an empty object. */
const NO_PARAMETERS = { type: 'object', properties: {}, additionalProperties: false } as const;

const named = <Result>(place: string, work: () => Result): Result => {
  try {
    return work();
  } catch (error) {
    throw inPlace(place, error);
  }
};
