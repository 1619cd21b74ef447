// How an embedded figure looks and behaves: the part of its address that is not the figure itself. What is unknown is let pass:
// a host page may be older or newer than this one.

export interface Options {
  theme: 'auto' | 'light' | 'dark';
  controls: 'full' | 'transport' | 'none';
  /** What is drawn. */
  show: 'array' | 'roofline';
  /** When it begins: as soon as it is seen, or when somebody asks for it. */
  load: 'visible' | 'click';
  /** Parts that are not shown. */
  hide: string[];
  autoplay: boolean;
  editable: boolean;
}

/** Parts that can be hidden. */
const PARTS = ['told', 'counts', 'caption', 'scrub', 'speed', 'link'];

export function optionsOf(hash: string): Options {
  const keys = new URLSearchParams(hash.replace(/^#/, ''));
  return {
    theme: one(keys.get('theme'), ['auto', 'light', 'dark']),
    controls: one(keys.get('controls'), ['full', 'transport', 'none']),
    show: one(keys.get('show'), ['array', 'roofline']),
    load: one(keys.get('load'), ['visible', 'click']),
    hide: (keys.get('hide') ?? '').split(',').filter((part) => PARTS.includes(part)),
    autoplay: keys.get('autoplay') === '1',
    editable: keys.get('editable') === '1',
  };
}

/** One of some words; the first, if it is none. */
export function one<Word extends string>(word: unknown, words: readonly [Word, ...Word[]]): Word {
  return words.find((known) => known === word) ?? words[0];
}
