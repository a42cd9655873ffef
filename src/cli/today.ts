/** The local date as YYYY-MM-DD. A conversation keeps the one it began with, so that its prefix stays the same. */
export const today = (now: Date = new Date()): string =>
  [now.getFullYear(), now.getMonth() + 1, now.getDate()]
    .map((part) => String(part).padStart(2, '0'))
    .join('-');
