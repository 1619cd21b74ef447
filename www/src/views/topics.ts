// Where the documentation tells of what: one table for the editor, problems, the timeline and all other views. What links
// lead to is held to the built pages by tests/browser/links.spec.ts; that no word of the language is missing, by job/assist.rs.

/** Words by the section that tells of them: a page, and an anchor in it. */
const SECTIONS: Record<string, string> = {
  'language#tensors': 'input weight load sparse output dtype',
  'language#operators': '@ + - * / // %',
  'language#sizes': 'size',
  'language#functions-of-ones-own': 'fn return',
  'language#repeats': 'repeat as',
  'language#schedules': 'with',
  'language#text': 'syntax',
  'language#numbers': 'overflow',
  'machine#2-the-chip-around-the-array': 'lanes',
  'chips#keys': 'chip',
  'language#limits': 'limits',
  'isa#instructions': 'instruction',
  'isa#what-is-checked': 'assembly',
  'start#the-roofline': 'roofline',
  'start#over-time': 'course',
  'start#what-limits-it': 'advice',
  'start#side-by-side': 'compare',
};

/** Words that have a row of a table to themselves: its anchor is their name. */
const ROWS: Record<string, string> = {
  language:
    'i8 i16 i32 fp8 bf16 f32 ' +
    'argmax avgpool cast causal concat conv2d einsum exp full gather gelu gelu_tanh layernorm log max maximum maxpool mean ' +
    'minimum relu requant reshape rmsnorm rsqrt sigmoid silu softmax sqrt sum tanh topk transpose zeros ' +
    'dataflow tile order buffers fuse',
  machine:
    'active weight-shift weight-stall array-busy input-stall fill-and-drain dependence non-matrix ' +
    'dma-in weight-fetch weight-load matrix vector host',
  compiler: 'fold alias split reuse reside double prefetch',
};

/** Pages and anchors by their topics. */
export const TOPICS: ReadonlyMap<string, string> = new Map([
  ...Object.entries(SECTIONS).flatMap(([place, words]) => words.split(' ').map((word) => [word, place] as const)),
  ...Object.entries(ROWS).flatMap(([page, words]) =>
    words.split(' ').map((word) => [word, `${page}#${word}`] as const),
  ),
]);

/** Where a topic is told of, from the workbench; nothing if it is none. */
export function addressOf(topic: string): string | null {
  const place = TOPICS.get(topic) ?? TOPICS.get(topic.toLowerCase().replaceAll(' ', '-'));
  if (place === undefined) return null;
  const [page, anchor] = place.split('#');
  return `./docs/${page}.html#${anchor}`;
}

/** What a message for people is about: the first word in backticks that is a topic, or what it speaks of. */
export function topicOf(message: string): string | null {
  const quoted = message.split('`').filter((_, at) => at % 2 === 1);
  const known = quoted.flatMap((code) => /^[\w@+*/%-]+/.exec(code)?.[0] ?? []).find((word) => TOPICS.has(word));
  return known ?? SPOKEN.find(([words]) => words.test(message))?.[1] ?? null;
}

/** Topics by what messages say of them. */
const SPOKEN: [RegExp, string][] = [
  [/\.npy|\bholds\b/, 'load'],
  [/32 bits|i32 can hold/, 'overflow'],
  [/the chip|preset|unified.buffer/, 'chip'],
  [/\bdtype\b|\bbf16\b|\bi8\b/, 'dtype'],
  [/\brepeats?\b|iteration/, 'repeat'],
  [/\barguments?\b|parameter|is not given|calls itself|nested|no function/, 'fn'],
  [/`(shift|scale|zero)=/, 'requant'],
  [/\bshape|extent|\baxis\b|\baxes\b/, '@'],
  [/never used|nothing is called|declared|defined/, 'input'],
  [/of a run\b|of a program\b|too (many|long|deep)|smaller|shorter/, 'limits'],
  [/expected|unexpected|a statement|brackets?\b|a name/, 'syntax'],
];
