/** SVG text as a tree; it must be well-formed XML. */
import { SaxesParser, type SaxesTag } from 'saxes';
import { expect } from 'vitest';

export interface Element {
  readonly name: string;
  readonly attributes: Record<string, string>;
  readonly children: Element[];
  readonly parent: Element | null;
  /** All of the writing. */
  text: string;
}

/** An element without a name, which holds the one of the text. */
export const treeOf = (svg: string): Element => {
  const top: Element = { name: '', attributes: {}, children: [], parent: null, text: '' };
  let here = top;
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }: SaxesTag) => {
    const element: Element = {
      name,
      attributes: { ...(attributes as Record<string, string>) },
      children: [],
      parent: here,
      text: '',
    };
    here.children.push(element);
    here = element;
  });
  parser.on('closetag', () => {
    here = here.parent as Element;
  });
  parser.on('text', (text) => {
    here.text += text;
  });
  parser.write(svg).close();
  return top;
};

/** Every element below one, in the order of the text. */
export const below = (element: Element): readonly Element[] =>
  element.children.flatMap((child) => [child, ...below(child)]);

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));
const ELEMENTS = words(
  'svg title style defs g path rect ellipse text use stop filter feGaussianBlur linearGradient radialGradient animate animateTransform',
);
const GEOMETRY = words(
  'd x y x1 x2 y1 y2 cx cy rx ry width height transform viewBox values keyTimes from to dur offset opacity dy stroke-width font-size stroke-dasharray stdDeviation stop-opacity',
);

/** What stands where numbers do and is none: `NaN`, `Infinity`, `1e21`, `undefined`. */
const oddNumbers = (value: string): readonly string[] =>
  (
    value
      .replace(/inline|none|translate|matrix/g, '')
      .replace(/(\d)(em|s)\b/g, '$1')
      .match(/[A-Za-z]{3,}|[-+.\d][-+.\deE]*/g) ?? []
  ).filter((word) => !/^-?(\d+|\d*\.\d+)$/.test(word));

/** Refuses what a picture must not have: numbers that are none, references to what is not there, anything from outside, scripts. */
export const check = (text: string): readonly Element[] => {
  const nodes = below(treeOf(text));
  const ids = nodes.flatMap(({ attributes }) => attributes['id'] ?? []);
  expect(new Set(ids).size).toBe(ids.length);
  const known = new Set(ids);
  const wrong = nodes.flatMap(({ name, attributes }) => [
    ...(ELEMENTS.has(name) ? [] : [name]),
    ...Object.entries(attributes).flatMap(([attribute, value]) => [
      ...(/^on/i.test(attribute) || (attribute === 'href' && !value.startsWith('#')) ? [attribute] : []),
      ...[...value.matchAll(/#([\w-]+)/g)].flatMap(([, id]) => (known.has(id as string) ? [] : [`#${id}`])),
      ...(GEOMETRY.has(attribute) && !value.includes('#') ? oddNumbers(value) : []),
    ]),
  ]);
  expect(wrong).toEqual([]);
  expect(text.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|\/\/|@import|javascript|<script/);
  return nodes;
};
