import fc, { type Arbitrary } from 'fast-check';
import { type DType, promote } from '../dtype.js';
import { broadcastTo } from '../movement.js';
import { broadcastShapes, type Shape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { arbitraryBroadcastShapes, arbitraryTensor } from './arbitrary.js';
import { elementAt, fingerprint, requireElements, ulpsBetween } from './compare.js';
import { type Law, law } from './law.js';
import { pureLaws } from './pure.js';

/** A function of tensors that works on each element by itself. */
export interface ElementwiseSubject {
  readonly name: string;
  readonly apply: (...operands: never[]) => unknown;
  /** The function of one element of each operand; a result that the dtype cannot hold is rounded or wrapped into it. */
  readonly reference: (...elements: number[]) => number;
  /** Operands that it takes; the parameters of `reference` by default. */
  readonly arity?: number;
  /** dtypes of the operands, of which several meet by promotion; `f64` by default. */
  readonly dtypes?: readonly DType[];
  /** dtype of the result from that in which the operands meet; the same by default. */
  readonly result?: (met: DType) => DType;
  /** Elements to try; all by default. */
  readonly elements?: Arbitrary<number>;
  /** Distance from the reference in units in the last place of the result; 0 by default: the same to the bit. */
  readonly ulps?: number;
}

const unchanged = (dtype: DType): DType => dtype;

/** The value as an element of `dtype`. */
const stored = (value: number, dtype: DType): number =>
  dtype === 'f32' ? Math.fround(value) : dtype === 'i32' ? value | 0 : value;

/** Where the element of the broadcast result at `index` comes from in an operand. */
const sourceIndex = (shape: Shape, index: readonly number[]): readonly number[] =>
  shape.map((extent, axis) => (extent === 1 ? 0 : (index[axis + index.length - shape.length] as number)));

/**
 * Agrees with the reference on every element of every broadcast of operands, does not see their layout, commutes with
 * broadcasting, and is pure.
 *
 * @example
 * ```ts
 * import { checkLaw, elementwiseLaws } from '@natgrad/tensor/laws';
 * const subject = {
 *   name: 'relu',
 *   apply: (x: Tensor) => maximum(x, 0),
 *   reference: (x: number) => Math.max(x, 0),
 * };
 * for (const law of elementwiseLaws(subject)) checkLaw(law);
 * ```
 */
export const elementwiseLaws = (subject: ElementwiseSubject): readonly Law[] => {
  const { name, reference, arity = reference.length, dtypes = ['f64'], result = unchanged, ulps = 0 } = subject;
  const apply = subject.apply as (...operands: readonly Tensor[]) => unknown;
  const operands = arbitraryBroadcastShapes(arity).chain((shapes) =>
    fc.tuple(
      ...shapes.map((shape) =>
        arbitraryTensor({
          shape,
          dtype: fc.constantFrom(...dtypes),
          ...(subject.elements === undefined ? {} : { elements: subject.elements }),
        }),
      ),
    ),
  );
  const commonShape = (xs: readonly Tensor[]): Shape =>
    xs.reduce<Shape>((shape, x) => broadcastShapes(name, shape, x.shape), []);
  return [
    law(`${name} agrees with a loop over the elements`, operands, (xs) => {
      const met = xs.map((x) => x.dtype).reduce(promote);
      const dtype = result(met);
      const at = (index: readonly number[]): number =>
        stored(reference(...xs.map((x) => stored(elementAt(x, sourceIndex(x.shape, index)), met))), dtype);
      requireElements(apply(...xs), { dtype, shape: commonShape(xs), at }, (found, wanted) =>
        ulps === 0 ? Object.is(found, wanted) : ulpsBetween(found, wanted, dtype) <= ulps,
      );
    }),
    law(`${name} of broadcast operands is the same`, operands, (xs) => {
      const spread = xs.map((x) => broadcastTo(x, commonShape(xs)));
      return fingerprint(apply(...spread)) === fingerprint(apply(...xs));
    }),
    ...pureLaws({ name, apply: subject.apply, operands }),
  ];
};
