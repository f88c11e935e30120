/** Numbers for the laws: inner products, directions, differences, and how near is near enough. */
import {
  add,
  describe,
  foldIn,
  fromTypedArray,
  identical,
  isFloat,
  key,
  multiply,
  slice,
  squeeze,
  subtract,
  type Tensor,
  toTypedArray,
  uniform,
  zeros,
} from '@natgrad/tensor';
import { elements } from '@natgrad/tensor/internal';
import type { Aval } from '../ir/aval.js';
import { require } from './law.js';

export type Tensors = readonly Tensor[];

/**
 * For two ways to compute one number in f64. Rounding gives 2⁻⁵³ ≈ 1.1e−16 for each operation; a case has at most some
 * thousand operations, and the domains keep the amplification of an error below 10⁴: 1e−9 in all. A wrong rule is wrong by
 * about the number itself.
 */
export const ROUNDING = 1e-9;

/**
 * For derivatives against extrapolated differences (`differences` below), relative to the largest of values and derivatives.
 * Truncation: h⁶/64 · |f⁽⁷⁾|/7! with h = 2⁻⁶ is 2e−16 · |f⁽⁷⁾|, and |f⁽⁷⁾| reaches 10⁸ at the edge of the domains of log and
 * divide. Rounding: 2⁻⁵³ / (h/4) ≈ 3e−14 for each operation. Both are below 1e−7; a factor of ten for second differences.
 */
export const DIFFERENCES = 1e-6;

/** Largest step of the differences: a power of two, so that the steps are exact. */
const STEP = 2 ** -6;

/** Random directions in [−1, 1], determined by a seed and a name; zeros for what is not a float. */
export const directions = (seed: number, name: string, like: readonly Aval[]): Tensors => {
  let base = key(seed);
  for (const letter of name) base = foldIn(base, letter.codePointAt(0) as number);
  return like.map(({ dtype, shape }, i) =>
    isFloat(dtype) ? uniform(foldIn(base, i), shape, { minimum: -1, maximum: 1, dtype }) : zeros(shape, dtype),
  );
};

/** Σ aᵢ·bᵢ over the floats of two lists. */
export const inner = (a: Tensors, b: Tensors): number => {
  let total = 0;
  a.forEach((x, k) => {
    if (!isFloat(x.dtype)) return;
    const y = elements(b[k] as Tensor);
    elements(x).forEach((value, i) => {
      total += value * (y[i] as number);
    });
  });
  return total;
};

export const norm = (a: Tensors): number => Math.sqrt(inner(a, a));

/** Largest magnitude, at least 1. */
export const scaleOf = (...lists: readonly Tensors[]): number =>
  lists.flat().reduce((most, x) => {
    let largest = most;
    for (const value of elements(x)) largest = Math.max(largest, Math.abs(value));
    return largest;
  }, 1);

const plus = (x: Tensors, v: Tensors, h: number): Tensors =>
  x.map((value, i) => add(value, multiply(v[i] as Tensor, h)));

/** a·v + b·w. */
export const combine = (a: number, v: Tensors, b: number, w: Tensors): Tensors =>
  v.map((value, i) => (isFloat(value.dtype) ? add(multiply(value, a), multiply(w[i] as Tensor, b)) : value));

export interface Differences {
  readonly value: Tensors;
  /** How much the last extrapolation changed: large where the function is not smooth within the steps. */
  readonly change: number;
}

/**
 * Directional derivative by central differences with steps h, h/2, h/4 and Richardson's extrapolation of the error's h² and
 * h⁴ terms.
 */
export const differences = (f: (at: Tensors) => Tensors, x: Tensors, v: Tensors): Differences => {
  const central = (h: number): Tensors => {
    const [up, down] = [f(plus(x, v, h)), f(plus(x, v, -h))];
    return up.map((value, k) =>
      isFloat(value.dtype)
        ? multiply(subtract(value, down[k] as Tensor), 1 / (2 * h))
        : zeros(value.shape, value.dtype),
    );
  };
  const better = (coarse: Tensors, fine: Tensors, power: number): Tensors =>
    combine(power / (power - 1), fine, -1 / (power - 1), coarse);
  const [d1, d2, d4] = [central(STEP), central(STEP / 2), central(STEP / 4)];
  const [first, second] = [better(d1, d2, 4), better(d2, d4, 4)];
  const value = better(first, second, 16);
  return { value, change: largestDifference(value, second) };
};

const largestDifference = (a: Tensors, b: Tensors): number => {
  let most = 0;
  a.forEach((x, k) => {
    const y = elements(b[k] as Tensor);
    elements(x).forEach((value, i) => {
      most = Math.max(most, Math.abs(value - (y[i] as number)));
    });
  });
  return most;
};

/**
 * Throws unless two lists have the same dtypes and shapes and their elements differ by at most `tolerance` times `scale`,
 * which is the largest magnitude among them (and at least 1) unless told. Numbers that are not finite must be the same.
 */
export const requireClose = (
  what: string,
  actual: Tensors,
  expected: Tensors,
  tolerance: number,
  scale: number = scaleOf(actual, expected),
): void => {
  require(actual.length === expected.length, () => `${what}: ${actual.length} results, expected ${expected.length}`);
  actual.forEach((x, k) => {
    const y = expected[k] as Tensor;
    require(describe(x) === describe(y), () => `${what}: result ${k} is ${describe(x)}, expected ${describe(y)}`);
    const wanted = elements(y);
    elements(x).forEach((value, i) => {
      const other = wanted[i] as number;
      const near = Object.is(value, other) || Math.abs(value - other) <= tolerance * scale;
      require(near, () =>
        `${what}: element ${i} of result ${k} (${describe(x)}) is ${value}, expected ${other} ± ${tolerance * scale}`);
    });
  });
};

/** Throws unless two lists are equal to the bit. */
export const requireSame = (what: string, actual: Tensors, expected: Tensors): void => {
  requireClose(what, actual, expected, 0);
  actual.forEach((x, k) =>
    require(identical(x, expected[k] as Tensor), () =>
      `${what}: result ${k} (${describe(x)}) has a zero of the other sign`),
  );
};

/** Throws unless ⟨a, b⟩ = ⟨c, d⟩ up to rounding, relative to the products of their norms. */
export const requireSameInner = (
  what: string,
  [a, b]: readonly [Tensors, Tensors],
  [c, d]: readonly [Tensors, Tensors],
  tolerance: number = ROUNDING,
): void => {
  const [left, right] = [inner(a, b), inner(c, d)];
  const scale = Math.max(1, norm(a) * norm(b), norm(c) * norm(d));
  require(Math.abs(left - right) <= tolerance * scale, () =>
    `${what}: ${left} and ${right} differ by more than ${tolerance * scale}`);
};

/** A copy of the elements of every tensor, to compare later. */
export const snapshot = (values: Tensors): Tensors => values.map((x) => fromTypedArray(toTypedArray(x), x.shape));

/** Slice `i` of a batch. */
export const rowOf = (batch: Tensor, i: number): Tensor => {
  const rest = batch.shape.slice(1);
  return squeeze(slice(batch, [i, ...rest.map(() => 0)], [i + 1, ...rest]), 0);
};
