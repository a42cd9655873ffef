// The token comes in the part of the URL that is sent nowhere, and leaves it at once: it is kept for this tab, and for
// this port, so that the page can be loaded again.

const KEY = 'token';

/** Null: the page was opened without it. */
export const takeToken = (): string | null => {
  const given = /^#token=([\w-]+)$/.exec(location.hash)?.[1];
  if (given !== undefined) {
    sessionStorage.setItem(KEY, given);
    history.replaceState(null, '', location.pathname);
  }
  return given ?? sessionStorage.getItem(KEY);
};
