import { axesSize } from '@natgrad/tensor/internal';
import type { Aval, Value } from '../ir/aval.js';
import { type Axes, spread } from '../primitives/_reduction.js';
import { add } from '../primitives/add.js';
import { cast } from '../primitives/cast.js';
import { divide } from '../primitives/divide.js';
import { exp } from '../primitives/exp.js';
import { isFinite } from '../primitives/is-finite.js';
import { log } from '../primitives/log.js';
import { logsumexpPrimitive } from '../primitives/logsumexp.js';
import { maxPrimitive } from '../primitives/max.js';
import { meanPrimitive } from '../primitives/mean.js';
import { select } from '../primitives/select.js';
import { square } from '../primitives/square.js';
import { subtract } from '../primitives/subtract.js';
import { sumPrimitive } from '../primitives/sum.js';
import { variancePrimitive } from '../primitives/variance.js';
import { bind1 } from '../trace/bind.js';
import { traceFlat } from '../trace/trace.js';
import type { Pass } from './pass.js';
import { type Operation, rewrite } from './rewrite.js';

type Expansion = (x: Value, axes: readonly number[]) => Value;

/**
 * Σ x / n. A division, not a product with 1/n, which would be rounded twice: so the result is that of the reference to the
 * bit, and one division for a whole reduction costs nothing.
 */
const average: Expansion = (x, axes) => divide(bind1(sumPrimitive, [x], { axes }), axesSize(x.shape, axes));

/**
 * Single precision is averaged in double precision and rounded once, as the reference does: a sum of squares may overflow
 * where their mean does not.
 */
const inDouble =
  (expansion: Expansion): Expansion =>
  (x, axes) =>
    cast(expansion(cast(x, 'f64'), axes), x.dtype);

const distances: Expansion = (x, axes) => subtract(x, spread(average(x, axes), axes, x));

/** The two passes of the reference (Chan, Golub & LeVeque 1983): distances from the mean, which are centred once more. */
const variance: Expansion = (x, axes) => average(square(distances(distances(x, axes), axes)), axes);

/**
 * largest + log Σ exp(x − largest). Where the largest element is −∞ (all are), ∞ or NaN, the shift is 0, since ∞ − ∞ would be
 * NaN, and the result is the largest element itself, as in the reference: −∞ + log 0, ∞ + log ∞. Single precision serves here,
 * since otherwise the sum lies between 1 and n.
 */
const logsumexp: Expansion = (x, axes) => {
  const largest = bind1(maxPrimitive, [x], { axes });
  const terms = exp(subtract(x, spread(select(isFinite(largest), largest, 0), axes, x)));
  return add(largest, log(bind1(sumPrimitive, [terms], { axes })));
};

const reductions: ReadonlyMap<unknown, Expansion> = new Map<unknown, Expansion>([
  [meanPrimitive, inDouble(average)],
  [variancePrimitive, inDouble(variance)],
  [logsumexpPrimitive, logsumexp],
]);

/** What an operation is in simpler ones, or nothing where it is simple. */
const expansionOf = ({ primitive, params }: Operation): ((args: readonly Value[]) => readonly Value[]) | undefined => {
  const { lower } = primitive;
  if (lower.kind === 'composite') return (args) => lower.expand(args, params);
  const expansion = reductions.get(primitive);
  if (expansion === undefined) return undefined;
  const { axes } = params as Axes;
  return ([x]) => [expansion(x as Value, axes)];
};

/** A maximum of nothing does not exist: log Σ over no elements, which is −∞, stays with the reference. */
const reducesNothing = ({ primitive, params }: Operation, [x]: readonly Aval[]): boolean =>
  reductions.has(primitive) && x !== undefined && axesSize(x.shape, (params as Axes).axes) === 0;

/**
 * Composite operations become simpler ones, which later passes share, simplify and fuse: mean, variance and logsumexp, and
 * every primitive whose lowering is `composite`.
 */
export const expand: Pass = {
  name: 'expand',
  run: (graph) =>
    rewrite(graph, (operation, rebuild) => {
      const expansion = expansionOf(operation);
      if (expansion === undefined) return undefined;
      const avals = operation.inputs.map((id) => rebuild.aval(id));
      if (reducesNothing(operation, avals)) return undefined;
      const { graph: simple } = traceFlat(operation.primitive.name, avals, (...args) => expansion(args));
      return rebuild.inline(simple, operation.inputs);
    }),
};
