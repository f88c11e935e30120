/** Comparisons that say what differed, and generators that several laws share. */
import { identical, type Key, key, type Tensor, treeLeaves } from '@natgrad/tensor';
import { adopt, elements } from '@natgrad/tensor/internal';
import type { Law } from '@natgrad/tensor/laws';
import fc from 'fast-check';

/** Makes a law of something that has a name already. */
export type Named = <T>(text: string, cases: fc.Arbitrary<T>, holds: (value: T) => unknown) => Law;

export const require = (holds: boolean, message: () => string): void => {
  if (!holds) throw new Error(message());
};

/** |a − b| ≤ tolerance · (1 + |b|). */
export const requireClose = (what: string, a: number, b: number, tolerance: number): void =>
  require(Math.abs(a - b) <= tolerance * (1 + Math.abs(b)), () =>
    `${what}: ${a} and ${b} differ by more than ${tolerance}`);

const flat = (tree: unknown): readonly number[] => treeLeaves(tree).flatMap((leaf) => Array.from(elements(leaf)));

/** ‖a − b‖ ≤ tolerance · (‖a‖ + ‖b‖ + floor): trees as vectors. */
export const requireCloseTrees = (what: string, a: unknown, b: unknown, tolerance: number, floor = 1e-30): void => {
  const [x, y] = [flat(a), flat(b)];
  require(x.length === y.length, () => `${what}: ${x.length} and ${y.length} numbers`);
  const size = Math.hypot(...x) + Math.hypot(...y) + floor;
  const difference = Math.hypot(...x.map((each, i) => each - (y[i] as number)));
  require(difference <= tolerance * size, () =>
    `${what}: differ by ${difference}, allowed are ${tolerance} of ${size}`);
};

/** Equal to the bit. */
export const requireIdenticalTrees = (what: string, a: unknown, b: unknown): void => {
  const [x, y] = [treeLeaves(a), treeLeaves(b)];
  require(x.length === y.length && x.every((leaf, k) => identical(leaf, y[k] as Tensor)), () =>
    `${what}: not equal to the bit`);
};

/** A copy of all numbers of a tree: to see later that nothing was changed. */
export const snapshot = (tree: unknown): readonly number[] => flat(tree);

export const requireUnchanged = (what: string, tree: unknown, before: readonly number[]): void => {
  const now = flat(tree);
  require(now.length === before.length && now.every((x, i) => Object.is(x, before[i])), () => `${what} was changed`);
};

export const arbitraryKey: fc.Arbitrary<Key> = fc.nat().map(key);

/** Numbers between two bounds: most of them evenly spread, for `fc.double` alone draws one in two below 1e-150. */
export const numbers = (low: number, high: number): fc.Arbitrary<number> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.nat(2 ** 30).map((n) => low + (n / 2 ** 30) * (high - low)) },
    { weight: 1, arbitrary: fc.double({ min: low, max: high, noNaN: true }) },
  );

/** A tensor of one shape with elements from an arbitrary. */
export const tensors = (shape: readonly number[], element: fc.Arbitrary<number>): fc.Arbitrary<Tensor> => {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return fc.array(element, { minLength: size, maxLength: size }).map((x) => adopt(Float64Array.from(x), 'f64', shape));
};
