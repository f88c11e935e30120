/** Laws that relate the algorithms of the package to each other and to what their papers say. */
import { interpreter, linearize } from '@natgrad/autodiff';
import { absolute, key, log, normal, scalar, subtract, type Tensor } from '@natgrad/tensor';
import { type Law, law } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import { type CpoOwn, cpoStep } from '../algorithms/cpo.js';
import { adaptPenalty, klPenalisedStep } from '../algorithms/kl-penalised.js';
import { naturalPolicyGradientStep } from '../algorithms/natural-policy-gradient.js';
import { clippedSurrogate, ppoStep } from '../algorithms/ppo.js';
import { vanillaPolicyGradientStep } from '../algorithms/vanilla-policy-gradient.js';
import type { Algorithm } from '../frame.js';
import type { ParameterTree } from '../model.js';
import { compileDescent, type PolicyRows } from '../policy-fit.js';
import type { StepConfig } from '../setup.js';
import { trpoStep } from '../step.js';
import { surrogate } from '../surrogate.js';
import { addScaled, norm, scaled } from '../vector.js';
import { numbers, require, requireClose, requireCloseTrees, requireIdenticalTrees } from './check.js';
import type { Problem } from './problems.js';
import { costProblems, stepper, withoutCritic } from './steps.js';

/** Clips nothing. */
const WIDE = 1e12;

/** The rows of a batch with advantages of their own. */
const rowsOf = ({ batch }: Problem, advantages: Tensor): PolicyRows => ({
  observations: batch.observations,
  actions: batch.actions,
  logProbabilities: batch.logProbabilities,
  oldParameters: batch.oldParameters,
  advantages,
});

/** Algorithms whose step does not depend on the size of the gradient, also with raw advantages. */
const scaleFree: readonly (readonly [string, Algorithm])[] = [
  ['trpo', trpoStep],
  ['natural-policy-gradient', naturalPolicyGradientStep],
  ['cpo', cpoStep],
];

/**
 * The relations: PPO's gradient at θ_old is the surrogate's, and where nothing is clipped one pass of it is the vanilla policy
 * gradient; the natural policy gradient has TRPO's direction; the multiplier of KL-penalised TRPO moves the right way; CPO
 * without an active constraint is TRPO, and with one keeps it; natural steps do not depend on the scale of raw advantages (those
 * of first order do: that is what their learning rate is about).
 */
export const relationLaws = (config: StepConfig): readonly Law[] => {
  const { model } = config;
  const { distribution } = model;
  const cases = costProblems(config);
  const label = `${distribution.name}(${model.observationWidth})`;
  const named = <T>(text: string, values: fc.Arbitrary<T>, holds: (value: T) => unknown): Law =>
    law(`${label}: ${text}`, values, holds);
  const gradientOf = (problem: Problem, rows: PolicyRows): ParameterTree =>
    linearize(
      (theta: ParameterTree): Tensor =>
        surrogate({ ...rows, distribution, entropyBonus: 0 })(model.policy(theta, rows.observations)),
      problem.state.policy,
    ).transpose(scalar(1));
  const clippedGradient = (problem: Problem, rows: PolicyRows, clipRange: number): ParameterTree =>
    scaled(
      -1,
      compileDescent({ model, engine: interpreter }, clippedSurrogate(distribution, { clipRange, entropyBonus: 0 }))(
        problem.state.policy,
        rows,
        {},
      ),
    );

  const steps = {
    trpo: stepper(trpoStep, config),
    firstTry: stepper(trpoStep, { ...config, stepSize: 'undamped', maxTries: 1 }),
    natural: stepper(naturalPolicyGradientStep, config),
    unconstrained: stepper(cpoStep, { ...config, costLimit: 1e12 }),
  };
  const firstOrder = (['adam', 'plain'] as const).map((policyOptimiser) => {
    const both = { ...config, policyOptimiser, policyLearningRate: 0.01 };
    const once = { clipRange: WIDE, policyEpochs: 1, policyMinibatch: null, targetKl: null };
    return { vanilla: stepper(vanillaPolicyGradientStep, both), ppo: stepper(ppoStep, { ...both, ...once }) };
  });
  // Steps from very small to very large.
  const penalised = [1e-6, 1e-3, 0.1].map((policyLearningRate) =>
    stepper(klPenalisedStep, { ...config, policyLearningRate, klPenalty: 3 }),
  );
  const raw = scaleFree.map(
    ([name, algorithm]) =>
      [name, stepper(algorithm, { ...withoutCritic(config), normaliseAdvantages: false })] as const,
  );

  return [
    named(
      'the gradient of PPO at θ_old is that of the surrogate',
      fc.tuple(cases, fc.constantFrom(0.01, 0.2, 2)),
      ([problem, clipRange]) => {
        const rows = rowsOf(problem, normal(key(problem.state.key.low), [problem.batch.rewards.size]));
        requireCloseTrees('∇', clippedGradient(problem, rows, clipRange), gradientOf(problem, rows), 1e-12);
      },
    ),
    named('out of the clip range, what gains has no gradient and what loses has it all', cases, (problem) => {
      const size = problem.batch.rewards.size;
      const magnitudes = absolute(normal(key(problem.state.key.low), [size]));
      // As if π_old had been half or double as likely to choose what it chose.
      const twice = {
        ...rowsOf(problem, magnitudes),
        logProbabilities: subtract(problem.batch.logProbabilities, log(scalar(2))),
      };
      require(norm(clippedGradient(problem, twice, 0.2)) === 0, () => 'A > 0 and ratio 2: there is a gradient');
      const losing = { ...twice, advantages: scaled(-1, magnitudes) };
      requireCloseTrees('A < 0 and ratio 2', clippedGradient(problem, losing, 0.2), gradientOf(problem, losing), 1e-12);
    }),
    named(
      'PPO that clips nothing, in one pass over the whole batch, is the vanilla policy gradient',
      fc.tuple(cases, fc.constantFrom(...firstOrder)),
      ([problem, by]) => {
        const [vanilla, ppo] = [by.vanilla(problem), by.ppo(problem)];
        const moved = (to: ParameterTree): ParameterTree => addScaled(to, -1, problem.state.policy);
        // Adam divides by |g| + 1e-8, which makes as much of the rounding of a small element as of a large one.
        requireCloseTrees('moves', moved(ppo.state.policy), moved(vanilla.state.policy), 1e-6);
        requireCloseTrees('critics', ppo.state.value, vanilla.state.value, 0);
      },
    ),
    named('the natural policy gradient has the direction of TRPO, and its first try', cases, (problem) => {
      const trpo = steps.firstTry(problem);
      const natural = steps.natural(problem);
      requireIdenticalTrees('x', natural.state.previousSolution, trpo.state.previousSolution);
      requireClose('scale', natural.report.stepSize, trpo.report.stepSize, 0);
      const step = addScaled(problem.state.policy, natural.report.stepSize, natural.state.previousSolution);
      requireIdenticalTrees('θ_old + scale · x', natural.state.policy, step);
      if (trpo.report.lineSearch.status === 'accepted')
        requireIdenticalTrees('an accepted first try', natural.state.policy, trpo.state.policy);
    }),
    named(
      'the multiplier of KL-penalised TRPO rises after too large a KL and falls after too small a one',
      cases,
      (problem) => {
        for (const step of penalised) {
          const { report, state } = step(problem);
          const { penalty, nextPenalty } = report.own as { readonly penalty: number; readonly nextPenalty: number };
          const expected = report.klShare > 1.5 ? 6 : report.klShare < 1 / 1.5 ? 1.5 : 3;
          require(penalty === 3 && nextPenalty === expected, () =>
            `KL/δ ${report.klShare}: ${penalty} to ${nextPenalty}`);
          const again = step({ ...problem, state });
          require(again.report.own['penalty'] === expected, () =>
            `the next step has ${String(again.report.own['penalty'])}`);
        }
      },
    ),
    named('CPO far from its limit is TRPO, to the bit', cases, (problem) => {
      const cpo = steps.unconstrained(problem);
      const trpo = steps.trpo(problem);
      require(cpo.report.own['constraint'] === 'inactive', () => JSON.stringify(cpo.report.own));
      requireIdenticalTrees('policies', cpo.state.policy, trpo.state.policy);
      requireIdenticalTrees('critics', cpo.state.value, trpo.state.value);
    }),
    named(
      'CPO keeps KL ≤ δ, and a limit that was kept; one that was not it comes nearer to',
      fc.tuple(cases, fc.constantFrom(1e-5, 0.01, 0.3), numbers(-1, 1)),
      ([{ state, batch }, delta, place]) => {
        const problem = { state: { ...state, delta }, batch };
        const cost = steps.unconstrained(problem).report.own['cost'] as number;
        // The ball reaches about √δ of the cost, so that the limit lies within it, at its edge, or beyond.
        const costLimit = cost * (1 + 0.3 * place * Math.sqrt(delta));
        const { report } = stepper(cpoStep, { ...config, costLimit })(problem);
        const own = report.own as CpoOwn;
        const excess = cost - costLimit;
        require(report.kl <= delta * (1 + 1e-9), () => `KL is ${report.kl}`);
        if (report.lineSearch.status === 'rejected') {
          // So near θ_old the surrogates are what their gradients say, and a step is found; but on the limit itself the best step
          // runs along the constraint, and the curvature, of order δ where the excess is of order √δ, may forbid all of it.
          require(delta > 1e-4 || Math.abs(place) < 0.1, () =>
            `rejected: ${report.lineSearch.status} ${JSON.stringify(own)}`);
          return;
        }
        require(excess > 0 ? own.costChange < 0 : own.costChange + excess <= 1e-12 * costLimit, () =>
          `${excess} above the limit, changed by ${own.costChange}`);
        require(excess > 0 || report.improvement > 0, () => 'within the limit, and no better');
        // In units of an episode: what the step promises about its cost is what it is short of.
        if (own.constraint === 'active')
          requireClose(
            'first-order cost after the step',
            own.expectedCostChange / report.lineSearch.fraction + excess,
            0,
            1e-9 * (1 + costLimit),
          );
      },
    ),
    named(
      'natural steps do not depend on the scale of raw advantages',
      fc.tuple(cases, fc.constantFrom(2 ** -4, 2, 2 ** 10)),
      ([problem, factor]) => {
        const larger = { ...problem, batch: { ...problem.batch, rewards: scaled(factor, problem.batch.rewards) } };
        for (const [name, step] of raw)
          requireIdenticalTrees(name, step(larger).state.policy, step(problem).state.policy);
      },
    ),
    law(
      'adaptPenalty: never falls as the KL rises, stays positive and finite',
      fc.tuple(numbers(1e-9, 1e9), numbers(0, 1), numbers(0, 1), fc.constantFrom(1e-4, 0.01, 1)),
      ([beta, a, b, delta]) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)].map((kl) => adaptPenalty(beta, kl, delta)) as [
          number,
          number,
        ];
        require(low <= high && low > 0 && Number.isFinite(adaptPenalty(beta, Infinity, delta)), () =>
          `${low}, ${high}`);
        require(adaptPenalty(1, Number.NaN, delta) === 2, () => 'NaN is not too large');
      },
    ),
  ];
};
