/** What the laws are about: a function of tensors, arguments to try it at, and a seed for directions. */
import { describe, isFloat, type Scalar, scalar, stack, type Tensor, toNested } from '@natgrad/tensor';
import fc from 'fast-check';
import type { Value } from '../ir/aval.js';
import type { Domain, Draw } from '../ir/domain.js';
import { add } from '../primitives/add.js';
import { multiply } from '../primitives/multiply.js';
import { sum } from '../primitives/sum.js';
import { drawn, drawTensor } from './draw.js';
import { DIFFERENCES, differences, directions, requireClose, scaleOf, type Tensors } from './numeric.js';

export type Values = readonly Value[];
export type FlatFunction = (...args: Values) => Values;

export interface Subject {
  readonly f: FlatFunction;
  readonly args: Tensors;
  /** Of each argument `size` samples, with an axis in front. */
  readonly batches: Tensors;
  readonly size: number;
  readonly seed: number;
  /** There may be a kink within the steps of differences, which then say nothing. */
  readonly mayBeRough?: boolean;
}

const printed = (x: Tensor): string => `${describe(x)} ${JSON.stringify(toNested(x))}`;

/** A subject that fast-check prints as `title` with its arguments. */
export const subjectOf = <T extends Subject>(subject: T, title: () => string): T => ({
  ...subject,
  [fc.toStringMethod]: () =>
    `${title()} at ${subject.args.map(printed).join(', ')}; batches of ${subject.size}; seed ${subject.seed}`,
});

export interface PrimitiveCase<P> extends Subject {
  readonly params: P;
}

/** Random arguments from a domain; `of` makes of the parameters the function that they are for. */
export const casesOf = <P>(
  domain: Domain<P>,
  of: (params: P) => FlatFunction,
  title: (params: P) => string,
): fc.Arbitrary<PrimitiveCase<P>> =>
  drawn((draw: Draw) => {
    const { args: described, params } = domain(draw);
    const size = draw.integer(1, 3);
    const rows = described.map((sample) => Array.from({ length: size }, () => drawTensor(sample, draw)));
    const seed = draw.integer(0, 0xffff);
    const args = rows.map((row) => row[0] as Tensor);
    const batches = rows.map((row) => stack(row));
    return subjectOf({ f: of(params), args, batches, size, seed, params }, () => title(params));
  });

/** Places of the arguments that can be differentiated. */
export const floatPlaces = (args: readonly Value[]): readonly number[] =>
  args.flatMap(({ dtype }, i) => (isFloat(dtype) ? [i] : []));

/** `f` as a function of the arguments at `places`, the others fixed. */
export const fixing = (
  { f, args }: Pick<Subject, 'f' | 'args'>,
  places: readonly number[],
): { readonly g: (at: Values) => Values; readonly x: Tensors } => ({
  g: (at) => {
    const all: Value[] = [...args];
    places.forEach((place, k) => {
      all[place] = at[k] as Value;
    });
    return f(...all);
  },
  x: places.map((place) => args[place] as Tensor),
});

/** `f` as a function of all its floats. */
export const ofFloats = (subject: Subject): ReturnType<typeof fixing> => fixing(subject, floatPlaces(subject.args));

/** All nonempty subsets of up to three items; of more, each alone, all but each, and all. */
export const subsets = <T>(items: readonly T[]): readonly (readonly T[])[] => {
  if (items.length > 3)
    return [items, ...items.map((item) => [item]), ...items.map((item) => items.filter((other) => other !== item))];
  return Array.from({ length: 2 ** items.length - 1 }, (_, mask) =>
    items.filter((__, i) => ((mask + 1) >> i) % 2 === 1),
  );
};

/** Random directions like the given values. */
export const toward = ({ seed }: Subject, name: string, like: readonly Value[]): Tensors =>
  directions(seed, name, like);

/** ⟨a, b⟩ over the floats of two lists, as an operation that can be differentiated. */
export const pairing = (a: Values, b: Values): Scalar =>
  a.reduce<Scalar>(
    (total, x, k) => (isFloat(x.dtype) ? add(total, sum(multiply(x, b[k] as Value))) : total),
    scalar(0),
  );

/** A loss: the outputs that are floats, weighted at random. */
export const lossOf =
  (subject: Subject, g: (at: Values) => Values): ((at: Values) => Scalar) =>
  (at) => {
    const outs = g(at);
    return pairing(outs, toward(subject, 'weights', outs));
  };

/**
 * Throws unless `actual` is the derivative of `g` along `v`, by extrapolated differences. Where the subject may have kinks
 * and the extrapolation did not settle, the case is passed over.
 */
export const requireDerivative = (
  what: string,
  { mayBeRough }: Subject,
  { g, x, v }: { readonly g: (at: Values) => Values; readonly x: Tensors; readonly v: Tensors },
  actual: Tensors,
): void => {
  const { value, change } = differences(g, x, v);
  const scale = scaleOf(actual, g(x));
  if (mayBeRough === true) fc.pre(change <= DIFFERENCES * scale);
  requireClose(what, actual, value, DIFFERENCES, scale);
};
