/** A page of an episode with as much of a browser around it as its script asks for. */
import { createContext, runInContext } from 'node:vm';
import { below, type Element, treeOf } from '../svg.js';

type Listener = (event: Readonly<Record<string, unknown>>) => void;

/** What the script of a page does to it, by hand. */
export interface Page {
  /** Groups of elements that are seen, in the order of painting. */
  readonly shown: () => readonly Element[];
  readonly text: (id: string) => string;
  readonly values: () => readonly string[];
  readonly scrub: (step: number) => void;
  readonly press: (key: string, shiftKey?: boolean) => void;
  readonly click: () => void;
  /** Lets time pass: frames of the browser at these milliseconds. */
  readonly frames: (...times: readonly number[]) => void;
  readonly speed: (factor: number) => void;
}

const between = (text: string, before: string, after: string): string => {
  const from = text.indexOf(before) + before.length;
  return text.slice(from, text.indexOf(after, from));
};

/** Opens a page; `still` for a reader who prefers reduced motion. */
export const open = (html: string, still = false): Page => {
  const tree = treeOf(between(html, '<figure>', '</figure>'));
  const listeners = new Map<string, Listener>();
  const nodes = new Map<Element, object>();
  const nodeOf = (element: Element): object => {
    const known = nodes.get(element);
    if (known !== undefined) return known;
    const node = {
      element,
      getAttribute: (name: string) => element.attributes[name] ?? null,
      setAttribute: (name: string, value: string) => {
        element.attributes[name] = value;
      },
      removeAttribute: (name: string) => {
        Reflect.deleteProperty(element.attributes, name);
      },
      querySelectorAll: (selector: string) =>
        below(element)
          .filter(({ name }) => name === selector)
          .map(nodeOf),
      get parentNode() {
        return nodeOf(element.parent as Element);
      },
      appendChild: ({ element: child }: { readonly element: Element }) => {
        element.children.splice(element.children.indexOf(child), 1);
        element.children.push(child);
      },
    };
    nodes.set(element, node);
    return node;
  };
  const control = (id: string) => ({
    textContent: id === 'episode' ? between(html, 'id="episode">', '</script>') : '',
    value: id === 'speed' ? '1' : '0',
    attributes: {} as Record<string, string>,
    style: { setProperty: () => undefined },
    setAttribute(name: string, value: string) {
      this.attributes[name] = value;
    },
    addEventListener: (type: string, listener: Listener) => listeners.set(`${id} ${type}`, listener),
  });
  const ids = ['episode', 'scrubber', 'play', 'speed', 'traces', 'step', 'clock', 'lines'];
  const controls = new Map(ids.map((id) => [id, control(id)]));
  const outputs = (html.match(/data-trace/g) ?? []).slice(1).map(() => ({ textContent: '' }));
  let waiting: ((now: number) => void) | null = null;
  const context = createContext({
    document: {
      getElementById: (id: string) => controls.get(id),
      querySelectorAll: (selector: string) =>
        selector === '[data-trace]'
          ? outputs
          : below(tree)
              .filter(({ attributes }) => attributes['data-element'] !== undefined)
              .map(nodeOf),
      addEventListener: (type: string, listener: Listener) => listeners.set(`document ${type}`, listener),
    },
    matchMedia: () => ({ matches: still }),
    performance: { now: () => 0 },
    requestAnimationFrame: (tick: (now: number) => void) => {
      waiting = tick;
    },
  });
  runInContext(between(html, '</script>\n<script>', '</script>'), context);
  const happen = (what: string, event: Readonly<Record<string, unknown>> = {}): void => {
    const listener = listeners.get(what);
    if (listener === undefined) throw new Error(`nobody listens to ${what}`);
    listener({ preventDefault: () => undefined, ...event });
  };
  const part = (id: string) => controls.get(id) as ReturnType<typeof control>;
  return {
    shown: () =>
      below(tree).filter(
        ({ attributes }) => attributes['data-element'] !== undefined && attributes['display'] === undefined,
      ),
    text: (id) => (id === 'scrubber' ? (part(id).attributes['aria-valuetext'] ?? '') : part(id).textContent),
    values: () => outputs.map(({ textContent }) => textContent),
    scrub: (step) => {
      part('scrubber').value = String(step);
      happen('scrubber input');
    },
    press: (key, shiftKey = false) => happen('document keydown', { key, shiftKey }),
    click: () => happen('play click'),
    frames: (...times) => {
      for (const time of times) {
        const tick = waiting;
        waiting = null;
        tick?.(time);
      }
    },
    speed: (factor) => {
      part('speed').value = String(factor);
    },
  };
};
