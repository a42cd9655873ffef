// What a campaign has done: faults by kind, checks by what was to hold, and what did not.

export interface Ledger {
  /** Counts the check; gives the violation back. */
  check(invariant: string, violation: string | null): string | null;
  /** A round is over. `where` repeats it. */
  tell(names: readonly string[], violation: string | null, where: string): void;
  numFaults(): number;
  /** One line on what has been done so far. */
  summary(seconds: number): string;
  /** Prints the report; true when nothing was violated. */
  report(seconds: number): boolean;
}

export const createLedger = (): Ledger => {
  const injected = new Map<string, number>();
  const checks = new Map<string, number>();
  let [numFaults, numPassed, numFailed] = [0, 0, 0];
  const add = (counts: Map<string, number>, name: string): void =>
    void counts.set(name, (counts.get(name) ?? 0) + 1);
  const print = (title: string, counts: Map<string, number>): void => {
    console.log(title);
    for (const [name, times] of [...counts].sort()) console.log(`${String(times).padStart(7)}  ${name}`);
  };
  const summary = (seconds: number): string => {
    const numChecks = [...checks.values()].reduce((sum, times) => sum + times, 0);
    return `${numFaults} faults of ${injected.size} kinds in ${numPassed + numFailed} rounds, ${numChecks} checks, ${numFailed} violations, ${Math.round(seconds)} s (${(numFaults / seconds).toFixed(1)} faults a second)`;
  };
  return {
    check: (invariant, violation) => {
      add(checks, invariant);
      return violation;
    },
    tell: (names, violation, where) => {
      numFaults += names.length;
      for (const name of names) add(injected, name);
      if (violation === null) {
        numPassed += 1;
        return;
      }
      numFailed += 1;
      console.log(`FAILED ${names.join(' + ')} (${where})\n       ${violation}`);
    },
    numFaults: () => numFaults,
    summary,
    report: (seconds) => {
      print('faults:', injected);
      print('checked:', checks);
      console.log(summary(seconds));
      console.log(`${numPassed} passed, ${numFailed} failed`);
      return numFailed === 0 && numPassed > 0;
    },
  };
};
