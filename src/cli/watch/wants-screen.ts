import type { CliContext } from '../context.js';

/** A screen needs a terminal both ways. */
export const wantsScreen = (
  { stdin, stdout }: Pick<CliContext, 'stdin' | 'stdout'>,
  { json, ui }: { readonly json: boolean; readonly ui: boolean },
): boolean => ui && !json && stdout.isTTY === true && stdin.isTTY === true;
