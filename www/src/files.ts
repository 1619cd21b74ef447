// Files from the user: dropped anywhere on the page, or chosen. Arrays are kept in the browser and listed.

import { button, byId, make } from './dom';
import { notice } from './notices';
import type { Limits } from './protocol';
import { dropFile, keepFile } from './storage';

export interface FileEvents {
  /** An array to keep under its own name, or the path under which the program loads one of that name. */
  array(name: string, bytes: Uint8Array): void;
  program(name: string, text: string): void;
  chip(name: string, text: string): Promise<void>;
  /** The user wants an array forgotten. */
  forget(path: string): void;
}

export class FileDesk {
  private readonly list = byId('files');
  private readonly kept = new Set<string>();
  private readonly unwritten = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(
    private readonly limits: () => Limits,
    private readonly events: FileEvents,
  ) {
    const chooser = byId<HTMLInputElement>('chooser');
    const choose = () => chooser.click();
    byId('choose').addEventListener('click', choose);
    byId('open').addEventListener('click', choose);
    chooser.addEventListener('change', () => {
      void this.take([...(chooser.files ?? [])]);
      chooser.value = '';
    });
    this.listenForDrops();
    addEventListener('paste', (event) => this.paste(event));
  }

  /** Keeps an array and lists it. */
  keep(path: string, bytes: Uint8Array): void {
    this.enlist(path);
    clearTimeout(this.unwritten.get(path));
    void this.write(path, bytes);
  }

  /** The same for one that changes many times a second, as while a digit is being drawn: the last state is kept. */
  keepSoon(path: string, bytes: Uint8Array): void {
    this.enlist(path);
    clearTimeout(this.unwritten.get(path));
    this.unwritten.set(
      path,
      setTimeout(() => void this.write(path, bytes), 100),
    );
  }

  private async write(path: string, bytes: Uint8Array): Promise<void> {
    if (!(await keepFile(path, bytes))) {
      notice(`This browser does not keep files: ${path} will be gone after a reload.`);
    }
  }

  /** Lists an array that was kept before. */
  enlist(path: string): void {
    this.kept.add(path);
    this.show();
  }

  async forget(path: string): Promise<void> {
    clearTimeout(this.unwritten.get(path));
    this.kept.delete(path);
    this.show();
    this.events.forget(path);
    await dropFile(path);
  }

  has(path: string): boolean {
    return this.kept.has(path);
  }

  private show(): void {
    const items = [...this.kept].sort().map((path) => {
      const forget = button('forget', () => void this.forget(path), { class: 'link', 'aria-label': `Forget ${path}` });
      return make('li', {}, make('code', {}, path), ' is yours ', forget);
    });
    this.list.replaceChildren(...items);
  }

  private async take(files: File[]): Promise<void> {
    for (const file of files) {
      try {
        await this.takeOne(file);
      } catch {
        notice(`${file.name} could not be read.`);
      }
    }
  }

  private async takeOne(file: File): Promise<void> {
    const isArray = /\.npy$/i.test(file.name);
    const isChip = /\.toml$/i.test(file.name);
    const { fileBytes, textBytes, chipBytes } = this.limits();
    const most = isArray ? fileBytes : isChip ? chipBytes : textBytes;
    if (file.size > most) {
      notice(`${file.name} has ${file.size} bytes, more than the ${most} that are read. Nothing has changed.`);
    } else if (isArray) {
      this.events.array(file.name, new Uint8Array(await file.arrayBuffer()));
    } else if (isChip) {
      await this.events.chip(file.name, await file.text());
    } else if (/\.(systole|txt)$/i.test(file.name)) {
      this.events.program(file.name, await file.text());
    } else {
      notice(`${file.name} is no .npy array, .systole program or .toml chip.`);
    }
  }

  /** Outside of text fields, what is pasted is opened. */
  private paste(event: ClipboardEvent): void {
    const { target, clipboardData } = event;
    if (event.defaultPrevented || !clipboardData) return;
    if (target instanceof Element && target.closest('input, textarea, dialog, [contenteditable=true]')) return;
    const files = [...clipboardData.files];
    const text = clipboardData.getData('text/plain');
    if (files.length > 0) void this.take(files);
    else if (text.trim() !== '') this.events.program('What was pasted', text);
    else return;
    event.preventDefault();
  }

  private listenForDrops(): void {
    const hint = byId('drop');
    const carriesFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    addEventListener('dragover', (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      hint.hidden = false;
    });
    addEventListener('dragleave', (event) => {
      if (event.relatedTarget === null) hint.hidden = true;
    });
    // In the capture phase: the editor would take the file's text for itself.
    addEventListener(
      'drop',
      (event) => {
        hint.hidden = true;
        if (!carriesFiles(event)) return;
        event.preventDefault();
        event.stopPropagation();
        void this.take([...(event.dataTransfer?.files ?? [])]);
      },
      { capture: true },
    );
  }
}

/** Hands a text or other content to the user as a file. */
export function download(name: string, content: string | Blob): void {
  const url = URL.createObjectURL(typeof content === 'string' ? new Blob([content], { type: 'text/plain' }) : content);
  const link = make('a', { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
