// What the selected PE would be in code, with what it holds in this cycle.

import type { Bench } from '../bench';
import { make } from '../dom';
import { Newest, type SubView } from './sub-view';

export class PeCode implements SubView {
  readonly name = 'pe';
  readonly title = 'PE';
  readonly panel = make('div', { class: 'compiled-fill scrolls' });
  private readonly hardware = make('pre', { class: 'pe-code', tabindex: '0', 'aria-label': 'The PE as hardware' });
  private readonly software = make('pre', { class: 'pe-code', tabindex: '0', 'aria-label': 'The PE as a function' });
  private readonly asked = new Newest();
  private open = false;

  constructor(private readonly bench: Bench) {
    const about =
      'The selected PE of this chip, in the manner of Verilog and of Rust; what it holds stands behind each line.';
    this.panel.append(
      make('p', { class: 'quiet' }, about),
      make('h2', {}, 'As hardware'),
      this.hardware,
      make('h2', {}, 'One cycle of it'),
      this.software,
    );
    bench.on('frame', () => this.open && void this.read());
  }

  show(): void {
    this.open = true;
    void this.read();
  }

  hide(): void {
    this.open = false;
  }

  private async read(): Promise<void> {
    const code = await this.asked.of(() => this.bench.desk.call('peCode'));
    if (!code) return;
    const [hardware, software] = code;
    this.hardware.replaceChildren(...coloured(hardware));
    this.software.replaceChildren(...coloured(software));
  }
}

const WORDS =
  /\b(module|endmodule|input|output|reg|signed|always|posedge|begin|end|if|else|struct|impl|fn|mut|self|as)\b/;

/** Comments and words of the languages look different. */
function coloured(code: string): (Node | string)[] {
  return code.split('\n').flatMap((line) => {
    const at = line.indexOf('//');
    const [text, comment] = at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at)];
    const words = text.split(WORDS).map((part, index) => (index % 2 ? make('b', {}, part) : part));
    return [...words, make('span', { class: 'pe-value' }, comment), '\n'];
  });
}
