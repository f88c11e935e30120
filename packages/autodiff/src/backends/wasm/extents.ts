/** Extents of the matrix products of a step. */
import { sizeOf } from '@natgrad/tensor';
import type { Aval } from '../../ir/aval.js';
import type { Step } from './plan.js';

/** Products m × k × n, and how many of them. */
interface Extents {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly count: number;
}

export const extentsOf = ({ avals, params, node }: Extract<Step, { readonly kind: 'gemm' }>): Extents => {
  const { shape } = avals[0] as Aval;
  const [m, n] = (node.avals[0] as Aval).shape.slice(-2) as [number, number];
  return { m, n, k: shape.at(params.transposeLeft ? -2 : -1) as number, count: sizeOf(shape.slice(0, -2)) };
};
