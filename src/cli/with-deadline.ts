/** Settles as `work` does, or rejects with `late()` when that takes longer. */
export const withDeadline = async <Value>(
  work: Promise<Value>,
  timeoutMs: number,
  late: () => Error,
): Promise<Value> => {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), timeoutMs);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
};
