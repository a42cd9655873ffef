// The kinds of values that settings have. Each reads TOML values as well as the text of a flag or a variable.

import * as z from 'zod';

const kind = <Value>(expected: string, read: (value: unknown) => Value | undefined) =>
  z.unknown().transform((value, context) => {
    const result = read(value);
    if (result !== undefined) return result;
    context.addIssue({ code: 'custom', message: `must be ${expected}, not ${shown(value)}` });
    return z.NEVER;
  });

export const integer = (min: number, max: number) =>
  kind(`a whole number from ${min} to ${max}`, (value) => {
    const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
    return typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max
      ? number
      : undefined;
  });

export const choice = <const Name extends string>(names: readonly Name[]) =>
  kind(`one of ${names.join(', ')}`, (value) => names.find((name) => name === value));

const YES = ['1', 'true', 'yes', 'on'];
const NO = ['0', 'false', 'no', 'off'];

/** true or false; a variable may say 1 or 0. */
export const flag = () =>
  kind('true or false', (value) => {
    if (typeof value === 'boolean') return value;
    if (typeof value !== 'string') return undefined;
    return YES.includes(value) ? true : NO.includes(value) ? false : undefined;
  });

/** Text that is not empty. */
export const text = () =>
  kind('a text', (value) => (typeof value === 'string' && value.trim() !== '' ? value : undefined));

/** A list, not empty, of texts that are not empty; a variable has commas between them. */
export const texts = () =>
  kind('a list of texts', (value) => {
    const items: unknown = typeof value === 'string' ? value.split(',').map((item) => item.trim()) : value;
    return Array.isArray(items) &&
      items.length > 0 &&
      items.every((item) => typeof item === 'string' && item !== '')
      ? (items as readonly string[])
      : undefined;
  });

/** Port numbers, as a list or with commas between them. */
export const ports = () =>
  kind('a list of ports, such as [11434]', (value) => {
    const items: readonly unknown[] = Array.isArray(value)
      ? value
      : typeof value === 'string'
        ? value.split(',').map((item) => item.trim())
        : [value];
    const read = items.map((item) => integer(1, 65_535).safeParse(item).data);
    return read.every((port) => port !== undefined) ? (read as readonly number[]) : undefined;
  });

/** Text that is not empty. `~/` stands for the home folder. */
export const path = (home: string) => kind('a path', (value) => readPath(home, value));

export const paths = (home: string) =>
  kind('a list of paths', (value) => {
    const read = Array.isArray(value) ? value.map((item) => readPath(home, item)) : [undefined];
    return read.every((item) => item !== undefined) ? (read as readonly string[]) : undefined;
  });

const readPath = (home: string, value: unknown): string | undefined => {
  if (typeof value !== 'string' || value === '' || value.includes('\0')) return undefined;
  return value.startsWith('~/') ? `${home}/${value.slice(2)}` : value;
};

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** Milliseconds, from "500ms", "30s", "5m", "2h" or a number of seconds. */
export const duration = () => kind('a duration such as "30s" or "5m"', readDuration);

/** As `duration`; "always" is null: no end. */
export const durationOrAlways = () =>
  kind('a duration such as "30s" or "5m", or "always"', (value) =>
    value === 'always' ? null : readDuration(value),
  );

/** 24 days, as good as for ever: a longer timer would end at once. */
const LONGEST_MS = 2 ** 31 - 1;

const readDuration = (value: unknown): number | undefined => {
  if (typeof value === 'number')
    return Number.isFinite(value) && value >= 0 ? Math.min(value * 1_000, LONGEST_MS) : undefined;
  const match = typeof value === 'string' ? /^(\d+(?:\.\d+)?)\s*(ms|s|m|h)?$/.exec(value) : null;
  if (match === null) return undefined;
  return Math.min(Number(match[1]) * UNIT_MS[(match[2] ?? 's') as keyof typeof UNIT_MS], LONGEST_MS);
};

const UNIT_BYTES = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 } as const;

/** Bytes, from "12GiB", "800M" or a number. Units are powers of 1024. */
export const bytes = () => kind('a size such as "64KiB" or "1GiB"', readBytes);

/** As `bytes`; "auto" is null. */
export const bytesOrAuto = () =>
  kind('a size such as "12GiB", or "auto"', (value) => (value === 'auto' ? null : readBytes(value)));

const readBytes = (value: unknown): number | undefined => {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value > 0 ? value : undefined;
  const match = typeof value === 'string' ? /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(value) : null;
  if (match === null) return undefined;
  return Math.round(Number(match[1]) * UNIT_BYTES[(match[2] ?? '').toLowerCase() as keyof typeof UNIT_BYTES]);
};

/** As `bytesOrAuto`; "off" is 0. */
export const bytesOrOff = () =>
  kind('a size such as "2GiB", or "off"', (value) =>
    value === 'off' || value === 0
      ? 0
      : value === 'auto'
        ? undefined
        : (bytesOrAuto().safeParse(value).data ?? undefined),
  );

/** A number, or "auto" for null. */
export const integerOrAuto = (min: number, max: number) =>
  kind(`a whole number from ${min} to ${max}, or "auto"`, (value) =>
    value === 'auto' ? null : integer(min, max).safeParse(value).data,
  );

export type JsonSchema = { readonly [key: string]: JsonValue };
type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonSchema;

/** The JSON schema of an object, as a table. */
export const jsonSchema = () =>
  kind('the JSON schema of an object, such as { type = "object", properties = {} }', (value) => {
    const isSchema = isTable(value) && (value['type'] === undefined || value['type'] === 'object');
    return isSchema && isJson(value) ? (JSON.parse(JSON.stringify(value)) as JsonSchema) : undefined;
  });

/** As TOML has them. */
export const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

/** TOML also has dates, infinity and numbers that are none. */
const isJson = (value: unknown): boolean => {
  if (typeof value === 'number') return Number.isFinite(value);
  if (Array.isArray(value)) return value.every(isJson);
  if (isTable(value)) return Object.values(value).every(isJson);
  return typeof value === 'string' || typeof value === 'boolean';
};

const shown = (value: unknown): string => {
  if (value instanceof Date) return 'a date';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a table';
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : String(value);
};
