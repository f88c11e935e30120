/** Several independent choices at once, each by logits. */
import { add, concatenate, reshape, slice, stack } from '@natgrad/autodiff';
import { foldIn, type Key, type Tensor } from '@natgrad/tensor';
import { adopt, categoricalAt, elements } from '@natgrad/tensor/internal';
import { right } from 'fp-ts/lib/Either.js';
import { type CategoricalParameters, categoricalDistribution } from './categorical.js';
import type { DistributionWithEntropy, PackedDistribution } from './distribution.js';
import type { HeadMaker } from './head.js';
import { largestAt, logProbabilityAt } from './packed-categorical.js';

/** `logits` `[N, Σ counts]`: those of the first choice, then those of the second, … */
export type MultiCategoricalParameters = CategoricalParameters;

/** One of the choices: its number, and where its logits lie in a row. */
interface Part {
  readonly index: number;
  readonly from: number;
  readonly n: number;
}

const partsOf = (counts: readonly number[]): readonly Part[] =>
  counts.map((n, index) => ({ index, n, from: counts.slice(0, index).reduce((sum, count) => sum + count, 0) }));

/**
 * One of `counts[i]` choices for each `i`, independent of each other given the state: actions are vectors of indices, `[N, d]`.
 * Everything is the sum of what {@link categoricalDistribution} says of each choice.
 *
 * @example
 * ```ts
 * const both = multiCategoricalDistribution([3, 2]);
 * console.log(item(both.entropy({ logits: zeros([1, 5]) })).toFixed(6) === Math.log(6).toFixed(6)); // true
 * ```
 */
export const multiCategoricalDistribution = (
  counts: readonly number[],
): DistributionWithEntropy<MultiCategoricalParameters> => {
  const parts = partsOf(counts).map((part) => ({ ...part, own: categoricalDistribution(part.n) }));
  const total = counts.reduce((sum, n) => sum + n, 0);
  const columns = (x: Tensor, from: number, to: number): Tensor => slice(x, [0, from], [x.shape[0] as number, to]);
  const ofPart = ({ logits }: MultiCategoricalParameters, { from, n }: Part): CategoricalParameters => ({
    logits: columns(logits, from, from + n),
  });
  const choiceOf = (actions: Tensor, { index }: Part): Tensor =>
    reshape(columns(actions, index, index + 1), [actions.shape[0] as number]);
  /** Σ over the choices. */
  const summed = (term: (part: (typeof parts)[number]) => Tensor): Tensor =>
    parts.map(term).reduce((sum, each) => add(sum, each));
  return {
    name: 'multiCategorical',
    action: { dtype: 'i32', shape: [counts.length], counts },
    parameterShapes: { logits: [total] },
    logProbability: (parameters, actions) =>
      summed((part) => part.own.logProbability(ofPart(parameters, part), choiceOf(actions, part))),
    entropy: (parameters) => summed((part) => part.own.entropy(ofPart(parameters, part))),
    kl: (old, next) => summed((part) => part.own.kl(ofPart(old, part), ofPart(next, part))),
    // Block-diagonal: independent choices share no information.
    fisher: (parameters, tangent) => ({
      logits: concatenate(
        parts.map((part) => part.own.fisher(ofPart(parameters, part), ofPart(tangent, part)).logits),
        1,
      ),
    }),
    fisherScale: (parameters) =>
      parts.reduce((sum, part) => sum + part.n * part.own.fisherScale(ofPart(parameters, part)), 0) / total,
    sample: ({ logits }, keys) =>
      adopt(Int32Array.from(packed(counts).sample({ logits: elements(logits) }, keys)), 'i32', [
        keys.length,
        counts.length,
      ]),
    deterministicAction: (parameters) =>
      stack(
        parts.map((part) => part.own.deterministicAction(ofPart(parameters, part))),
        1,
      ),
    packed: packed(counts),
  };
};

type Packed = { readonly [name in keyof MultiCategoricalParameters]: ArrayLike<number> };

const packed = (counts: readonly number[]): PackedDistribution => {
  const parts = partsOf(counts);
  const width = counts.length;
  const total = counts.reduce((sum, n) => sum + n, 0);
  /** An index for each choice of each row. */
  const chosen = (rows: number, choose: (row: number, part: Part, from: number) => number): Float64Array => {
    const actions = new Float64Array(rows * width);
    for (let row = 0; row < rows; row += 1)
      for (const part of parts) actions[row * width + part.index] = choose(row, part, row * total + part.from);
    return actions;
  };
  return {
    // A key of its own for each choice, so that they are drawn independently.
    sample: (parameters, keys) => {
      const { logits } = parameters as Packed;
      return chosen(keys.length, (row, { index, n }, from) =>
        categoricalAt(foldIn(keys[row] as Key, index), logits, from, n),
      );
    },
    logProbability: (parameters, actions) => {
      const { logits } = parameters as Packed;
      return Float64Array.from({ length: actions.length / width }, (_, row) =>
        parts.reduce(
          (sum, { index, from, n }) =>
            sum + logProbabilityAt(logits, row * total + from, n, actions[row * width + index] as number),
          0,
        ),
      );
    },
    deterministicAction: (parameters) => {
      const { logits } = parameters as Packed;
      return chosen(logits.length / total, (_row, { n }, from) => largestAt(logits, from, n));
    },
  };
};

/** A logit of every choice, from the network. */
export const multiCategoricalHead: HeadMaker<'multiDiscrete'> = {
  kind: 'multiDiscrete',
  make: ({ counts }) => right({ distribution: multiCategoricalDistribution(counts), free: [], initial: {} }),
};
