// systole.js: the element <systolic-array>, an embedded figure with attributes instead of an address. It loads nothing else
// until it is seen, and works as a classic script and as a module. docs/embed.md describes it.

(() => {
  /** Bytes of a program. */
  const MOST_BYTES = 256 * 1024;
  /** A frame that says nothing for so long after it was loaded is blocked; milliseconds. */
  const PATIENCE = 15_000;
  /** Attributes that are keys of the figure's address as they are. */
  const KEYS: Record<string, string> = {
    example: 'ex',
    chip: 'chip',
    cycle: 'c',
    pe: 'pe',
    unit: 'u',
    level: 'l',
    speed: 's',
    numbers: 'n',
    timeline: 't',
    packed: 'z',
  };
  const OPTIONS = ['theme', 'controls', 'show', 'hide', 'load'];
  const SWITCHES = ['autoplay', 'editable'];
  const SCHEMA = 1;

  // The figure's page lies beside this script. Of a module there is no current script; its own address stands in the page. A
  // bundle has an address of its own: there the page says where the figure's lies.
  const own = document.currentScript ?? document.querySelector('script[src*="systole.js"]');
  const said = document.querySelector<HTMLMetaElement>('meta[name="systole"]')?.content;
  const beside = said ?? (own as HTMLScriptElement | null)?.src ?? '';
  const embed = new URL('embed.html', new URL(beside, document.baseURI));

  // Made so, no host's policy on styles stands in its way.
  const STYLE = new CSSStyleSheet();
  STYLE.replaceSync(
    ':host{display:block;position:relative}:host([hidden]){display:none}' +
      'iframe{display:block;width:100%;height:560px;border:0;border-radius:8px;color-scheme:normal}' +
      'button{display:block;width:100%;min-height:220px;padding:0;border:1px solid #8886;border-radius:8px;' +
      'background:none;color:inherit;font:inherit;cursor:pointer}img{display:block;max-width:100%;margin:auto}',
  );

  type Message = { systole: number; kind: string } & Record<string, unknown>;

  class SystolicArray extends HTMLElement {
    static observedAttributes = [...Object.keys(KEYS), ...OPTIONS, ...SWITCHES, 'src', 'poster'];
    private readonly shadow = this.attachShadow({ mode: 'open' });
    private frame: HTMLIFrameElement | null = null;
    /** The program, as it stood in the page. */
    private inline = '';
    /** How often it has been built: only the last one counts. */
    private built = 0;
    private due = false;
    private asked = false;
    private heard = false;
    private states: ((hash: string) => void)[] = [];
    /** Files that have been asked for, by the ids of the messages. */
    private readonly files = new Map<unknown, { resolve: (data: unknown) => void; reject: (why: Error) => void }>();
    private exports = 0;

    connectedCallback(): void {
      addEventListener('message', this.receive);
      // While the page is still read, the element's text may not be there yet.
      if (document.readyState === 'loading') addEventListener('DOMContentLoaded', () => this.soon(), { once: true });
      else this.soon();
    }

    disconnectedCallback(): void {
      removeEventListener('message', this.receive);
    }

    attributeChangedCallback(name: string, before: string | null, now: string | null): void {
      if (!this.isConnected || before === now || document.readyState === 'loading') return;
      // These a running figure can follow.
      if (this.heard && name === 'cycle') this.seek(Number(now));
      else if (this.heard && name === 'theme') this.tell({ kind: 'set', theme: now });
      else if (this.heard && name === 'speed') this.tell({ kind: 'set', speed: Number(now) });
      else this.soon();
    }

    play(): void {
      this.tell({ kind: 'play' });
    }

    pause(): void {
      this.tell({ kind: 'pause' });
    }

    step(by = 1): void {
      this.tell({ kind: 'step', by });
    }

    seek(cycle: number): void {
      this.tell({ kind: 'seek', cycle });
    }

    /** The whole state as a link's hash. */
    getState(): Promise<string> {
      return new Promise((resolve) => {
        this.states.push(resolve);
        this.tell({ kind: 'getState' });
      });
    }

    /** A file of what is shown: its `format` is svg, png, json or csv; docs/embed.md has the rest. */
    export(wish: Record<string, unknown>): Promise<unknown> {
      if (!this.heard) return Promise.reject(new Error('The figure is not there yet.'));
      return new Promise((resolve, reject) => {
        const id = `element ${++this.exports}`;
        this.files.set(id, { resolve, reject });
        this.tell({ ...wish, kind: 'export', id });
      });
    }

    private tell(wish: Record<string, unknown>): void {
      this.frame?.contentWindow?.postMessage({ systole: SCHEMA, ...wish }, '*');
    }

    private readonly receive = ({ source, data }: MessageEvent<Message>): void => {
      if (!this.frame || source !== this.frame.contentWindow || data?.systole !== SCHEMA) return;
      this.heard = true;
      const { kind } = data;
      if (kind === 'resize')
        this.frame.style.height = `${Math.min(20_000, Math.max(0, Number(data['height']) || 0))}px`;
      if (kind === 'state') for (const resolve of this.states.splice(0)) resolve(String(data['hash']));
      if (kind === 'exported') this.settled(data['id'])?.resolve(data['data']);
      if (kind === 'error') this.settled(data['id'])?.reject(new Error(String(data['message'])));
      this.dispatchEvent(new CustomEvent(`systole-${kind}`, { detail: data, bubbles: true }));
    };

    /** Who waits for a file, from now on no longer. */
    private settled(id: unknown) {
      const waiting = this.files.get(id);
      this.files.delete(id);
      return waiting;
    }

    /** Attributes come one by one: the figure is built once for all of them. */
    private soon(): void {
      if (this.due) return;
      this.due = true;
      queueMicrotask(() => {
        this.due = false;
        void this.build();
      });
    }

    private async build(): Promise<void> {
      const build = ++this.built;
      this.inline ||= undented(this.textContent ?? '');
      this.heard = false;
      for (const id of this.files.keys()) this.settled(id)!.reject(new Error('Another figure took its place.'));
      let address: string;
      try {
        address = await this.address();
      } catch (error) {
        return this.put(this.words(error instanceof Error ? error.message : String(error)));
      }
      if (build !== this.built) return;
      if (this.getAttribute('load') === 'click' && !this.asked) this.put(this.poster());
      else this.put(this.framed(address));
    }

    private put(content: HTMLElement): void {
      this.shadow.adoptedStyleSheets = [STYLE];
      this.shadow.replaceChildren(content);
    }

    private framed(address: string): HTMLElement {
      const frame = document.createElement('iframe');
      frame.src = address;
      frame.title = this.getAttribute('title') ?? 'A systolic array at work';
      frame.loading = 'lazy';
      frame.allow = 'fullscreen';
      frame.addEventListener('load', () => {
        setTimeout(
          () => !this.heard && this.frame === frame && frame.isConnected && this.put(this.instead(address)),
          PATIENCE,
        );
      });
      this.frame = frame;
      return frame;
    }

    /** A light picture; nothing is loaded until somebody asks. */
    private poster(): HTMLElement {
      const poster = document.createElement('button');
      poster.type = 'button';
      poster.append(
        this.picture() ?? `▶ ${this.getAttribute('title') ?? this.getAttribute('example') ?? 'Run this figure'}`,
      );
      poster.addEventListener('click', () => {
        this.asked = true;
        this.soon();
      });
      return poster;
    }

    private picture(): HTMLImageElement | null {
      const poster = this.getAttribute('poster');
      if (!poster) return null;
      const image = new Image();
      image.src = poster;
      image.alt = this.getAttribute('title') ?? 'A systolic array';
      image.loading = 'lazy';
      return image;
    }

    /** Where frames are blocked. */
    private instead(address: string): HTMLElement {
      const link = document.createElement('a');
      link.href = address.replace('embed.html', 'index.html');
      link.append(this.picture() ?? 'Open this figure in Systole');
      return link;
    }

    private words(text: string): HTMLElement {
      const words = document.createElement('p');
      words.textContent = text;
      return words;
    }

    private async address(): Promise<string> {
      const keys = new URLSearchParams({ v: '1' });
      const take = (name: string, key: string) => this.hasAttribute(name) && keys.set(key, this.getAttribute(name)!);
      for (const [name, key] of Object.entries(KEYS)) take(name, key);
      // What to click on was shown here.
      for (const name of OPTIONS) if (name !== 'load') take(name, name);
      for (const name of SWITCHES) if (this.hasAttribute(name)) keys.set(name, '1');
      const source = this.getAttribute('src');
      const text = source === null ? this.inline : await fetched(source);
      if (text !== '') keys.set('z', await packed(text));
      return `${embed.href}#${keys.toString()}`;
    }
  }

  /** A program beside the page; from elsewhere nothing is fetched. */
  async function fetched(source: string): Promise<string> {
    const url = new URL(source, document.baseURI);
    if (url.origin !== location.origin) throw new Error(`a figure’s program must be of this host: ${source}`);
    const response = await fetch(url);
    const text = response.ok ? await response.text() : '';
    if (text === '') throw new Error(`a figure’s program could not be loaded: ${source}`);
    if (text.length > MOST_BYTES) throw new Error(`a figure’s program is too long: ${source}`);
    return text;
  }

  /** As the `z` of a link. */
  async function packed(text: string): Promise<string> {
    const stream = new Blob([JSON.stringify({ text })]).stream().pipeThrough(new CompressionStream('deflate-raw'));
    const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
    const letters = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
    return btoa(letters).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  }

  /** Without the margin that it has in the page's source. */
  function undented(text: string): string {
    const lines = text
      .replace(/^\s*\n/, '')
      .trimEnd()
      .split('\n');
    const margins = lines.filter((line) => line.trim() !== '').map((line) => /^ */.exec(line)![0].length);
    const margin = Math.min(...margins, 1_000);
    const out = lines.map((line) => line.slice(margin)).join('\n');
    return out.trim() === '' ? '' : `${out}\n`;
  }

  if (!customElements.get('systolic-array')) customElements.define('systolic-array', SystolicArray);
})();
