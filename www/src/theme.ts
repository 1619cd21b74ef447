// Light or dark, the same for the workbench and the documentation. No function here throws: storage may be forbidden.

export type Theme = 'light' | 'dark';

const KEY = 'systole.theme';

/** What the reader chose; null leaves it to the system. */
export function keptTheme(): Theme | null {
  try {
    const value = localStorage.getItem(KEY);
    return value === 'light' || value === 'dark' ? value : null;
  } catch {
    return null;
  }
}

export function keepTheme(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // It then lasts as long as the page.
  }
}

export function systemTheme(): Theme {
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}
