/** SVG text as a tree; it must be well-formed XML. */
import { SaxesParser, type SaxesTag } from 'saxes';

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
