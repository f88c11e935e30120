/** What generators of statements know: the variables in scope, and how to pick some. */
import type { Shape } from '@natgrad/tensor';
import type { Draw } from '../../ir/domain.js';
import type { Program, Statement, Variable } from './syntax.js';

export interface ProgramOptions {
  /** Most statements of the outermost program; 6 unless told. */
  readonly statements?: number;
  /** How deep functions may stand in functions; 2 unless told. */
  readonly depth?: number;
  /** Also `whileLoop`, which has no reverse mode. */
  readonly while?: boolean;
}

/** A variable with a bound on the magnitude of its elements. */
export interface Known extends Variable {
  readonly bound: number;
}

export interface Draft extends Omit<Statement, 'defines'> {
  readonly shape: Shape;
  readonly bound: number;
}

/** Above this a value is squashed. */
export const LARGEST = 4;
export const EXTENTS: readonly number[] = [1, 2, 3];

export type Scope = readonly Known[];
/** A statement that some variables in scope allow, or null. */
export type Maker = (scope: Scope, context: Context) => Draft | null;

export interface Context {
  readonly draw: Draw;
  readonly fresh: () => number;
  readonly depth: number;
  readonly options: ProgramOptions;
}

export const draft = (
  operation: string,
  args: readonly Known[],
  shape: Shape,
  bound: number,
  numbers: readonly number[] = [],
  bodies: readonly Program[] = [],
): Draft => ({
  operation,
  args: args.map(({ id }) => id),
  numbers,
  bodies,
  shape,
  bound,
});

/** One of the variables that fit, late ones more likely than early ones; null if there is none. */
export const choose = (
  scope: Scope,
  { draw }: Context,
  fits: (variable: Known) => boolean = () => true,
): Known | null => {
  const fitting = scope.filter(fits).reverse();
  const last = fitting.length - 1;
  return last < 0 ? null : (fitting[Math.min(draw.integer(0, last), draw.integer(0, last))] as Known);
};

export const broadcast = (a: Shape, b: Shape): Shape | null => {
  const rank = Math.max(a.length, b.length);
  const shape: number[] = [];
  for (let k = 1; k <= rank; k += 1) {
    const [p, q] = [a.at(-k) ?? 1, b.at(-k) ?? 1];
    if (k > a.length || k > b.length || p === q || p === 1 || q === 1)
      shape.unshift(Math.max(k > a.length ? q : p, k > b.length ? p : q));
    else return null;
  }
  return shape;
};

export const same = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((extent, k) => extent === b[k]);
