// The program's text: first a plain text area, so that one can type at once; then CodeMirror in its place.

import { byId } from './dom';
import { type Editor, type EditorEvents, placeIn, utf8Bytes } from './editor';
import type { Edit } from './protocol';

/** The text area of index.html. */
export class PlainEditor implements Editor {
  private readonly area = byId<HTMLTextAreaElement>('plain');
  private last = '';

  constructor(
    private readonly most: () => number,
    private readonly events: EditorEvents,
  ) {
    this.area.addEventListener('input', () => {
      const bytes = utf8Bytes(this.area.value, this.most());
      if (bytes > this.most()) {
        this.area.value = this.last;
        this.events.tooLong(bytes);
        return;
      }
      this.last = this.area.value;
      this.events.changed(this.last);
    });
  }

  text(): string {
    return this.area.value;
  }

  setText(text: string): void {
    this.area.value = this.last = text;
  }

  edit({ from, to, text }: Edit): void {
    const all = this.text();
    this.setText(all.slice(0, from) + text + all.slice(to));
    this.goTo(from + text.length, from + text.length);
    this.events.changed(this.text());
  }

  respace(text: string): void {
    const place = placeIn(this.text(), this.area.selectionStart, text);
    this.setText(text);
    this.area.setSelectionRange(place, place);
    this.events.changed(text);
  }

  show(): void {}
  showOps(): void {}

  goTo(from: number, to: number): void {
    this.area.focus();
    this.area.setSelectionRange(from, to);
  }

  /** Makes way for CodeMirror, which takes over text, focus and selection. */
  async upgrade(): Promise<Editor> {
    const { RichEditor } = await import('./rich-editor');
    const focused = document.activeElement === this.area;
    const { selectionStart, selectionEnd } = this.area;
    const rich = new RichEditor(byId('editor'), this.text(), this.most, this.events);
    this.area.remove();
    if (focused) rich.goTo(selectionStart, selectionEnd);
    return rich;
  }
}
