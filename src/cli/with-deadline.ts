/** What has come while this process stood still has yet to be read when its timers run: they go first. */
const GRACE_MS = 100;

/** Settles as `work` does, or rejects with `late()` when that takes longer. */
export const withDeadline = async <Value>(
  work: Promise<Value>,
  timeoutMs: number,
  late: () => Error,
): Promise<Value> => {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      timer = setTimeout(() => reject(late()), GRACE_MS);
    }, timeoutMs);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
};
