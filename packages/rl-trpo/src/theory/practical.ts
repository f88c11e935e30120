/** TRPO as it is practised, on a finite MDP: the step of `step.ts` with exact expectations instead of a batch. */
import { expandDims, gather, linearize, multiply, squeeze, sum } from '@natgrad/autodiff';
import { scalar, type Tensor, tensor } from '@natgrad/tensor';
import { elements } from '@natgrad/tensor/internal';
import { chain, type Either, map, right } from 'fp-ts/lib/Either.js';
import { decodeConfig, type TrpoConfig } from '../config.js';
import type { TrpoError } from '../errors.js';
import { gaussNewton } from '../fisher.js';
import { type LineSearchOutcome, lineSearch } from '../line-search.js';
import type { ParameterTree } from '../model.js';
import { naturalGradient, reasonToStay } from '../natural-gradient.js';
import { categoricalDistribution } from '../policy/categorical.js';
import type { Distribution, DistributionParameters } from '../policy/distribution.js';
import { chooseStepSize } from '../step-size.js';
import { alongLine } from '../trial.js';
import { surrogateGain } from './bounds.js';
import { type Evaluation, evaluateChecked } from './evaluate.js';
import { checkLogits, checkObservations, type FiniteMdp } from './mdp.js';
import { softmaxPolicy } from './policies.js';
import { dot, largest, type Row, type Table, total, zip } from './tables.js';

/** The options of TRPO that make sense without samples, with its defaults: δ 0.01, damping 0.1, 10 products. */
export interface TrustRegionOptions
  extends Partial<
    Pick<
      TrpoConfig,
      'delta' | 'damping' | 'cgIterations' | 'cgTolerance' | 'stepSize' | 'shrink' | 'maxTries' | 'acceptRatio'
    >
  > {
  /**
   * Which row of the logits each state has, `[states]`: states with the same row look alike to the policy, as to a network that is
   * too small. By default each state has its own.
   */
  readonly observations?: Row;
}

export interface TrustRegionUpdate {
  /** The policy before the update, evaluated. */
  readonly old: Evaluation;
  /** θ after it. */
  readonly logits: Table;
  /** π(a|s) after it, `[states][actions]`. */
  readonly policy: Table;
  readonly outcome: LineSearchOutcome;
  /** The direction x ≈ (F + damping)⁻¹ g in θ. */
  readonly direction: Table;
}

const toTable = (x: Tensor, columns: number): Table => {
  const numbers = elements(x);
  return Array.from({ length: numbers.length / columns }, (_, s) =>
    Array.from({ length: columns }, (_a, a) => numbers[s * columns + a] as number),
  );
};

/** A step's inputs, all checked. */
interface Problem {
  readonly mdp: FiniteMdp;
  readonly logits: Table;
  readonly observations: Row;
  readonly options: TrpoConfig;
}

const update = ({ mdp, logits, observations, options }: Problem): TrustRegionUpdate => {
  const { delta, damping, cgIterations, cgTolerance, stepSize, shrink, maxTries, acceptRatio } = options;
  const rowsOf = (table: Table): Table => observations.map((row) => table[row] as Row);
  const old = evaluateChecked(mdp, softmaxPolicy(rowsOf(logits)));
  // A batch is a sample of (1 − γ)ρ, and its means are over that.
  const visits = total(old.visitation);
  const weights = expandDims(tensor(old.visitation.map((each) => each / visits)), 1);

  // The policy at θ with J and Jᵀ, as a step has it of its network; and from it g = ∇L and F.
  const distribution: Distribution = categoricalDistribution(mdp.actions);
  const theta = tensor(logits);
  const rows = tensor(observations, 'i32');
  const policy = (at: ParameterTree): DistributionParameters => ({ logits: gather(at as Tensor, rows) });
  const atOld = linearize(policy, theta as ParameterTree);
  const slopes = multiply(weights, tensor(slopesOf(old)));
  const gradient = atOld.transpose({ logits: slopes });
  const fisher = gaussNewton(distribution, atOld, (at, tangent) => ({
    logits: multiply(weights, distribution.fisher(at, tangent)['logits'] as Tensor),
  }));
  const natural = naturalGradient(fisher, gradient, { iterations: cgIterations, tolerance: cgTolerance, damping });

  const policyAt = (at: ParameterTree): Table => softmaxPolicy(rowsOf(toTable(at as Tensor, mdp.actions)));
  const candidate = alongLine({
    start: theta,
    direction: natural.solve.x,
    measure: (at) => ({
      kl: sum(multiply(squeeze(weights, 1), distribution.kl(atOld.value, policy(at)))),
      surrogate: scalar(surrogateGain(old, policyAt(at)) / visits),
    }),
    surrogateAtStart: 0,
  });
  const { scale } = chooseStepSize({ kind: stepSize, delta, ...natural }, candidate);
  const reason = reasonToStay(natural, scale);
  const outcome: LineSearchOutcome =
    reason === null
      ? lineSearch((fraction) => candidate(fraction * scale), {
          ...{ delta, shrink, maxTries, acceptRatio },
          expectedGain: scale * natural.slope,
        })
      : { status: 'rejected', reason, tries: 0 };
  const after =
    outcome.status === 'accepted'
      ? toTable(candidate(outcome.fraction * scale).parameters as Tensor, mdp.actions)
      : logits;
  return {
    old,
    logits: after,
    policy: softmaxPolicy(rowsOf(after)),
    outcome,
    direction: toTable(natural.solve.x as Tensor, mdp.actions),
  };
};

/** ∂L/∂logits of each state's own softmax, by its visits: π(a|s) (A(s, a) − Σ π A). */
const slopesOf = ({ policy, advantages }: Evaluation): Table =>
  zip(policy, advantages, (row, values) => {
    const mean = dot(row, values);
    return zip(row, values, (p, a) => p * (a - mean));
  });

/**
 * One update of the practical algorithm for the softmax policy of `logits`: natural gradient by conjugate gradient, mean KL under
 * (1 − γ)ρ at most δ, step size and line search, all by the functions of `trpoStep`, with nothing estimated. What is left between
 * it and {@link penalisedUpdate} is what the practical algorithm changes of the theory.
 *
 * @param logits θ, `[states][actions]`, or as many rows as `observations` names
 * @returns `Left` for logits of another shape or that are not finite, and for options outside of their ranges
 * @example
 * ```ts
 * import { finiteMdp, trustRegionUpdate, type FiniteMdp } from '@natgrad/rl-trpo/theory';
 * import { chain } from 'fp-ts/lib/Either.js';
 *
 * const mdp = finiteMdp({ transitions: [[[1], [1]]], rewards: [[1, 0]], start: [1], gamma: 0.5 });
 * const update = chain((valid: FiniteMdp) => trustRegionUpdate(valid, [[0, 0]], { delta: 0.02 }))(mdp);
 * console.log(update._tag === 'Right' && update.right.outcome.status === 'accepted' && update.right.outcome.kl <= 0.02); // true
 * ```
 */
export const trustRegionUpdate = (
  mdp: FiniteMdp,
  logits: Table,
  { observations, ...given }: TrustRegionOptions = {},
): Either<TrpoError, TrustRegionUpdate> =>
  chain((options: TrpoConfig) =>
    chain((rows: Row) =>
      map((theta: Table) => update({ mdp, logits: theta, observations: rows, options }))(
        checkLogits(mdp, logits, observations === undefined ? mdp.states : 1 + largest(rows)),
      ),
    )(observations === undefined ? right(mdp.rewards.map((_, s) => s)) : checkObservations(mdp, observations)),
  )(decodeConfig(given));
