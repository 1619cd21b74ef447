// The only script of a documentation page: the theme. Everything else on it is there without.

import { keepTheme, keptTheme, systemTheme, type Theme } from './theme';

const root = document.documentElement;
const kept = keptTheme();
if (kept) root.dataset['theme'] = kept;

document.getElementById('page-theme')?.addEventListener('click', () => {
  const shown = root.dataset['theme'] ?? systemTheme();
  const theme: Theme = shown === 'dark' ? 'light' : 'dark';
  root.dataset['theme'] = theme;
  keepTheme(theme);
});
