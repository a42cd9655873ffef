import { constants } from 'node:os';

/** null: the system has no such signal. */
export const signalName = (number: number): NodeJS.Signals | null =>
  (Object.entries(constants.signals).find(([, value]) => value === number)?.[0] as
    NodeJS.Signals | undefined) ?? null;
