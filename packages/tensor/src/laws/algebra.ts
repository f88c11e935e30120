import fc, { type Arbitrary } from 'fast-check';
import { isNatgradError } from '../errors.js';
import type { Shape } from '../shape.js';
import { arbitraryBroadcastShapes, arbitraryShape } from './arbitrary.js';
import { fingerprint } from './compare.js';
import { type Law, law } from './law.js';

/** An associative operation with a neutral element. */
export interface MonoidSubject<A> {
  readonly name: string;
  readonly concat: (x: A, y: A) => A;
  readonly empty: A;
  readonly values: Arbitrary<A>;
  readonly commutative?: boolean;
  /** Equality of results; by default of all that can be seen of them, to the bit. */
  readonly equals?: (x: A, y: A) => boolean;
}

const seenEqual = (x: unknown, y: unknown): boolean => fingerprint(x) === fingerprint(y);

/**
 * The operation is associative, `empty` is neutral on both sides and, where claimed, the order of operands does not matter.
 *
 * @example
 * ```ts
 * import { arbitraryTensor, checkLaw, monoidLaws } from '@natgrad/tensor/laws';
 * const subject = {
 *   name: 'concatenate',
 *   concat: (x: Tensor, y: Tensor) => concatenate([x, y]),
 *   empty: zeros([0]),
 *   values: arbitraryTensor({ dtype: 'f64', shape: [3] }),
 * };
 * for (const law of monoidLaws(subject)) checkLaw(law);
 * ```
 */
export const monoidLaws = <A>(subject: MonoidSubject<A>): readonly Law[] => {
  const { name, concat, empty, values, commutative = false, equals = seenEqual } = subject;
  return [
    law(`${name} is associative`, fc.tuple(values, values, values), ([x, y, z]) =>
      equals(concat(concat(x, y), z), concat(x, concat(y, z))),
    ),
    law(`${name}: empty is neutral on the left`, values, (x) => equals(concat(empty, x), x)),
    law(`${name}: empty is neutral on the right`, values, (x) => equals(concat(x, empty), x)),
    ...(commutative
      ? [law(`${name} is commutative`, fc.tuple(values, values), ([x, y]) => equals(concat(x, y), concat(y, x)))]
      : []),
  ];
};

/** Two functions which are meant to undo each other. */
export interface IsomorphismSubject<A, B> {
  readonly name: string;
  readonly there: (value: A) => B;
  readonly back: (image: B) => A;
  readonly values: Arbitrary<A>;
  readonly equals?: (x: A, y: A) => boolean;
}

/** `back(there(x))` is `x`, and `there` of that is the same image again. */
export const isomorphismLaws = <A, B>(subject: IsomorphismSubject<A, B>): readonly Law[] => {
  const { name, there, back, values, equals = seenEqual } = subject;
  return [
    law(`${name}: there and back is the identity`, values, (x) => equals(back(there(x)), x)),
    law(`${name}: there, back and there is there`, values, (x) => seenEqual(there(back(there(x))), there(x))),
  ];
};

type Broadcast = (x: Shape, y: Shape) => Shape;

const refused = Symbol('refused');

/** The common shape, or `refused` for a `ShapeMismatch`; any other error passes. */
const attempt = (f: () => Shape): Shape | typeof refused => {
  try {
    return f();
  } catch (error) {
    if (isNatgradError(error) && error.code === 'ShapeMismatch') return refused;
    throw error;
  }
};

const sameOutcome = (x: Shape | typeof refused, y: Shape | typeof refused): boolean =>
  x === refused || y === refused ? x === y : seenEqual(x, y);

/** The rule itself, per axis: equal, or one of them 1; missing outer axes count as 1. */
const broadcastByRule = (x: Shape, y: Shape): Shape | typeof refused => {
  const rank = Math.max(x.length, y.length);
  const extent = (shape: Shape, axis: number): number => shape[axis - (rank - shape.length)] ?? 1;
  const axes = Array.from({ length: rank }, (_, axis) => [extent(x, axis), extent(y, axis)] as const);
  return axes.every(([m, n]) => m === n || m === 1 || n === 1) ? axes.map(([m, n]) => (m === 1 ? n : m)) : refused;
};

/** Small shapes fail to fit often; shapes made to fit never do. */
const triples: Arbitrary<readonly Shape[]> = fc.oneof(
  arbitraryBroadcastShapes(3),
  fc.tuple(...[0, 1, 2].map(() => arbitraryShape({ maxExtent: 2 }))),
);

/**
 * Broadcasting makes shapes a commutative, idempotent partial monoid with `[]` as its neutral element: refusals included,
 * order and grouping do not matter.
 */
export const broadcastLaws = (name: string, broadcast: Broadcast): readonly Law[] => [
  law(`${name} stretches extents of 1`, triples, ([x = [], y = []]) =>
    sameOutcome(
      attempt(() => broadcast(x, y)),
      broadcastByRule(x, y),
    ),
  ),
  law(`${name} is commutative`, triples, ([x = [], y = []]) =>
    sameOutcome(
      attempt(() => broadcast(x, y)),
      attempt(() => broadcast(y, x)),
    ),
  ),
  law(`${name} is associative`, triples, ([x = [], y = [], z = []]) =>
    sameOutcome(
      attempt(() => broadcast(broadcast(x, y), z)),
      attempt(() => broadcast(x, broadcast(y, z))),
    ),
  ),
  law(`${name} is idempotent, with [] neutral`, arbitraryShape(), (x) =>
    [broadcast(x, x), broadcast(x, []), broadcast([], x)].every((shape) => seenEqual(shape, x)),
  ),
];
