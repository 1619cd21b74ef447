// What a report says, as Markdown.

/** What the page knows of itself. */
export interface Facts {
  version: string;
  page: string;
  browser: string;
  window: string;
  theme: string;
  state: string;
  verdict: string;
  problems: string[];
  /** Null: left out. */
  program: string | null;
  chip: string | null;
}

/** A report in the words of whoever writes it, with what the page knows. */
export function told(words: string, facts: Facts): string {
  const { version, page, browser, window, theme, state, verdict, problems, program, chip } = facts;
  const lines = [
    `Systole ${version} at ${page}`,
    `browser: ${browser}`,
    `window: ${window}, ${theme}`,
    `run: ${state}${verdict === '' ? '' : `; ${verdict}`}`,
    ...problems.map((problem) => `said: ${problem}`),
  ];
  return [
    words.trim() === '' ? '(What happened has not been written yet.)' : words.trim(),
    lines.map((line) => `- ${line.replace(/\s+/g, ' ')}`).join('\n'),
    ...(program === null ? [] : [fenced('systole', program)]),
    ...(chip === null ? [] : [fenced('toml', chip)]),
  ].join('\n\n');
}

/** With a fence that is longer than any in the text, so that the text cannot end it. */
function fenced(language: string, text: string): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map(({ length }) => length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text.replace(/\n*$/, '')}\n${fence}`;
}

/** Where a project's new issues are written, by the address of its repository; nothing for what is no web address. */
export function issuesOf(repository: string): string | null {
  if (!URL.canParse(repository)) return null;
  const { protocol, host, href } = new URL(repository);
  if (protocol !== 'https:') return null;
  const root = href.replace(/(\.git)?\/*$/, '');
  return host.includes('gitlab') ? `${root}/-/issues/new` : `${root}/issues/new`;
}
