/**
 * Where a primitive may be sampled: each record describes valid arguments as data, so that the laws (and only they) depend
 * on a property-testing library.
 */
import type { DType, Shape } from '@natgrad/tensor';

/** A source of choices; the laws implement it with fast-check, so that every choice shrinks. */
export interface Draw {
  /** A whole number in `[min, max]`. */
  readonly integer: (min: number, max: number) => number;
  readonly boolean: () => boolean;
  readonly pick: <T>(options: readonly T[]) => T;
  /** A shape; ranks 0 to 3 and extents 1 to 4 unless told. */
  readonly shape: (options?: {
    readonly minRank?: number;
    readonly maxRank?: number;
    readonly minExtent?: number;
    readonly maxExtent?: number;
  }) => number[];
}

/** What the elements of an argument may be. */
export type Elements =
  /** Numbers from the union of closed intervals: keep them away from kinks and poles, where derivatives do not exist. */
  | { readonly kind: 'intervals'; readonly intervals: readonly (readonly [number, number])[] }
  /** Pairwise distinct numbers, at least 0.1 apart: for functions that compare elements. */
  | { readonly kind: 'distinct' }
  /** Whole numbers in `[min, max]`. */
  | { readonly kind: 'integers'; readonly min: number; readonly max: number }
  | { readonly kind: 'booleans' }
  /** Symmetric matrices with eigenvalues of at least one half, in the last two axes. */
  | { readonly kind: 'positiveDefinite' }
  /** Square matrices whose diagonal is at least one half in magnitude, in the last two axes. */
  | { readonly kind: 'wellConditionedTriangle' };

export interface ArgumentSample {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly elements: Elements;
}

export interface Sample<P> {
  readonly args: readonly ArgumentSample[];
  readonly params: P;
}

/** A recipe for valid arguments and parameters. */
export type Domain<P> = (draw: Draw) => Sample<P>;

export const interval = (...intervals: readonly (readonly [number, number])[]): Elements => ({
  kind: 'intervals',
  intervals,
});

/** An `f64` argument with elements in `elements`, everywhere in [−2, 2] by default. */
export const real = (shape: Shape, elements: Elements = interval([-2, 2])): ArgumentSample => ({
  shape,
  dtype: 'f64',
  elements,
});

export const boolean = (shape: Shape): ArgumentSample => ({ shape, dtype: 'bool', elements: { kind: 'booleans' } });

export const integers = (shape: Shape, min: number, max: number): ArgumentSample => ({
  shape,
  dtype: 'i32',
  elements: { kind: 'integers', min, max },
});
