// The search's box: what is found is listed under it; arrows choose, Enter opens, Escape closes.

import type { Found } from './docs-search';

type Search = (words: string) => Found[];

export class SearchBox {
  private readonly input: HTMLInputElement;
  private readonly list: HTMLElement;
  private readonly status: HTMLElement;
  private engine: Promise<Search> | null = null;
  private chosen = -1;

  constructor(private readonly box: HTMLElement) {
    this.input = box.querySelector('input')!;
    this.list = box.querySelector('ul')!;
    this.status = box.querySelector('p')!;
    box.hidden = false;
    this.input.addEventListener('focus', () => void this.load());
    this.input.addEventListener('input', () => void this.find());
    this.input.addEventListener('keydown', (event) => this.key(event));
    this.box.addEventListener('focusout', ({ relatedTarget }) => {
      if (!this.box.contains(relatedTarget as Node | null)) this.close();
    });
    // Of the list only the input has the focus, so that what is written stays there.
    this.list.addEventListener('mousedown', (event) => event.preventDefault());
    this.list.addEventListener('click', () => this.close());
    addEventListener('keydown', (event) => {
      const writes = (event.target as HTMLElement).closest('input, textarea, [contenteditable=true]');
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || writes) return;
      event.preventDefault();
      this.input.focus();
      this.input.select();
    });
  }

  private load(): Promise<Search> {
    const loading = (this.engine ??= import('./docs-search').then(({ search }) => search));
    // A later focus is another attempt.
    loading.catch(() => (this.engine = null));
    return loading;
  }

  private async find(): Promise<void> {
    const words = this.input.value.trim();
    if (words === '') return this.close();
    try {
      const search = await this.load();
      // What was typed meanwhile has its own answer.
      if (words === this.input.value.trim()) this.show(search(words));
    } catch {
      this.status.textContent = 'The search could not be loaded.';
    }
  }

  private show(found: Found[]): void {
    this.list.replaceChildren(...(found.length > 0 ? found.map((each, at) => this.entry(each, at)) : [this.nothing()]));
    this.open(true);
    this.status.textContent = found.length > 0 ? `${found.length} found` : 'nothing found';
    this.choose(found.length > 0 ? 0 : -1);
  }

  /** As the page's template has it. */
  private entry({ address, page, title, excerpt }: Found, at: number): Node {
    const entry = this.box.querySelector('template')!.content.firstElementChild!.cloneNode(true) as HTMLElement;
    entry.id = `found-${at}`;
    const [link, head, of, text] = ['a', 'b', 'small', 'span'].map((part) => entry.querySelector<HTMLElement>(part)!);
    link!.setAttribute('href', address);
    head!.textContent = title || page;
    of!.textContent = title && page;
    for (const [piece, marked] of excerpt) {
      const part = marked ? document.createElement('mark') : new Text();
      part.textContent = piece;
      text!.append(part);
    }
    return entry;
  }

  private nothing(): Node {
    const entry = document.createElement('li');
    entry.className = 'none';
    entry.textContent = 'Nothing has all of these words.';
    return entry;
  }

  private open(is: boolean): void {
    this.list.hidden = !is;
    this.input.setAttribute('aria-expanded', String(is));
  }

  private close(): void {
    this.open(false);
    this.status.textContent = '';
    this.choose(-1);
  }

  private entries(): HTMLElement[] {
    return [...this.list.querySelectorAll<HTMLElement>('[role=option]')];
  }

  private choose(at: number): void {
    this.chosen = at;
    this.entries().forEach((entry, index) => entry.setAttribute('aria-selected', String(index === at)));
    if (at < 0) this.input.removeAttribute('aria-activedescendant');
    else this.input.setAttribute('aria-activedescendant', `found-${at}`);
    this.entries()[at]?.scrollIntoView({ block: 'nearest' });
  }

  private key(event: KeyboardEvent): void {
    const entries = this.entries();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === 'Escape') this.close();
    else if (this.list.hidden || entries.length === 0) return;
    else if (step !== undefined) this.choose((this.chosen + step + entries.length) % entries.length);
    else if (event.key === 'Enter') entries[this.chosen]?.querySelector('a')!.click();
    else return;
    event.preventDefault();
  }
}
