// Light, dark, or as the system is; remembered.

export type Theme = 'auto' | 'light' | 'dark';

const KEY = 'theme';
const NEXT: { readonly [Name in Theme]: Theme } = { auto: 'light', light: 'dark', dark: 'auto' };

export const storedTheme = (): Theme => {
  const stored = localStorage.getItem(KEY);
  return stored === 'light' || stored === 'dark' ? stored : 'auto';
};

export const showTheme = (theme: Theme): void => {
  localStorage.setItem(KEY, theme);
  document.documentElement.dataset['theme'] = theme;
};

export const nextTheme = (theme: Theme): Theme => NEXT[theme];
