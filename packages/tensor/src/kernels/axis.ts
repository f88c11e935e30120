/** How functions that work along one axis see a row-major buffer. */
import type { DType } from '../dtype.js';
import type { Shape } from '../shape.js';

/** What the shape rules need of an operand; traced values have it too. */
export interface Described {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** A row-major buffer as `[outer, extent, inner]`: element `(o, k, i)` lies at `(o·extent + k)·inner + i`. */
export interface AxisSplit {
  readonly outer: number;
  readonly extent: number;
  readonly inner: number;
}

/** Splits a shape at `axis`, which is already in `[0, rank)`. */
export const splitAtAxis = (shape: Shape, axis: number): AxisSplit => {
  let outer = 1;
  for (let k = 0; k < axis; k += 1) outer *= shape[k] as number;
  let inner = 1;
  for (let k = axis + 1; k < shape.length; k += 1) inner *= shape[k] as number;
  return { outer, extent: shape[axis] as number, inner };
};

/** `shape` with the extents `instead` in the place of its extent at `axis`; with none, the axis is gone. */
export const replaceAxis = (shape: Shape, axis: number, instead: Shape): number[] => [
  ...shape.slice(0, axis),
  ...instead,
  ...shape.slice(axis + 1),
];

/** The multi-index of the element that is `flat` places into row-major order, written `[1,2]`: for error messages. */
export const describePosition = (flat: number, shape: Shape): string => {
  const index = new Array<number>(shape.length);
  let rest = flat;
  for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
    const extent = shape[axis] as number;
    index[axis] = rest % extent;
    rest = Math.floor(rest / extent);
  }
  return `[${index.join(',')}]`;
};
