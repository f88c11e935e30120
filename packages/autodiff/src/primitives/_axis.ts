/** What operations that work along one axis share. */
import { isTensor, NatgradError } from '@natgrad/tensor';
import { describeForeign, normaliseAxis } from '@natgrad/tensor/internal';
import type { Value } from '../ir/aval.js';
import { slice } from './slice.js';

export interface Axis {
  readonly axis: number;
}

export function printAxis({ axis }: Axis): string {
  return `axis=${axis}`;
}

/** Checks that `x` is a tensor and that it has the axis, which may be negative; the result is not. */
export function axisOf(operation: string, x: Value, axis: number): number {
  if (!isTensor(x))
    throw new NatgradError('NotATensor', `expected a tensor, found ${describeForeign(x)}`, {
      operation,
      found: describeForeign(x),
      expected: 'a tensor',
    });
  return normaliseAxis(operation, axis, x.shape);
}

/** The part of `x` whose indices along `axis` are in `[from, to)`. */
export function sliceAlong(x: Value, axis: number, from: number, to: number): Value {
  return slice(
    x,
    x.shape.map((_, k) => (k === axis ? from : 0)),
    x.shape.map((extent, k) => (k === axis ? to : extent)),
  );
}
