/** A distribution of one's own from as little as possible. */
import {
  argmax,
  broadcastTo,
  exp,
  expandDims,
  gather,
  greater,
  hvp,
  multiply,
  reshape,
  select,
  sum,
} from '@natgrad/autodiff';
import { foldIn, item, type Key, key, type Scalar, type Tensor, treeMap } from '@natgrad/tensor';
import { adopt, elements } from '@natgrad/tensor/internal';
import type { Distribution, DistributionParameters } from './distribution.js';
import { type EveryAction, everyAction } from './every-action.js';

/** What nobody else can know of a distribution. */
type Needed = 'name' | 'action' | 'parameterShapes' | 'logProbability' | 'kl' | 'sample';

/** A distribution of which everything but the essential may be left out. */
export type DistributionParts<P extends DistributionParameters> = Pick<Distribution<P>, Needed> &
  Partial<Omit<Distribution<P>, Needed>>;

/** Most actions that are summed over for an entropy. */
const MOST_ACTIONS = 1024;

/** Samples of which the likeliest is the deterministic action where actions cannot be counted. */
const CANDIDATES = 64;

const rowsOf = (parameters: DistributionParameters): number => Object.values(parameters)[0]?.shape[0] ?? 0;

/** Each row `count` times in a row: `[N·count, …]`. */
const repeatEach = <P extends DistributionParameters>(parameters: P, count: number): P =>
  treeMap((x: Tensor) => {
    const [rows, ...shape] = x.shape as readonly [number, ...number[]];
    return reshape(broadcastTo(expandDims(x, 1), [rows, count, ...shape]), [rows * count, ...shape]);
  }, parameters);

/** All of the same actions for every row: `[N·count, …]`. */
const repeatAll = (actions: Tensor, rows: number): Tensor => {
  const [count, ...shape] = actions.shape as readonly [number, ...number[]];
  return reshape(broadcastTo(expandDims(actions, 0), [rows, count, ...shape]), [rows * count, ...shape]);
};

/** H = −Σ p log p over all actions. */
const entropyOver =
  <P extends DistributionParameters>(parts: DistributionParts<P>, { count, actions }: EveryAction) =>
  (parameters: P): Tensor => {
    const rows = rowsOf(parameters);
    const logP = reshape(parts.logProbability(repeatEach(parameters, count), repeatAll(actions, rows)), [rows, count]);
    const p = exp(logP);
    return sum(multiply(p, select(greater(p, 0), multiply(logP, -1), 0)), 1);
  };

/** The likeliest of all actions, or of samples that are drawn with the same keys in every row. */
const likeliest =
  <P extends DistributionParameters>(parts: DistributionParts<P>, every: EveryAction | null) =>
  (parameters: P): Tensor => {
    const rows = rowsOf(parameters);
    const count = every?.count ?? CANDIDATES;
    const repeated = repeatEach(parameters, count);
    const keys = Array.from({ length: rows * count }, (_, i): Key => foldIn(key(0), i % count));
    const candidates = every === null ? parts.sample(repeated, keys) : repeatAll(every.actions, rows);
    const best = argmax(reshape(parts.logProbability(repeated, candidates), [rows, count]), 1);
    const places = Int32Array.from(elements(best), (chosen, row) => row * count + chosen);
    return gather(candidates, adopt(places, 'i32', [rows]));
  };

/** M·v as the Hessian-vector product of KL(old ‖ ·) at old: rows are independent, so that of the sum has those of all rows. */
const fisherOf =
  <P extends DistributionParameters>({ kl }: DistributionParts<P>) =>
  (parameters: P, tangent: P): P =>
    hvp((each: P): Scalar => sum(kl(parameters, each)), parameters, tangent);

/** Rows of zeros with a 1 in place `at`, for each row of `x`. */
const unitRows = (x: Tensor, at: number): Tensor => {
  const rows = x.shape[0] as number;
  const width = x.size / rows;
  const data = Float64Array.from({ length: x.size }, (_, i) => (i % width === at ? 1 : 0));
  return adopt(x.dtype === 'f32' ? Float32Array.from(data) : data, x.dtype, x.shape);
};

/** The mean diagonal of M over all parameters, one product for each of them. */
const fisherScaleOf =
  <P extends DistributionParameters>(fisher: Distribution<P>['fisher']) =>
  (parameters: P): number => {
    const rows = rowsOf(parameters);
    const diagonals = Object.entries(parameters).flatMap(([name, x]) =>
      Array.from({ length: x.size / rows }, (_, at): number => {
        const nothing = treeMap((each: Tensor) => multiply(each, 0), parameters);
        const product = fisher(parameters, { ...nothing, [name]: unitRows(x, at) })[name] as Tensor;
        return item(sum(multiply(product, unitRows(x, at)))) / rows;
      }),
    );
    return diagonals.reduce((total, each) => total + each, 0) / diagonals.length;
  };

/**
 * A distribution from its log-probability, KL and sampling. What else is given is taken; the rest follows:
 *
 * - `fisher`: the Hessian-vector product of KL(old ‖ ·) at old. So KL must be twice differentiable there as it is written: an
 *   |x| with a kink that cancels on paper gives 0 in place of its second derivative, and `distributionLaws` says so.
 * - `fisherScale`: the mean diagonal of that over all parameters; one product for each number in a row.
 * - `entropy`: −Σ p log p over all actions if these can be counted, up to 1024 of them. Else it is not known: reports estimate it
 *   from the batch, and an `entropyBonus` is refused.
 * - `deterministicAction`: the likeliest action if they can be counted, else the likeliest of 64 samples that are drawn with the
 *   same keys for every row.
 *
 * `distributionLaws(distribution)` of `@natgrad/rl-trpo/laws` checks the result.
 *
 * @example
 * ```ts
 * import { add, equal, exp, expandDims, negate, log1p, multiply, select, subtract, sum } from '@natgrad/autodiff';
 * import { checkLaw } from '@natgrad/tensor/laws';
 * import { distributionLaws } from '@natgrad/rl-trpo/laws';
 *
 * // How many of four coins show heads, when each does with probability p = 1 / (1 + e^−logit): ordered choices, one parameter.
 * const logChoices = tensor([1, 4, 6, 4, 1].map(Math.log));
 * const logP = (logit: Tensor) => negate(log1p(exp(negate(logit))));
 * const logQ = (logit: Tensor) => logP(negate(logit));
 * const binomial = distributionOf<{ readonly logit: Tensor }>({
 *   name: 'binomial',
 *   action: { dtype: 'i32', shape: [], counts: [5] },
 *   parameterShapes: { logit: [] },
 *   logProbability: ({ logit }, heads) =>
 *     add(
 *       sum(select(equal(expandDims(heads, 1), tensor([0, 1, 2, 3, 4], 'i32')), logChoices, 0), 1),
 *       add(multiply(heads, logP(logit)), multiply(subtract(4, heads), logQ(logit))),
 *     ),
 *   kl: ({ logit: old }, { logit: next }) =>
 *     multiply(add(multiply(exp(logP(old)), subtract(logP(old), logP(next))), multiply(exp(logQ(old)), subtract(logQ(old), logQ(next)))), 4),
 *   sample: ({ logit }, keys) =>
 *     tensor(
 *       keys.map((each, row) => [0, 1, 2, 3].filter((i) => uniformAt(each, i) < 1 / (1 + Math.exp(-(toTypedArray(logit)[row] ?? 0)))).length),
 *       'i32',
 *     ),
 * });
 * for (const law of distributionLaws(binomial)) checkLaw(law, { numRuns: 5 });
 * console.log(toNested(binomial.fisher({ logit: tensor([0]) }, { logit: tensor([1]) }).logit)); // [ 1 ]
 * ```
 */
export const distributionOf = <P extends DistributionParameters>(parts: DistributionParts<P>): Distribution<P> => {
  const every = everyAction(parts.action, MOST_ACTIONS);
  const { fisher = fisherOf(parts) } = parts;
  return {
    ...(every === null ? {} : { entropy: entropyOver(parts, every) }),
    fisher,
    fisherScale: fisherScaleOf(fisher),
    deterministicAction: likeliest(parts, every),
    ...parts,
  };
};
