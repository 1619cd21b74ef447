// The search's box: what is found is listed under it, as links. Arrows walk through them, Enter opens the first, Escape
// closes the list.

import type { Found } from './docs-search';

type Search = (words: string) => Found[];

export class SearchBox {
  private readonly input: HTMLInputElement;
  private readonly list: HTMLElement;
  private readonly status: HTMLElement;
  private engine: Promise<Search> | null = null;

  constructor(private readonly box: HTMLElement) {
    this.input = box.querySelector('input')!;
    this.list = box.querySelector('ul')!;
    this.status = box.querySelector('p')!;
    box.hidden = false;
    this.input.addEventListener('focus', () => void this.load().catch(() => {}));
    this.input.addEventListener('input', () => void this.find());
    box.addEventListener('keydown', (event) => this.key(event));
    box.addEventListener('focusout', ({ relatedTarget }) => {
      if (!box.contains(relatedTarget as Node | null)) this.close();
    });
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
    let search: Search;
    try {
      search = await this.load();
    } catch {
      this.status.textContent = 'The search could not be loaded.';
      return;
    }
    // What was typed meanwhile has its own answer.
    if (words === this.input.value.trim()) this.show(search(words));
  }

  private show(found: Found[]): void {
    this.list.replaceChildren(...(found.length > 0 ? found.map((each) => this.entry(each)) : [this.nothing()]));
    this.list.hidden = false;
    this.status.textContent = found.length > 0 ? `${found.length} found` : 'nothing found';
  }

  /** As the page's template has it. */
  private entry({ address, page, title, excerpt }: Found): Node {
    const entry = this.box.querySelector('template')!.content.firstElementChild!.cloneNode(true) as HTMLElement;
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

  private close(): void {
    this.list.hidden = true;
    this.status.textContent = '';
  }

  private key(event: KeyboardEvent): void {
    const stops: HTMLElement[] = [this.input, ...this.list.querySelectorAll('a')];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === 'Escape') {
      this.input.focus();
      this.close();
    } else if (this.list.hidden || stops.length === 1) return;
    else if (step !== undefined) {
      const at = stops.indexOf(document.activeElement as HTMLElement);
      stops[(at + step + stops.length) % stops.length]!.focus();
    } else if (event.key === 'Enter' && event.target === this.input) stops[1]!.click();
    else return;
    event.preventDefault();
  }
}
