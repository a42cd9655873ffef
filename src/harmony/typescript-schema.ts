// JSON schema as the TypeScript type the model was trained on, with every quirk of the official
// renderer: nothing is escaped, comments sit where they sit there.

import type { JsonObject, JsonValue } from './conversation.js';

/** Type of `schema`; lines inside it start with `indent`. */
export const schemaToTypeScript = (schema: JsonValue | undefined, indent: string): string => {
  if (!isObject(schema)) return 'any';
  const variants = own(schema, 'oneOf');
  if (isArray(variants)) return variants.map((variant) => inlineVariant(variant, indent)).join('');
  const type = own(schema, 'type');
  if (isArray(type)) {
    const names = type
      .filter((name) => typeof name === 'string')
      .map((name) => (name === 'integer' ? 'number' : name));
    return names.length > 0 ? names.join(' | ') : 'any';
  }
  switch (type) {
    case 'object':
      return objectType(schema, indent);
    case 'string':
      return stringType(own(schema, 'enum'));
    case 'number':
    case 'integer':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'array': {
      const items = own(schema, 'items');
      return items === undefined ? 'Array<any>' : `${schemaToTypeScript(items, indent)}[]`;
    }
    default:
      return 'any';
  }
};

const objectType = (schema: JsonObject, indent: string): string => {
  const requiredKeys = own(schema, 'required');
  const required = new Set(isArray(requiredKeys) ? requiredKeys : []);
  const properties = own(schema, 'properties');
  let out = comment(own(schema, 'description'), indent);
  out += '{\n';
  if (isObject(properties)) {
    for (const [key, value] of Object.entries(properties)) {
      out += property(`${indent}${key}${required.has(key) ? '' : '?'}:`, value, indent);
    }
  }
  return `${out}${indent}}`;
};

const stringType = (values: JsonValue | undefined): string => {
  const literals = isArray(values) ? values.filter((value) => typeof value === 'string') : [];
  return literals.length > 0 ? literals.map((value) => `"${value}"`).join(' | ') : 'string';
};

/** One property's lines; `label` is `  key?:`. */
const property = (label: string, value: JsonValue, indent: string): string => {
  const schema = isObject(value) ? value : {};
  const variants = own(schema, 'oneOf');
  const title = own(schema, 'title');
  let out = typeof title === 'string' ? `${indent}// ${title}\n${indent}//\n` : '';
  if (variants === undefined) out += comment(own(schema, 'description'), indent);
  const examples = own(schema, 'examples');
  if (isArray(examples) && examples.length > 0) {
    out += `${indent}// Examples:\n`;
    for (const example of examples) if (typeof example === 'string') out += `${indent}// - "${example}"\n`;
  }
  if (isArray(variants)) return out + propertyOfVariants(label, schema, variants, indent);

  const type = withNull(schemaToTypeScript(value, `${indent}    `), schema);
  const defaultText = variants === undefined ? defaultOf(schema) : undefined;
  return `${out}${label} ${type},${defaultText === undefined ? '' : ` // ${defaultText}`}\n`;
};

const propertyOfVariants = (
  label: string,
  schema: JsonObject,
  variants: readonly JsonValue[],
  indent: string,
): string => {
  const description = stringOf(own(schema, 'description'));
  const isDescribedAbove = description !== undefined && description !== descriptionOf(variants[0]);
  let out = isDescribedAbove ? comment(description, indent) : '';
  const defaultText = defaultOf(schema);
  if (defaultText !== undefined) out += `${indent}// ${defaultText}\n`;
  out += `${label}\n`;
  variants.forEach((variant, i) => {
    const ofVariant = descriptionOf(variant);
    const isLeftOut = ofVariant === description || (i === 0 && isDescribedAbove);
    const comments = [isLeftOut ? undefined : ofVariant, isObject(variant) ? defaultOf(variant) : undefined];
    out += `${indent} | ${variantType(variant, indent)}${trailing(comments)}\n`;
  });
  return `${out}${indent},\n`;
};

/** A variant where no property names it; here a string default of an enum keeps its quotes. */
const inlineVariant = (variant: JsonValue, indent: string): string => {
  const value = isObject(variant) ? own(variant, 'default') : undefined;
  const defaultText =
    value === undefined || !isObject(variant)
      ? undefined
      : typeof value === 'string' && isEnum(variant)
        ? `default: ${JSON.stringify(value)}`
        : defaultOf(variant);
  return `\n${indent} | ${variantType(variant, indent)}${trailing([descriptionOf(variant), defaultText])}`;
};

const variantType = (variant: JsonValue, indent: string): string =>
  withNull(schemaToTypeScript(variant, `${indent}   `), isObject(variant) ? variant : {});

const withNull = (type: string, schema: JsonObject): string =>
  own(schema, 'nullable') === true && !type.includes('null') ? `${type} | null` : type;

const trailing = (comments: readonly (string | undefined)[]): string => {
  const present = comments.filter((text) => text !== undefined);
  return present.length > 0 ? ` // ${present.join(' ')}` : '';
};

const comment = (text: JsonValue | undefined, indent: string): string =>
  typeof text === 'string' ? `${indent}// ${text}\n` : '';

const defaultOf = (schema: JsonObject): string | undefined => {
  const value = own(schema, 'default');
  if (value === undefined) return undefined;
  if (typeof value !== 'string') return `default: ${compactJson(value)}`;
  return isEnum(schema) ? `default: ${value}` : `default: "${value}"`;
};

const isEnum = (schema: JsonObject): boolean => {
  const values = own(schema, 'enum');
  return isArray(values) && values.length > 0;
};

/** JSON without spaces. */
const compactJson = (value: JsonValue): string => {
  if (typeof value === 'number') return numberText(value);
  if (isArray(value)) return `[${value.map(compactJson).join(',')}]`;
  if (isObject(value)) {
    return `{${Object.entries(value)
      .map(([key, member]) => `${JSON.stringify(key)}:${compactJson(member)}`)
      .join(',')}}`;
  }
  return JSON.stringify(value);
};

/**
 * Integers that fit 64 bits as such (JavaScript cannot tell 1.0 from 1); other doubles as Rust prints
 * them, with an exponent below 1e-5 and from 1e16 on: `1e-6`, `1e20`.
 */
const numberText = (value: number): string => {
  if (Object.is(value, -0)) return '-0.0';
  if (Number.isInteger(value) && value < 2 ** 64 && value >= -(2 ** 63)) return BigInt(value).toString();
  const size = Math.abs(value);
  return size < 1e-5 || size >= 1e16 ? value.toExponential().replace('e+', 'e') : String(value);
};

const descriptionOf = (schema: JsonValue | undefined): string | undefined =>
  isObject(schema) ? stringOf(own(schema, 'description')) : undefined;

const stringOf = (value: JsonValue | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined;

/** A key such as `constructor` must not find what every object inherits. */
const own = (schema: JsonObject, key: string): JsonValue | undefined =>
  Object.hasOwn(schema, key) ? schema[key] : undefined;

const isArray = (value: JsonValue | undefined): value is readonly JsonValue[] => Array.isArray(value);

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
