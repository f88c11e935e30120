import { sizeOf, type Tensor } from '@natgrad/tensor';
import { type Aval } from '../ir/aval.js';
import { broadcastToPrimitive } from '../primitives/broadcast-to.js';
import type { Pass } from './pass.js';
import { type Operation, type Rebuild, rewrite } from './rewrite.js';
import { repeatedScalar, stretch } from './splat.js';

/**
 * Elements that an operation may read and write to be folded: with the reference kernels at most a millisecond, even for
 * matrix products. What is larger is left to the engine, which is faster, and the first call has to be fast too.
 */
const FOLDED = 2 ** 14;

const largest = (avals: readonly Aval[]): number => Math.max(...avals.map(({ shape }) => sizeOf(shape)));

/**
 * Only operations that cannot fail on elements, whatever they are: a Cholesky factor that does not exist is an error of the
 * run, perhaps in a branch that is never taken, and not of the compilation. Loops and calls may take any time.
 */
const total: ReadonlySet<string> = new Set(['elementwise', 'reduction', 'movement', 'matmul']);

/** Folding never makes a constant larger than what it comes from, and a stretched constant stays one with a stretch. */
const folds = ({ primitive, inputs, avals }: Operation, constants: readonly Tensor[]): boolean =>
  constants.length === inputs.length &&
  total.has(primitive.lower.kind) &&
  (primitive as unknown) !== broadcastToPrimitive &&
  largest(avals) <= largest(constants) &&
  [...constants, ...avals].reduce((count, { shape }) => count + sizeOf(shape), 0) <= FOLDED;

/** A constant; one that repeats a number becomes that number, stretched, so that later passes and loops see a scalar. */
const define = (value: Tensor, rebuild: Rebuild): number => {
  const repeated = repeatedScalar(value);
  return repeated === undefined ? rebuild.constant(value) : stretch(rebuild.constant(repeated), value.shape, rebuild);
};

/** Evaluates operations on constants, within bounds, and finds constants that are one number. */
export const fold: Pass = {
  name: 'fold',
  run: (graph) =>
    rewrite(
      graph,
      (operation, rebuild) => {
        const { primitive, params, inputs } = operation;
        const constants = inputs.flatMap((id) => rebuild.constantOf(id) ?? []);
        if (!folds(operation, constants)) return undefined;
        return primitive.evaluate(constants, params).map((value) => define(value, rebuild));
      },
      define,
    ),
};
