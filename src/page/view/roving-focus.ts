// Arrow keys within a list of which Tab reaches one entry.

export const moveFocus = (event: KeyboardEvent, role: string): void => {
  const list = event.currentTarget as HTMLElement;
  const entries = [...list.querySelectorAll<HTMLElement>(`[role="${role}"]`)];
  const current = entries.indexOf(document.activeElement as HTMLElement);
  const next = targetOf(event.key, current, entries.length);
  if (next === null) return;
  event.preventDefault();
  event.stopPropagation();
  entries[next]?.focus();
  entries[next]?.scrollIntoView({ block: 'nearest' });
};

const targetOf = (key: string, current: number, length: number): number | null => {
  switch (key) {
    case 'ArrowDown':
      return Math.min(current + 1, length - 1);
    case 'ArrowUp':
      return Math.max(current - 1, 0);
    case 'Home':
      return 0;
    case 'End':
      return length - 1;
    default:
      return null;
  }
};
