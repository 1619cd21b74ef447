// What a documentation page has a script for: the theme, and the search. Everything else on it is there without.

import { SearchBox } from './docs-box';
import { keepSite } from './views/installed';
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

// The script is there before the page is: it must not be painted in another theme first.
addEventListener('DOMContentLoaded', () => {
  const box = document.getElementById('docs-search');
  if (box) new SearchBox(box);
});
addEventListener('load', keepSite);
addEventListener('DOMContentLoaded', () => {
  if (!document.querySelector('systolic-array')) return;
  void import('./figures').then(({ showFigures }) => showFigures(() => root.dataset['theme'] ?? systemTheme()));
});
