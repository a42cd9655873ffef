// How a message is defined: one constant holds its schema, and the type is inferred from it.

import { z } from 'zod';

/** A message is an object with its name in `type`. Unknown keys are dropped, so that a later version can add some. */
export const defineMessage = <Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) =>
  z.object({ type: z.literal(type), ...shape });

/** Chosen by the client, unique among what it has in flight on the connection. */
export const RequestId = z.string().min(1).max(128);

/** An array whose type is read-only, so that values built from constants fit without copying. */
export const list = <Item extends z.ZodType>(item: Item): z.ZodType<ReadonlyArray<z.infer<Item>>> =>
  z.array(item);

export const count = z.number().int().nonnegative();
export const bytes = z.number().nonnegative();
export const milliseconds = z.number().nonnegative();
export const tokensPerSecond = z.number().nonnegative();
