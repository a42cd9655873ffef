// A scenario: one program of somebody else's against one daemon. It throws where the two do not fit.

export interface Scenario {
  readonly name: string;
  run(signal: AbortSignal): Promise<void>;
}

export const SCENARIO_LIMIT_MS = 120_000;

/** At most `width` at a time; gives those that failed. */
export const runScenarios = async (
  scenarios: readonly Scenario[],
  width: number,
): Promise<readonly string[]> => {
  const left = [...scenarios];
  const failed: string[] = [];
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const startedMs = performance.now();
      const error = await outcomeOf(next);
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
      console.log(`${error === null ? 'ok    ' : 'FAILED'} ${next.name} (${seconds} s)`);
      if (error === null) continue;
      failed.push(next.name);
      console.log(error.replace(/^/gm, '       '));
    }
  };
  await Promise.all(Array.from({ length: width }, work));
  return failed;
};

const outcomeOf = async ({ run }: Scenario): Promise<string | null> => {
  const signal = AbortSignal.timeout(SCENARIO_LIMIT_MS);
  const late = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error(`not done in ${SCENARIO_LIMIT_MS} ms`)), {
      once: true,
    });
  });
  try {
    await Promise.race([run(signal), late]);
    return null;
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
};
