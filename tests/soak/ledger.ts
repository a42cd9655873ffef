// What the clients of a soak have seen, all together.

export interface Ledger {
  /** One request's end, such as `completed: stop`, `failed: queue_full`, `left`. */
  ended(client: string, how: string): void;
  firstToken(ms: number): void;
  /** Between two events of a stream that bring tokens or text. */
  gap(ms: number): void;
  /** A request that took very long to end, as on a machine that is busy with others. Once of each. */
  late(): void;
  /** Something that must not happen. */
  violation(text: string): void;
  readonly ends: ReadonlyMap<string, number>;
  readonly firstTokensMs: readonly number[];
  readonly gapsMs: readonly number[];
  readonly numLate: number;
  readonly violations: ReadonlyMap<string, number>;
}

export const createLedger = (): Ledger => {
  const ends = new Map<string, number>();
  const violations = new Map<string, number>();
  const firstTokensMs: number[] = [];
  const gapsMs: number[] = [];
  let numLate = 0;
  const count = (counts: Map<string, number>, key: string): void =>
    void counts.set(key, (counts.get(key) ?? 0) + 1);
  return {
    ended: (client, how) => count(ends, `${client}: ${how}`),
    firstToken: (ms) => void firstTokensMs.push(ms),
    gap: (ms) => void gapsMs.push(ms),
    late: () => void (numLate += 1),
    violation: (text) => count(violations, text),
    ends,
    firstTokensMs,
    gapsMs,
    get numLate() {
      return numLate;
    },
    violations,
  };
};
