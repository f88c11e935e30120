/** Every primitive keeps the laws; they are found in the source tree, so that a new one cannot escape. */
import { type AnyPrimitive, isPrimitive } from '@natgrad/autodiff';
import { checkLaw, primitiveLaws } from '@natgrad/autodiff/laws';
import { describe, expect, test } from 'vitest';

const modules = import.meta.glob<Record<string, unknown>>('../../packages/autodiff/src/primitives/*.ts', { eager: true });
const sources = import.meta.glob<string>('../../packages/autodiff/src/primitives/*.ts', { eager: true, query: '?raw', import: 'default' });

const fileOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const primitivesIn = (module: Record<string, unknown>): readonly AnyPrimitive[] => Object.values(module).filter(isPrimitive);
const found = Object.values(modules).flatMap(primitivesIn);

/** Reverse mode through while is a typed error; everything else has both modes. */
const forwardOnly: ReadonlySet<string> = new Set(['while']);

describe.each(found.map((primitive) => [primitive.name, primitive] as const))('%s', (name, primitive) => {
  test.each(primitiveLaws(primitive, { reverse: !forwardOnly.has(name) }).map((law) => [law.name, law] as const))('%s', (_, law) => {
    checkLaw(law, { numRuns: 25 });
  });
});
