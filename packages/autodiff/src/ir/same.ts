/** Equality of programs. */
import { identical } from '@natgrad/tensor';
import { isConcrete } from '@natgrad/tensor/internal';
import type { Graph } from './graph.js';
import { isPrimitive } from './primitive.js';

/** Equality of plain data that may hold tensors, graphs and primitives; `sameFunctions`: any two functions count as equal. */
const sameData = (a: unknown, b: unknown, sameFunctions: boolean): boolean => {
  if (Object.is(a, b) || (sameFunctions && typeof a === 'function' && typeof b === 'function')) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (isConcrete(a) || isConcrete(b)) return isConcrete(a) && isConcrete(b) && identical(a, b);
  if (isPrimitive(a) || isPrimitive(b) || Array.isArray(a) !== Array.isArray(b)) return false;
  const [own, other] = [Object.entries(a), b as Readonly<Record<string, unknown>>];
  return (
    own.length === Object.keys(b).length &&
    own.every(([key, value]) => key in other && sameData(value, other[key], sameFunctions))
  );
};

/**
 * Whether two graphs are one program, down to the elements of constants and the graphs inside parameters. Functions cannot be
 * compared and count as equal.
 */
export const sameGraph = (a: Graph, b: Graph): boolean => sameData(a, b, true);

/** Whether two nodes of one primitive surely do the same: their parameters are equal, functions among them identical. */
export const sameParams = (a: unknown, b: unknown): boolean => sameData(a, b, false);
