// The page around an embedded figure: what it is told, and what it may ask for. docs/embed.md describes every message.

/** What a host calls a file that it asks for, to know it again. */
export type Id = string | number | undefined;

/** What a host says of a file: nobody has looked at it yet. */
export type Asked = Record<string, unknown>;

/** What a host may ask for. */
export type Wish =
  | { kind: 'ping' }
  | { kind: 'load'; hash: string }
  | { kind: 'play' }
  | { kind: 'pause' }
  | { kind: 'step'; by: number }
  | { kind: 'seek'; cycle: number }
  | { kind: 'set'; theme?: unknown; speed?: unknown }
  | { kind: 'getState' }
  | { kind: 'export'; id: Id; asked: Asked };

/** What a host is told. */
export type News =
  | { kind: 'ready'; schema: 1; version: string }
  | { kind: 'resize'; height: number }
  | { kind: 'cycle'; cycle: number; of: number; playing: boolean }
  | { kind: 'state'; hash: string }
  | { kind: 'phase'; phase: string }
  | { kind: 'error'; message: string; id?: Id } // of a file that cannot be made
  | { kind: 'exported'; id: Id; format: string; data: string | Blob }
  | { kind: 'key'; key: string; code: string; shift: boolean };

/** Of the messages' form; a later one changes nothing that hosts of this one know. */
const SCHEMA = 1;
const MOST_CHARACTERS = 256 * 1024;
const MOST_OF_ID = 200;

export class Host {
  /** Without a host, the figure is a page of its own. */
  private readonly parent = window.parent === window ? null : window.parent;

  constructor(private readonly wish: (wish: Wish) => void) {
    if (!this.parent) return;
    addEventListener('message', ({ source, data }) => {
      // Nobody but the page around the figure is listened to.
      if (source !== this.parent) return;
      const wish = wishOf(data);
      if (wish) this.wish(wish);
    });
  }

  /** What it says is in the host's page anyway: whoever embeds it may read it. */
  tell(news: News): void {
    this.parent?.postMessage({ systole: SCHEMA, ...news }, '*');
  }
}

/** A message is input from anywhere: what has not the form of a wish is none. */
export function wishOf(data: unknown): Wish | null {
  if (typeof data !== 'object' || data === null) return null;
  const { systole, kind, hash, by, cycle, theme, speed } = data as Record<string, unknown>;
  if (systole !== SCHEMA) return null;
  switch (kind) {
    case 'ping':
    case 'play':
    case 'pause':
    case 'getState':
      return { kind };
    case 'load':
      return typeof hash === 'string' && hash.length <= MOST_CHARACTERS ? { kind, hash } : null;
    case 'step':
      return Number.isSafeInteger(by) ? { kind, by: by as number } : null;
    case 'seek':
      return Number.isSafeInteger(cycle) ? { kind, cycle: cycle as number } : null;
    case 'set':
      return { kind, theme, speed };
    case 'export':
      return { kind, id: idOf(data), asked: data as Asked };
    default:
      return null;
  }
}

function idOf(data: object): Id {
  const { id } = data as Asked;
  return typeof id === 'number' || (typeof id === 'string' && id.length <= MOST_OF_ID) ? id : undefined;
}
