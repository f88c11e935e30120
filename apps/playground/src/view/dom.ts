/** Elements, found and made. */

/** The element of an id, which the page has. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- whoever asks knows what the page has there
export const find = <E extends Element = HTMLElement>(id: string): E => {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found as unknown as E;
};

type Attributes = Readonly<Record<string, string | number | boolean>>;

const filled = <E extends Element>(element: E, attributes: Attributes, children: readonly (Node | string)[]): E => {
  for (const [name, value] of Object.entries(attributes))
    if (value !== false) element.setAttribute(name, value === true ? '' : String(value));
  element.append(...children);
  return element;
};

/** An HTML element; text is text, whatever is in it. */
export const html = <Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] => filled(document.createElement(tag), attributes, children);

/** An SVG element. */
export const svg = <Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): SVGElementTagNameMap[Tag] =>
  filled(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);

/** A button that can do nothing now says so, but keeps the focus, from which the keyboard would else be lost. */
export const disable = (button: HTMLElement, disabled: boolean): void =>
  button.setAttribute('aria-disabled', String(disabled));

export const isDisabled = (button: HTMLElement): boolean => button.getAttribute('aria-disabled') === 'true';

/** The value of a custom property of the page's style sheet. */
export const colour = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
