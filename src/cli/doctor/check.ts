// What a check of `codexpc doctor` finds.

export interface Finding {
  readonly name: string;
  /** `note`: worth knowing, nothing is wrong. */
  readonly status: 'ok' | 'note' | 'failed';
  readonly text: string;
  /** What to do; null when there is nothing to. */
  readonly next: string | null;
}

export const ok = (name: string, text: string): Finding => ({ name, status: 'ok', text, next: null });
export const note = (name: string, text: string, next: string | null = null): Finding => ({
  name,
  status: 'note',
  text,
  next,
});
export const failed = (name: string, text: string, next: string): Finding => ({
  name,
  status: 'failed',
  text,
  next,
});
