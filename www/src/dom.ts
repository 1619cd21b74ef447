// Small helpers over the DOM. Text goes in as text, never as HTML.

/** The element with an id; that index.html has it is checked here once. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html has no #${id}`);
  return found as T;
}

/** A new element with attributes and children; `text` is its text. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** A button that does something. */
export function button(text: string, action: () => void, attributes: Record<string, string> = {}): HTMLButtonElement {
  const element = make('button', { type: 'button', ...attributes }, text);
  element.addEventListener('click', action);
  return element;
}

// To make one takes longer than to write a hundred numbers.
const GROUPED = new Intl.NumberFormat('en-US');
const SHORT = new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 3 });

/** A number with thousands apart. */
export function grouped(value: number): string {
  return GROUPED.format(value);
}

/** A number in three figures: 12.3K. */
export function short(value: number): string {
  return SHORT.format(value);
}

/** One of the operators' colours. */
export function opColour(index: number | null): string {
  return index === null ? 'transparent' : `var(--op-${index})`;
}
