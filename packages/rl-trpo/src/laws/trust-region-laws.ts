/** Laws of a whole step. */
import { add, broadcastTo, linearize, matmul, multiply, ravel } from '@natgrad/autodiff';
import {
  item,
  key,
  linspace,
  matmul as matmulTensors,
  mean,
  normal,
  scalar,
  type Tensor,
  zeros,
} from '@natgrad/tensor';
import { type Law, law } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import { type Either, isLeft } from 'fp-ts/lib/Either.js';
import type { Batch } from '../batch.js';
import type { TrpoError } from '../errors.js';
import type { StepResult } from '../finish.js';
import { gaussNewton } from '../fisher.js';
import type { Model, ParameterTree } from '../model.js';
import { naturalGradient } from '../natural-gradient.js';
import { diagonalGaussianDistribution } from '../policy/diagonal-gaussian.js';
import { orthogonal } from '../policy/initialise.js';
import type { TrpoReport } from '../report.js';
import type { StepConfig } from '../setup.js';
import type { TrpoState } from '../state.js';
import { meanKl, surrogate } from '../surrogate.js';
import { inner, isFiniteTree } from '../vector.js';
import {
  require,
  requireClose,
  requireCloseTrees,
  requireIdenticalTrees,
  requireUnchanged,
  snapshot,
} from './check.js';
import { type Problem, problemOf, problems } from './problems.js';
import { batchTrees, treesOf, withoutCritic } from './steps.js';

/** A step to be tested: `trpoStep`, or another algorithm that promises a trust region. */
export type StepMaker = (
  config: StepConfig,
) => (state: TrpoState, batch: Batch) => Either<TrpoError, StepResult<TrpoReport>>;

/**
 * Laws of a trust-region step for a configuration.
 *
 * @example
 * ```ts
 * import { checkLaw } from '@natgrad/tensor/laws';
 * import { trustRegionLaws } from '@natgrad/rl-trpo/laws';
 *
 * const model = mlpModel({ observationSpace: { low: [0] }, actionSpace: { kind: 'discrete', n: 2 } }, { hidden: [3] });
 * for (const law of trustRegionLaws(trpoStep, { model })) checkLaw(law, { numRuns: 2 });
 * ```
 */
export const trustRegionLaws = (make: StepMaker, config: StepConfig): readonly Law[] => {
  const label = `${config.model.distribution.name}(${config.model.observationWidth})`;
  const named = <T>(text: string, cases: fc.Arbitrary<T>, holds: (value: T) => unknown): Law =>
    law(`step, ${label}: ${text}`, cases, holds);
  const cases = problems(config);
  const run = (given: StepConfig, { state, batch }: Problem): StepResult<TrpoReport> => {
    const result = make(given)(state, batch);
    if (isLeft(result)) throw new Error(result.left.message);
    return result.right;
  };
  /** KL(old ‖ new) and surrogate of a state, from the batch alone. */
  const measured = ({ batch }: Problem, state: TrpoState): number =>
    item(meanKl(config.model.distribution, batch.oldParameters, config.model.policy(state.policy, batch.observations)));

  return [
    named('the KL of the whole step, value fit included, is at most δ', cases, (problem) => {
      const { state, report } = run(config, problem);
      const kl = measured(problem, state);
      require(kl <= problem.state.delta * (1 + 1e-9), () => `KL is ${kl}, δ ${problem.state.delta}`);
      requireClose('reported KL', report.kl, kl, 1e-12);
    }),
    named('boundary sizing leaves KL in [0.95 δ, δ] where the full step is accepted', cases, (problem) => {
      const { state, report } = run({ ...config, stepSize: 'boundary' }, problem);
      if (report.lineSearch.status !== 'accepted' || report.lineSearch.fraction < 1) return;
      const share = measured(problem, state) / problem.state.delta;
      require(share >= 0.95 && share <= 1 + 1e-9, () => `KL/δ is ${share}`);
    }),
    named('accepted means a better surrogate, rejected the old parameters to the bit', cases, (problem) => {
      const strict = { ...config, maxTries: 1, acceptRatio: 0.9, delta: 1 };
      const given = { ...problem, state: { ...problem.state, delta: 1 } };
      const { state, report } = run(strict, given);
      if (report.lineSearch.status === 'rejected') {
        requireIdenticalTrees('rejected', state.policy, problem.state.policy);
        require(report.improvement === 0 && report.surrogateAfter === report.surrogateBefore, () =>
          'a rejected step reports a gain');
      } else {
        require(report.surrogateAfter > report.surrogateBefore &&
          report.improvement > 0.9 * report.expectedImprovement, () =>
          `from ${report.surrogateBefore} to ${report.surrogateAfter}`);
      }
    }),
    named('the new state is finite, counts on, and the same inputs give the same bits', cases, (problem) => {
      const [first, second] = [run(config, problem), run(config, problem)];
      require(treesOf(first.state).every(isFiniteTree), () => 'a number is not finite');
      requireIdenticalTrees('a second run', treesOf(first.state), treesOf(second.state));
      require(JSON.stringify(first.report) === JSON.stringify(second.report), () => 'the reports differ');
      const { iteration, steps, key: next } = first.state;
      require(iteration === problem.state.iteration + 1 &&
        steps === problem.state.steps + problem.batch.rewards.size, () => 'it does not count on');
      require(next.high !== problem.state.key.high || next.low !== problem.state.key.low, () =>
        'the key is used again');
    }),
    named('state and batch are not changed', cases, (problem) => {
      const before = [snapshot(treesOf(problem.state)), snapshot(batchTrees(problem.batch))] as const;
      run(config, problem);
      requireUnchanged('the state', treesOf(problem.state), before[0]);
      requireUnchanged('the batch', batchTrees(problem.batch), before[1]);
    }),
    named(
      'invariant to positive scaling of the advantages',
      fc.tuple(cases, fc.constantFrom(2 ** -4, 2, 2 ** 10)),
      ([problem, factor]) => {
        const without = { ...withoutCritic(config), normaliseAdvantages: false };
        const larger = { ...problem, batch: { ...problem.batch, rewards: multiply(problem.batch.rewards, factor) } };
        // Factors are powers of two, so that only comparisons with absolute numbers could tell.
        requireIdenticalTrees('policies', run(without, larger).state.policy, run(without, problem).state.policy);
      },
    ),
    named('the surrogate is E[A] at θ_old, and its gradient E[A ∇ log π]', cases, ({ state, batch }) => {
      const { model } = config;
      const advantages = normal(key(state.key.low), [batch.rewards.size]);
      const data = {
        distribution: model.distribution,
        actions: batch.actions,
        logProbabilities: batch.logProbabilities,
        advantages,
        entropyBonus: 0,
      };
      const objective = surrogate(data);
      const policy = (theta: ParameterTree) => model.policy(theta, batch.observations);
      requireClose('L(θ_old)', item(objective(policy(state.policy))), item(mean(advantages)), 1e-12);
      const whole = linearize((theta: ParameterTree): Tensor => objective(policy(theta)), state.policy);
      const score = linearize(
        (theta: ParameterTree): Tensor => model.distribution.logProbability(policy(theta), batch.actions),
        state.policy,
      );
      requireCloseTrees(
        '∇L',
        whole.transpose(scalar(1)),
        score.transpose(multiply(advantages, 1 / batch.rewards.size)),
        1e-11,
        1e-9,
      );
    }),
    named('predicted and actual improvement agree to second order as δ → 0', cases, (problem) => {
      const errorAt = (delta: number): { readonly error: number; readonly expected: number } => {
        const { report } = run({ ...config, stepSize: 'undamped' }, { ...problem, state: { ...problem.state, delta } });
        return {
          error: Math.abs(report.improvement - report.expectedImprovement),
          expected: report.expectedImprovement,
        };
      };
      const [coarse, fine] = [errorAt(1e-5), errorAt(1e-7)];
      if (fine.expected === 0 || coarse.expected === 0) return;
      // The error is proportional to δ, the expected gain to √δ: a hundredth of δ leaves a hundredth of the error.
      require(fine.error <= 0.05 * coarse.error + 1e-3 * fine.expected, () =>
        `errors ${coarse.error} and ${fine.error}`);
      require(fine.error <= 0.05 * fine.expected, () => `expected ${fine.expected}, off by ${fine.error}`);
    }),
    named('a warm start gives a direction as good as a cold one', cases, (problem) => {
      const first = run(config, problem);
      const warm = run(
        { ...config, cgWarmStart: true, cgIterations: 60 },
        { ...problem, state: { ...problem.state, previousSolution: first.state.previousSolution } },
      );
      const cold = run({ ...config, cgIterations: 60 }, problem);
      requireCloseTrees('solutions', warm.state.previousSolution, cold.state.previousSolution, 1e-6);
    }),
  ];
};

/** A Gaussian policy that is linear in its parameters: its KL is exactly quadratic in the weights while σ is fixed. */
const linearGaussian = (inputs: number, outputs: number): Model => ({
  observationWidth: inputs,
  distribution: diagonalGaussianDistribution(outputs),
  policy: (weight, observations) => {
    const average = matmul(observations, weight as Tensor);
    return { mean: average, logDeviation: broadcastTo(zeros([outputs]), average.shape) };
  },
  value: (bias, observations) => broadcastTo(bias as Tensor, [observations.shape[0] as number]),
  initialise: (k) => ({ policy: normal(k, [inputs, outputs]), value: zeros([1]) }),
});

/**
 * Laws that need a special policy: a step on a quadratic model is exact, and the natural gradient does not depend on how the
 * policy is parametrised.
 */
export const exactnessLaws = (make: StepMaker): readonly Law[] => {
  const model = linearGaussian(3, 2);
  const config: StepConfig = {
    model,
    damping: 0,
    cgIterations: 30,
    cgTolerance: 1e-12,
    stepSize: 'undamped',
    valueEpochs: 0,
  };
  return [
    law('step: exact on a quadratic model: KL = δ without a search', fc.nat(1e6), (seed) => {
      const problem = problemOf(config, seed);
      const result = make(config)(problem.state, problem.batch);
      if (isLeft(result)) throw new Error(result.left.message);
      const { report } = result.right;
      // At the boundary itself rounding decides whether the first try is inside.
      const share = report.lineSearch.status === 'accepted' ? report.klShare / report.lineSearch.fraction ** 2 : NaN;
      requireClose('KL of the full step / δ', share, 1, 1e-8);
    }),
    law(
      'natural gradient: invariant under a linear change of parameters',
      fc.tuple(fc.nat(1e6), fc.nat(1e6)),
      ([seed, turn]) => {
        const problem = problemOf(config, seed);
        const { batch, state } = problem;
        const { vector: theta, unravel } = ravel(state.policy);
        const size = theta.size;
        // θ = A φ with a well-conditioned A: singular values between 1 and 3.
        const [left, right] = [orthogonal(key(turn), size, size, 1), orthogonal(key(turn + 1), size, size, 1)];
        const a = matmulTensors(multiply(left, linspace(1, 3, size)), right);
        const advantages = normal(key(seed), [batch.rewards.size]);
        const objective = surrogate({
          distribution: model.distribution,
          actions: batch.actions,
          logProbabilities: batch.logProbabilities,
          advantages,
          entropyBonus: 0,
        });
        const policy = (flat: Tensor) => model.policy(unravel(flat), batch.observations);
        const solve = (f: (x: Tensor) => ReturnType<typeof policy>, at: Tensor): Tensor => {
          const linearised = linearize(f, at);
          const gradient = linearize((x: Tensor): Tensor => objective(f(x)), at).transpose(scalar(1));
          const found = naturalGradient(gaussNewton(model.distribution, linearised as never), gradient, {
            iterations: 60,
            tolerance: 1e-13,
            damping: 0,
          });
          require(inner(gradient, found.solve.x as Tensor) >= 0, () => 'the direction does not climb');
          return found.solve.x as Tensor;
        };
        const direct = solve(policy, theta);
        // φ is not known, but only F and g at A φ = θ matter: f(φ) = policy(θ + A φ) at φ = 0.
        const changed = solve((phi) => policy(add(theta, matmul(a, phi))), zeros([size]));
        requireCloseTrees('A·x_φ and x_θ', matmulTensors(a, changed), direct, 1e-6);
      },
    ),
  ];
};
