/** Elements as text, for `format` and `toString`. */
import type { DType, TypedArray } from '../dtype.js';
import { describe, type Shape } from '../shape.js';

export interface FormatOptions {
  /** Significant digits of floats; 5 by default. */
  readonly precision?: number;
  /** Elements shown at each end of a long axis; 3 by default. */
  readonly edge?: number;
  /** Tensors with more elements (or, when empty, longer axes) than this are shortened; 100 by default. */
  readonly threshold?: number;
}

const number = (x: number, precision: number): string => {
  if (Object.is(x, -0)) return '-0';
  if (!Number.isFinite(x) || Number.isInteger(x)) {
    const plain = String(x);
    return plain.length <= precision + 6 ? plain : x.toExponential(precision - 1);
  }
  const short = String(Number(x.toPrecision(precision)));
  return short.length <= precision + 4 ? short : x.toExponential(precision - 1);
};

export const formatElements = (data: TypedArray, dtype: DType, shape: Shape, options: FormatOptions = {}): string => {
  const { precision = 5, edge = 3, threshold = 100 } = options;
  const leaf = (value: number): string =>
    dtype === 'bool' ? String(value === 1) : dtype === 'i32' ? String(value) : number(value, precision);
  const build = (axis: number, start: number, count: number): string => {
    if (axis === shape.length) return leaf(data[start] as number);
    const extent = shape[axis] as number;
    const each = extent === 0 ? 0 : count / extent;
    const part = (i: number): string => build(axis + 1, start + i * each, each);
    const all = Array.from({ length: extent }, (_, i) => i);
    const shown =
      Math.max(data.length, extent) > threshold && extent > 2 * edge
        ? [...all.slice(0, edge).map(part), '…', ...all.slice(-edge).map(part)]
        : all.map(part);
    return `[${shown.join(', ')}]`;
  };
  return `${describe({ dtype, shape })} ${build(0, 0, data.length)}`;
};
