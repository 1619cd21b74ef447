// What one sees, for others: texts and a code to share it, and files of it. Made when somebody asks for it.

import style from './share.css?url';
import type { Bench } from '../bench';
import { button, byId, make } from '../dom';
import { Exporting } from './share/exporting';
import { Sharing } from './share/sharing';
import { styled } from './styled';

let box: ShareBox | null = null;

export async function share(bench: Bench): Promise<void> {
  await styled(style);
  box ??= new ShareBox(bench);
  await box.open();
}

interface Half {
  readonly panel: HTMLElement;
  open(): void | Promise<void>;
}

class ShareBox {
  private readonly status = make('p', { class: 'quiet', role: 'status' });
  private readonly dialog = make('dialog', { id: 'share-dialog', 'aria-labelledby': 'share-title' });
  private readonly halves: [name: string, half: Half][];
  private readonly tabs: HTMLButtonElement[];

  constructor(bench: Bench) {
    const say = (text: string) => (this.status.textContent = text);
    const exporting = new Exporting(bench, say);
    this.halves = [
      ['Share', new Sharing(bench, say)],
      ['Export', exporting],
    ];
    this.tabs = this.halves.map(([name, { panel }], at) => this.tab(name, panel, at));
    this.dialog.append(
      make('h2', { id: 'share-title' }, 'Share and export'),
      make('div', { role: 'tablist', 'aria-label': 'Share or export' }, ...this.tabs),
      ...this.halves.map(([, { panel }]) => panel),
      this.status,
      make(
        'p',
        { class: 'actions' },
        button('Close', () => this.dialog.close()),
      ),
    );
    this.dialog.addEventListener('close', () => exporting.cancel());
    byId('drop').after(this.dialog);
    this.choose(0);
  }

  async open(): Promise<void> {
    if (this.dialog.open) return;
    this.status.textContent = '';
    this.dialog.showModal();
    await Promise.all(this.halves.map(([, half]) => half.open()));
  }

  private tab(name: string, panel: HTMLElement, at: number): HTMLButtonElement {
    const [id, tab] = [`${name.toLowerCase()}-half`, `${name.toLowerCase()}-half-tab`];
    Object.assign(panel, { id });
    panel.setAttribute('role', 'tabpanel');
    panel.setAttribute('aria-labelledby', tab);
    const made = button(name, () => this.choose(at), { role: 'tab', id: tab, 'aria-controls': id });
    made.addEventListener('keydown', (event) => {
      const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      this.tabs.at(to % this.tabs.length)!.focus();
      this.choose((to + this.tabs.length) % this.tabs.length);
    });
    return made;
  }

  private choose(chosen: number): void {
    this.status.textContent = '';
    this.halves.forEach(([, { panel }], at) => (panel.hidden = at !== chosen));
    this.tabs.forEach((tab, at) => {
      tab.setAttribute('aria-selected', String(at === chosen));
      tab.tabIndex = at === chosen ? 0 : -1;
    });
  }
}
