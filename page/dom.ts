type Child = Node | string | null | undefined | false;
type Listener = (event: never) => void;

/**
 * An element with attributes, listeners (`onclick`) and children. `true` is an empty attribute; `false` and `undefined` are none.
 *
 * @example
 * element('button', { type: 'button', onclick: () => { save(); } }, 'Save');
 */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string | number | boolean | undefined | Listener>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') made.addEventListener(name.slice(2), value as EventListener);
    else if (value !== undefined && value !== false) made.setAttribute(name, value === true ? '' : String(value));
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** An element of a picture. */
export function svgElement<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string | number>>,
): SVGElementTagNameMap[Tag] {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}

/** Markup that this program has made itself, never what someone has typed. */
export function fromMarkup(markup: string): Element {
  const holder = document.createElement('template');
  holder.innerHTML = markup;
  return holder.content.firstElementChild!;
}

let lastId = 0;

/** An id that no other element has. */
export function newId(): string {
  lastId += 1;
  return `id-${lastId}`;
}
