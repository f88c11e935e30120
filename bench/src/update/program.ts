/**
 * One TRPO update on an engine, timed part by part: linearise the policy, gradient of the surrogate, conjugate gradient on the
 * damped Fisher matrix Jᵀ M J, the product that sizes the step, line search, five full-batch Adam steps of the critic.
 */
import { type Engine, type GaussNewtonOperator, jit, jitGaussNewton } from '@natgrad/autodiff';
import { item, scalar, type Tensor } from '@natgrad/tensor';
import { median } from '../statistics.js';
import type { Part, UpdateResult } from './candidate.js';
import {
  adamStep,
  advanceSearch,
  corrections,
  DELTA,
  damp,
  distribution,
  type Gaussian,
  metric,
  startAdam,
  startSearch,
  stepToBoundary,
  surrogateAtOld,
  trial,
} from './model.js';
import type { Policy, Problem } from './problem.js';

/** Named beside the times: where this update saves work that a peer does. */
export const SHORTCUTS: readonly string[] = [
  'one forward pass at the old weights serves the old log-probabilities, the surrogate gradient and the linearisation',
  'Fisher-vector products are Jᵀ M J of that linearisation (Gauss-Newton), not derivatives of the divergence',
  'xᵀFx, which sizes the step, comes from the vectors of the solve: ten products, where PyTorch makes an eleventh',
];

const CG_ITERATIONS = 10;
const BACKTRACK = 0.8;
const MOST_TRIES = 10;
const CRITIC_STEPS = 5;

export interface Update {
  readonly run: (problem: Problem) => UpdateResult & { readonly timing: Readonly<Record<Part, number>> };
  /** Gradient of the surrogate, and the damped Fisher-vector product of a direction. */
  readonly probe: (problem: Problem, direction: Policy) => { readonly gradient: Policy; readonly product: Policy };
}

/** The compiled parts of an update: traced at their first call, reused afterwards. */
export const makeUpdate = (engine: Engine): Update => {
  const linear = jitGaussNewton(distribution, (at, tangent) => metric(tangent, at.logStd), { engine });
  const atOld = jit(surrogateAtOld, { engine });
  const damped = jit(damp, { engine });
  const start = jit(startSearch, { engine });
  const advance = jit(advanceSearch, { engine });
  const toBoundary = jit(stepToBoundary, { engine });
  const attempt = jit(trial, { engine });
  const firstAdam = jit(startAdam, { engine });
  const nextAdam = jit(adamStep, { engine });

  const product = (operator: GaussNewtonOperator<Policy, Gaussian>, vector: Policy): Policy =>
    damped(operator.product(vector), vector);

  const lineSearch = (problem: Problem, step: Policy, at: Gaussian, old: Tensor, before: number) => {
    for (let tries = 1; tries <= MOST_TRIES; tries += 1) {
      const fraction = scalar(BACKTRACK ** (tries - 1), step.W1.dtype);
      const result = attempt(problem, step, fraction, at, old);
      const kl = item(result.kl);
      if (kl <= DELTA && item(result.surrogate) > before) return { policy: result.policy, kl, tries };
    }
    return { policy: problem.policy, kl: 0, tries: MOST_TRIES };
  };

  const fitCritic = ({ critic, observations, returns }: Problem) => {
    let state = firstAdam(critic);
    for (let t = 1; t <= CRITIC_STEPS; t += 1) {
      const [first, second] = corrections(t);
      const { dtype } = critic.W1;
      state = nextAdam(state, observations, returns, scalar(first, dtype), scalar(second, dtype));
    }
    return state.critic;
  };

  return {
    probe: ({ policy, observations, actions, advantages }, direction) => {
      const operator = linear(policy, observations);
      const { gradient } = atOld(operator.value, actions, advantages);
      return { gradient: operator.transpose(gradient), product: product(operator, direction) };
    },
    run: (problem) => {
      const started = performance.now();
      const operator = linear(problem.policy, problem.observations);
      const { old, value, gradient: byOutputs } = atOld(operator.value, problem.actions, problem.advantages);
      const gradient = operator.transpose(byOutputs);
      const before = item(value);
      const gradientDone = performance.now();

      const products: number[] = [];
      const fisher = (vector: Policy): Policy => {
        const began = performance.now();
        const image = product(operator, vector);
        products.push(performance.now() - began);
        return image;
      };
      let search = start(gradient);
      for (let i = 0; i < CG_ITERATIONS; i += 1) search = advance(search, fisher(search.direction));
      const cgDone = performance.now();

      const step = toBoundary(search, gradient);
      const stepDone = performance.now();

      const { policy, kl, tries } = lineSearch(problem, step, operator.value, old, before);
      const searchDone = performance.now();

      const critic = fitCritic(problem);
      const ended = performance.now();
      return {
        policy,
        critic,
        kl,
        tries,
        timing: {
          fvp: median(products),
          gradient: gradientDone - started,
          cg: cgDone - gradientDone,
          step: stepDone - cgDone,
          lineSearch: searchDone - stepDone,
          critic: ended - searchDone,
          update: ended - started,
        },
      };
    },
  };
};
