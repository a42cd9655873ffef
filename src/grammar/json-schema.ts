// JSON Schema as a grammar. All that the grammar accepts is valid by the schema; not all that is valid is accepted:
// properties come in the schema's order, those it does not name only where it says so, and numbers have at most 15 digits.
// A keyword that cannot be held to is refused by its name, never ignored.

import { choice, createRules, type Ebnf, EMPTY, literal, repeat, sequence } from './ebnf.js';
import { unsupportedGrammar } from './errors.js';
import { countedCharacter, createJsonText, integer, jsonSet, number, quoted } from './json-text.js';
import { integersWithin, type Limits, numbersWithin } from './number-range.js';
import { otherKey } from './object-keys.js';
import { anyText, ecmaDialect, regexToEbnf } from './regex.js';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Schema = Readonly<Record<string, Json>>;

/** What is only said about a value. `format` is one of them unless a validator is told otherwise. */
const ANNOTATIONS = new Set(
  '$schema $id $comment $anchor $defs definitions title description default examples example deprecated readOnly writeOnly format contentEncoding contentMediaType nullable'.split(
    ' ',
  ),
);
const REFUSED =
  'not if then else dependentSchemas dependentRequired dependencies contains minContains maxContains uniqueItems multipleOf patternProperties propertyNames unevaluatedItems unevaluatedProperties minProperties maxProperties additionalItems $dynamicRef $recursiveRef'.split(
    ' ',
  );
/** Keywords that decide alone what a value is. */
const WHOLE = ['$ref', 'const', 'enum', 'anyOf', 'oneOf', 'allOf'] as const;
const OF_TYPE: Readonly<Record<string, readonly string[]>> = {
  object: ['properties', 'required', 'additionalProperties'],
  array: ['items', 'prefixItems', 'minItems', 'maxItems'],
  string: ['minLength', 'maxLength', 'pattern'],
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
  integer: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
  boolean: [],
  null: [],
};
const MAX_DEPTH = 48;
const MAX_SCHEMA_CHARS = 1 << 17;

/** Throws `unsupported_option`, naming the keyword. */
export const schemaToEbnf = (schema: Schema): string => {
  const numChars = JSON.stringify(schema).length;
  if (numChars > MAX_SCHEMA_CHARS)
    throw unsupportedGrammar(`the schema has ${numChars} characters, more than ${MAX_SCHEMA_CHARS}`);
  return new SchemaConversion(schema).grammar();
};

/** Where a schema stands: how deep, and which references lead here without a character between. */
interface Place {
  readonly depth: number;
  readonly references: readonly string[];
}

class SchemaConversion {
  readonly #rules = createRules();
  readonly #json = createJsonText(this.#rules);
  readonly #byReference = new Map<string, Ebnf>();

  constructor(readonly root: Schema) {}

  grammar(): string {
    return this.#rules.grammar(this.#convert(this.root, { depth: 0, references: [] }));
  }

  #convert(schema: Json | undefined, place: Place): Ebnf {
    if (schema === undefined || schema === true) return this.#json.value;
    if (schema === false) throw unsupportedGrammar('the schema false allows no value');
    if (!isSchema(schema)) throw unsupportedGrammar(`a schema is ${JSON.stringify(schema).slice(0, 40)}`);
    if (place.depth > MAX_DEPTH) throw unsupportedGrammar('schemas are nested too deeply');
    for (const keyword of REFUSED) {
      const value = own(schema, keyword);
      const saysNothing =
        value === undefined ||
        (keyword === 'uniqueItems' && value === false) ||
        (keyword !== 'not' && isEmptySchema(value));
      if (!saysNothing) throw unsupportedGrammar(`the keyword ${keyword} is not supported`);
    }
    const whole = WHOLE.find((keyword) => own(schema, keyword) !== undefined);
    return whole === undefined ? this.#convertTypes(schema, place) : this.#convertWhole(schema, whole, place);
  }

  #convertWhole(schema: Schema, keyword: (typeof WHOLE)[number], place: Place): Ebnf {
    const value = own(schema, keyword);
    const beside = Object.keys(schema).filter((key) => key !== keyword && !ANNOTATIONS.has(key));
    const mayHaveType = keyword !== '$ref';
    const odd = beside.find((key) => isAssertion(key) && !(mayHaveType && key === 'type'));
    if (odd !== undefined) throw unsupportedGrammar(`the keyword ${odd} beside ${keyword} is not supported`);
    const type = own(schema, 'type');
    switch (keyword) {
      case '$ref':
        return this.#refer(value!, place);
      case 'const':
        return this.#values([value!], type);
      case 'enum':
        if (!Array.isArray(value) || value.length === 0) throw unsupportedGrammar('enum has no values');
        return this.#values(value as readonly Json[], type);
      case 'anyOf':
      case 'oneOf':
      case 'allOf': {
        if (!Array.isArray(value) || value.length === 0)
          throw unsupportedGrammar(`${keyword} has no schemas`);
        const schemas = (value as readonly Json[]).map((each) => withType(each, type));
        if (keyword === 'allOf' && schemas.length > 1)
          throw unsupportedGrammar('the keyword allOf with more than one schema is not supported');
        if (keyword === 'oneOf' && !areDisjoint(schemas, (each) => this.#resolve(each)))
          throw unsupportedGrammar(
            'the keyword oneOf with schemas that one value could satisfy together is not supported (use anyOf, or give each a required property with a const of its own)',
          );
        return choice(...schemas.map((each) => this.#convert(each, deeper(place))));
      }
    }
  }

  #refer(reference: Json, place: Place): Ebnf {
    if (typeof reference !== 'string') throw unsupportedGrammar('$ref is no string');
    if (place.references.includes(reference))
      throw unsupportedGrammar(`$ref ${JSON.stringify(reference.slice(0, 60))} leads to itself`);
    const known = this.#byReference.get(reference);
    if (known !== undefined) return known;
    const target = this.#lookUp(reference);
    return this.#rules.add('ref', (self) => {
      this.#byReference.set(reference, self);
      return this.#convert(target, { depth: place.depth + 1, references: [...place.references, reference] });
    });
  }

  #lookUp(reference: string): Json {
    if (reference !== '#' && !reference.startsWith('#/'))
      throw unsupportedGrammar(
        `$ref ${JSON.stringify(reference.slice(0, 60))} is not supported: only references into the schema itself (#/…) are`,
      );
    let target: Json = this.root;
    for (const part of reference.split('/').slice(1)) {
      const key = decodeURIComponentSafely(part).replace(/~1/g, '/').replace(/~0/g, '~');
      const next: Json | undefined = Array.isArray(target)
        ? (target as readonly Json[])[Number(key)]
        : isSchema(target)
          ? own(target, key)
          : undefined;
      if (next === undefined)
        throw unsupportedGrammar(`$ref ${JSON.stringify(reference.slice(0, 60))} leads nowhere`);
      target = next;
    }
    return target;
  }

  #resolve(schema: Json): Json {
    let target = schema;
    for (let hops = 0; hops < 8 && isSchema(target); hops++) {
      const reference = own(target, '$ref');
      if (typeof reference !== 'string') break;
      target = this.#lookUp(reference);
    }
    return target;
  }

  #values(values: readonly Json[], type: Json | undefined): Ebnf {
    const fitting = values.filter(
      (value) => type === undefined || typesOf(type).some((name) => isOfType(value, name)),
    );
    if (fitting.length === 0) throw unsupportedGrammar('enum or const has no value of its type');
    return choice(...fitting.map((value) => literal(JSON.stringify(value))));
  }

  #convertTypes(schema: Schema, place: Place): Ebnf {
    const stated = own(schema, 'type');
    const types = stated === undefined ? impliedTypes(schema) : typesOf(stated);
    if (types === null) return this.#json.value;
    return choice(...types.map((type) => this.#convertType(schema, type, place)));
  }

  #convertType(schema: Schema, type: string, place: Place): Ebnf {
    switch (type) {
      case 'object':
        return this.#object(schema, { depth: place.depth + 1, references: [] });
      case 'array':
        return this.#array(schema, { depth: place.depth + 1, references: [] });
      case 'string':
        return this.#string(schema);
      case 'integer':
        return hasLimits(schema) ? integersWithin(limitsOf(schema)) : integer;
      case 'number':
        return hasLimits(schema) ? numbersWithin(limitsOf(schema)) : number;
      case 'boolean':
        return choice(literal('true'), literal('false'));
      case 'null':
        return literal('null');
      default:
        throw unsupportedGrammar(`the type ${JSON.stringify(type)} is not supported`);
    }
  }

  #string(schema: Schema): Ebnf {
    const pattern = own(schema, 'pattern');
    const least = countOf(schema, 'minLength') ?? 0;
    const most = countOf(schema, 'maxLength');
    if (pattern === undefined)
      return least === 0 && most === undefined
        ? this.#json.string
        : quoted(repeat(countedCharacter, least, checkOrder('Length', least, most)));
    if (typeof pattern !== 'string') throw unsupportedGrammar('pattern is no string');
    if (least > 0 || most !== undefined)
      throw unsupportedGrammar('the keyword pattern beside minLength or maxLength is not supported');
    return quoted(
      regexToEbnf(pattern, {
        dialect: ecmaDialect,
        write: jsonSet,
        ignoresCase: false,
        dotAll: false,
        around: anyText(jsonSet),
      }),
    );
  }

  #array(schema: Schema, place: Place): Ebnf {
    const { space } = this.#json;
    const items = own(schema, 'items');
    if (Array.isArray(items))
      throw unsupportedGrammar('the keyword items with a list is not supported (use prefixItems)');
    const prefix = own(schema, 'prefixItems') ?? [];
    if (!Array.isArray(prefix)) throw unsupportedGrammar('prefixItems is no list');
    const least = countOf(schema, 'minItems') ?? 0;
    const most = checkOrder('Items', least, countOf(schema, 'maxItems'));
    const fixed = (prefix as readonly Json[]).slice(0, most).map((item) => this.#convert(item, place));
    const comma = sequence(space, literal(','), space);
    const mayGoOn = items !== false && (fixed.length === 0 || items !== undefined || least > fixed.length);
    const numLeast = Math.max(0, least - fixed.length);
    const numMost = mayGoOn ? (most === undefined ? undefined : most - fixed.length) : 0;
    if (numLeast > 0 && !mayGoOn)
      throw unsupportedGrammar('minItems asks for more items than the schema allows');
    const begin = fixed.flatMap((item, index) => (index === 0 ? [item] : [comma, item]));
    let content: Ebnf = sequence(...begin);
    if (numMost !== 0) {
      const item = this.#rules.add('item', () => this.#convert(items, place));
      const further = sequence(comma, item);
      if (fixed.length > 0) {
        content = sequence(content, repeat(further, numLeast, numMost));
      } else {
        const one = sequence(
          item,
          repeat(further, Math.max(0, numLeast - 1), numMost === undefined ? undefined : numMost - 1),
        );
        content = numLeast === 0 ? choice(EMPTY, sequence(one)) : one;
      }
    }
    return sequence(literal('['), space, content, space, literal(']'));
  }

  #object(schema: Schema, place: Place): Ebnf {
    const { space } = this.#json;
    const properties = own(schema, 'properties') ?? {};
    const required = own(schema, 'required') ?? [];
    const additional = own(schema, 'additionalProperties');
    if (!isSchema(properties)) throw unsupportedGrammar('properties is no map');
    if (!Array.isArray(required)) throw unsupportedGrammar('required is no list');
    const names = Object.keys(properties);
    const unnamed = (required as readonly Json[]).filter(
      (name): name is string => typeof name === 'string' && !names.includes(name),
    );
    if (unnamed.length > 0 && additional === false)
      throw unsupportedGrammar(
        `required names ${JSON.stringify(unnamed[0])}, which additionalProperties forbids`,
      );
    const all = [...names, ...unnamed];
    if (all.length === 0 && (additional === undefined || additional === true)) return this.#json.object;

    const mayAdd = additional === undefined ? all.length === 0 : additional !== false;
    const comma = sequence(space, literal(','), space);
    const colon = sequence(space, literal(':'), space);
    const pair = (name: string): Ebnf =>
      sequence(
        literal(JSON.stringify(name)),
        colon,
        this.#convert(names.includes(name) ? own(properties, name) : additional, place),
      );
    const addition = mayAdd
      ? this.#rules.add('additional', () => sequence(otherKey(all), colon, this.#convert(additional, place)))
      : undefined;

    // From the last property to the first: what may follow when something, or nothing, has been written before.
    let afterSome = addition === undefined ? EMPTY : repeat(sequence(comma, addition), 0, undefined);
    let afterNone = addition === undefined ? EMPTY : choice(EMPTY, sequence(addition, afterSome));
    for (const name of all.toReversed()) {
      const written = this.#rules.add(`property_${name}`, () => pair(name));
      const isRequired = (required as readonly Json[]).includes(name);
      const [some, none] = [afterSome, afterNone];
      const following = this.#rules.add('rest', () =>
        choice(sequence(comma, written, some), ...(isRequired ? [] : [some])),
      );
      afterNone = choice(sequence(written, some), ...(isRequired ? [] : [none]));
      if (!isRequired) {
        const first = afterNone;
        afterNone = this.#rules.add('first', () => first);
      }
      afterSome = following;
    }
    return sequence(literal('{'), space, afterNone, space, literal('}'));
  }
}

const deeper = ({ depth, references }: Place): Place => ({ depth: depth + 1, references });

const isAssertion = (keyword: string): boolean =>
  keyword === 'type' ||
  (WHOLE as readonly string[]).includes(keyword) ||
  Object.values(OF_TYPE).some((keywords) => keywords.includes(keyword));

const typesOf = (type: Json): readonly string[] => {
  const types = Array.isArray(type) ? (type as readonly Json[]) : [type];
  if (types.length === 0 || !types.every((name) => typeof name === 'string'))
    throw unsupportedGrammar(`the type ${JSON.stringify(type)} is not supported`);
  return types;
};

/** Of a schema that only says what an object (or so) must be like: it is meant to be one. */
const impliedTypes = (schema: Schema): readonly string[] | null => {
  for (const type of ['object', 'array', 'string', 'number'])
    if (OF_TYPE[type]!.some((keyword) => own(schema, keyword) !== undefined)) return [type];
  return null;
};

const isOfType = (value: Json, type: string): boolean => {
  switch (type) {
    case 'null':
      return value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isSchema(value);
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
};

const withType = (schema: Json, type: Json | undefined): Json =>
  type !== undefined &&
  isSchema(schema) &&
  !WHOLE.some((keyword) => own(schema, keyword) !== undefined) &&
  own(schema, 'type') === undefined
    ? { ...schema, type }
    : schema;

/** No value can satisfy two of them: their types differ, or a required property has other constants in each. */
const areDisjoint = (schemas: readonly Json[], resolve: (schema: Json) => Json): boolean => {
  const resolved = schemas.map(resolve);
  return resolved.every((one, index) =>
    resolved.slice(index + 1).every((other) => haveNothingInCommon(one, other)),
  );
};

const haveNothingInCommon = (one: Json, other: Json): boolean => {
  if (!isSchema(one) || !isSchema(other)) return false;
  const [values, otherValues] = [constantsOf(one), constantsOf(other)];
  if (values !== null && otherValues !== null) return !values.some((value) => otherValues.includes(value));
  const [mine, theirs] = [kindsOf(one), kindsOf(other)];
  if (mine === null || theirs === null) return false;
  if (!mine.some((type) => theirs.includes(type))) return true;
  if (mine.join() !== 'object' || theirs.join() !== 'object') return false;
  const tags = new Map(tagsOf(other));
  return tagsOf(one).some(([name, values]) => {
    const others = tags.get(name);
    return others !== undefined && !values.some((value) => others.includes(value));
  });
};

const kindsOf = (schema: Schema): readonly string[] | null => {
  const type = own(schema, 'type');
  return type === undefined ? null : typesOf(type).map((name) => (name === 'integer' ? 'number' : name));
};

const tagsOf = (schema: Schema): Array<readonly [string, readonly string[]]> => {
  const properties = own(schema, 'properties');
  const required = own(schema, 'required');
  if (properties === undefined || !isSchema(properties) || !Array.isArray(required)) return [];
  return Object.keys(properties).flatMap((name) => {
    const property = own(properties, name)!;
    const values = isSchema(property) ? constantsOf(property) : null;
    return values !== null && (required as readonly Json[]).includes(name) ? [[name, values] as const] : [];
  });
};

const constantsOf = (schema: Schema): readonly string[] | null => {
  const constant = own(schema, 'const');
  const values = own(schema, 'enum');
  if (constant !== undefined) return [JSON.stringify(constant)];
  return Array.isArray(values) ? (values as readonly Json[]).map((value) => JSON.stringify(value)) : null;
};

const hasLimits = (schema: Schema): boolean =>
  OF_TYPE['number']!.some((keyword) => own(schema, keyword) !== undefined);

const limitsOf = (schema: Schema): Limits => {
  const [minimum, maximum] = [numberOf(schema, 'minimum'), numberOf(schema, 'maximum')];
  const [above, below] = [numberOf(schema, 'exclusiveMinimum'), numberOf(schema, 'exclusiveMaximum')];
  const isAboveLeast = above !== undefined && (minimum === undefined || above >= minimum);
  const isBelowMost = below !== undefined && (maximum === undefined || below <= maximum);
  return {
    least: isAboveLeast ? above : minimum,
    most: isBelowMost ? below : maximum,
    isAboveLeast,
    isBelowMost,
  };
};

const numberOf = (schema: Schema, keyword: string): number | undefined => {
  const value = own(schema, keyword);
  if (value !== undefined && typeof value !== 'number')
    throw unsupportedGrammar(`the keyword ${keyword} with ${JSON.stringify(value)} is not supported`);
  return value;
};

const countOf = (schema: Schema, keyword: string): number | undefined => {
  const value = numberOf(schema, keyword);
  if (value !== undefined && (!Number.isInteger(value) || value < 0))
    throw unsupportedGrammar(`the keyword ${keyword} with ${value} is not supported`);
  return value;
};

const checkOrder = (what: string, least: number, most: number | undefined): number | undefined => {
  if (most !== undefined && most < least) throw unsupportedGrammar(`min${what} is above max${what}`);
  return most;
};

/** A key such as `constructor` must not find what every object inherits. */
const own = (schema: Schema, key: string): Json | undefined =>
  Object.hasOwn(schema, key) ? schema[key] : undefined;

const isSchema = (value: Json): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isEmptySchema = (value: Json | undefined): boolean =>
  value !== undefined && isSchema(value) && Object.keys(value).length === 0;

const decodeURIComponentSafely = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};
