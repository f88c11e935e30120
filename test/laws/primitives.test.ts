/** Every primitive keeps the laws; they are found in the source tree, so that a new one cannot escape. */
import { type AnyPrimitive, isPrimitive } from '@natgrad/autodiff';
import { checkLaw, primitiveLaws } from '@natgrad/autodiff/laws';
import { describe, expect, test } from 'vitest';

type Modules = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

const modules: Modules = import.meta.glob('../../packages/autodiff/src/primitives/*.ts', { eager: true });
const sources: Readonly<Record<string, string>> = import.meta.glob('../../packages/autodiff/src/primitives/*.ts', {
  eager: true,
  query: '?raw',
  import: 'default',
});

const primitivesOf = (path: string): readonly AnyPrimitive[] => Object.values(modules[path] ?? {}).filter(isPrimitive);
const paths = Object.keys(sources);
const found = paths.flatMap(primitivesOf);

/** Reverse mode through while is a typed error; everything else has both modes. */
const forwardOnly: ReadonlySet<string> = new Set(['while']);

describe.each(found.map((primitive) => [primitive.name, primitive] as const))('%s', (name, primitive) => {
  const laws = primitiveLaws(primitive, { reverse: !forwardOnly.has(name) });
  test.each(laws.map((law) => [law.name, law] as const))('%s', (_, law) => {
    checkLaw(law, { numRuns: 20 });
  });
});

describe('discovery', () => {
  /** Functions that make primitives: `definePrimitive` and the families, which say so in their types. */
  const makers = [
    'definePrimitive',
    ...Object.values(sources)
      .flatMap((text) => text.split(/^export function /m).slice(1))
      .filter((text) => text.slice(0, text.indexOf('\n}\n')).includes('): Primitive<'))
      .map((text) => /^\w+/.exec(text)?.[0] ?? ''),
  ];
  const calls = (text: string): number =>
    [...text.matchAll(new RegExp(String.raw`(?<![\w.])(?:${makers.join('|')})(?:<\w+>)?\(`, 'g'))].length;

  test('finds the families', () => {
    expect(makers).toEqual(
      expect.arrayContaining([
        'definePrimitive',
        'unary',
        'binary',
        'movement',
        'reduction',
        'argReduction',
        'graphCall',
      ]),
    );
  });

  test.each(paths.filter((path) => !path.includes('/_')))('every primitive made in %s was found', (path) => {
    expect(primitivesOf(path)).toHaveLength(calls(sources[path] as string));
  });

  test('families make primitives for others only: files with an underscore export none', () => {
    expect(paths.filter((path) => path.includes('/_') && primitivesOf(path).length > 0)).toEqual([]);
  });

  test('finds as many primitives as are made, each with a name of its own', () => {
    const made = paths
      .filter((path) => !path.includes('/_'))
      .reduce((count, path) => count + calls(sources[path] as string), 0);
    expect(found).toHaveLength(made);
    expect(found.length).toBeGreaterThan(60);
    expect(new Set(found.map(({ name }) => name)).size).toBe(found.length);
  });

  test('laws of derivatives are among those of every primitive with floats in and out', () => {
    const names = (primitive: AnyPrimitive): readonly string[] => primitiveLaws(primitive).map(({ name }) => name);
    const without = found.filter(
      (primitive) =>
        !names(primitive).some((name) =>
          name.endsWith('vjp is the adjoint of jvp for every choice of active arguments'),
        ),
    );
    expect(without.map(({ name }) => name).sort()).toEqual(WITHOUT_DERIVATIVE);
  });
});

/** Those that take or give no floats. */
const WITHOUT_DERIVATIVE = [
  'argmax',
  'argmin',
  'argsort',
  'equal',
  'greater',
  'greaterEqual',
  'isFinite',
  'less',
  'lessEqual',
  'logicalAnd',
  'logicalNot',
  'logicalOr',
  'notEqual',
  'oneHot',
];
