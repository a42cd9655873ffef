// How a message is defined: one constant holds its schema, and the type is inferred from it.

import * as z from 'zod';

/** A message is an object with its name in `type`. Unknown keys are dropped, so that a later version can add some. */
export const defineMessage = <Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) =>
  z.object({ type: z.literal(type), ...shape });

/** Chosen by the client, unique among what it has in flight on the connection. */
export const RequestId = z.string().min(1).max(128);

/**
 * An array whose type is read-only. Stops at the first bad item: z.array would collect one issue for each of a million,
 * and outside bytes may hold a million.
 */
export const list = <Item extends z.ZodType>(
  item: Item,
  maxLength = 1_000_000,
): z.ZodType<ReadonlyArray<z.infer<Item>>> =>
  z
    .custom<readonly unknown[]>(Array.isArray, 'Invalid input: expected array')
    .transform((values, context) => {
      if (values.length > maxLength) {
        context.addIssue({ code: 'custom', message: `Too big: expected at most ${maxLength} items` });
        return z.NEVER;
      }
      const parsed: Array<z.infer<Item>> = [];
      for (const [index, value] of values.entries()) {
        const result = item.safeParse(value);
        if (!result.success) {
          const [issue] = result.error.issues;
          context.addIssue({
            code: 'custom',
            message: issue?.message ?? 'Invalid',
            path: [index, ...(issue?.path ?? [])],
          });
          return z.NEVER;
        }
        parsed.push(result.data);
      }
      return parsed;
    });

export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };
export type JsonObject = Readonly<Record<string, JsonValue>>;

/** What JSON can hold, and nothing else: no bigint, no NaN, no bytes. Depth is bounded by the frame guard. */
export const jsonObject = z.custom<JsonObject>(
  (value) => isPlainObject(value) && isJson(value),
  'Invalid input: expected a JSON object',
);

export const count = z.number().int().nonnegative();
export const bytes = z.number().nonnegative();
export const milliseconds = z.number().nonnegative();
export const tokensPerSecond = z.number().nonnegative();

const isPlainObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

const isJson = (value: unknown): boolean => {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (Array.isArray(value)) return value.every(isJson);
  return isPlainObject(value) && Object.values(value).every(isJson);
};
