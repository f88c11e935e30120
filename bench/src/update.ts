/**
 * One TRPO update written with the autodiff package alone, timed part by part: surrogate gradient, conjugate gradient on the
 * damped Fisher operator Jᵀ M J of one linearisation, step size, line search, five full-batch Adam steps of the critic.
 */
import {
  add,
  divide,
  exp,
  grad,
  jit,
  linearize,
  matmul,
  mean,
  multiply,
  ravel,
  square,
  squeeze,
  subtract,
  sum,
  tanh,
} from '@natgrad/autodiff';
import { dot, item, type Scalar, sqrt, type Tensor, treeMap, zeros } from '@natgrad/tensor';
import type { Network, Policy, Problem } from './problem.js';

const DAMPING = 0.1;
const DELTA = 0.01;

const forward = (network: Network, observations: Tensor): Tensor => {
  const first = tanh(add(matmul(observations, network.W1), network.b1));
  const second = tanh(add(matmul(first, network.W2), network.b2));
  return add(matmul(second, network.W3), network.b3);
};

/** Σ over action dimensions, up to the constant that no difference of log-probabilities sees. */
const logProbability = (policy: Policy, observations: Tensor, actions: Tensor): Tensor => {
  const scaled = divide(subtract(actions, forward(policy, observations)), exp(policy.logStd));
  return sum(subtract(multiply(square(scaled), -0.5), policy.logStd), -1);
};

/** Mean KL(old ‖ new) of diagonal Gaussians. */
const divergence = (oldMean: Tensor, oldLogStd: Tensor, newMean: Tensor, newLogStd: Tensor): Scalar => {
  const variances = add(square(exp(oldLogStd)), square(subtract(oldMean, newMean)));
  const each = add(
    subtract(newLogStd, oldLogStd),
    subtract(divide(variances, multiply(square(exp(newLogStd)), 2)), 0.5),
  );
  return mean(sum(each, -1));
};

export interface Timing {
  readonly fvp: number;
  readonly gradient: number;
  readonly cg: number;
  readonly step: number;
  readonly lineSearch: number;
  readonly critic: number;
  readonly update: number;
}

export interface Outcome {
  readonly policy: Policy;
  readonly critic: Network;
  readonly kl: number;
  readonly tries: number;
  readonly timing: Timing;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** The compiled parts of an update: traced at its first call, reused afterwards. */
export const makeUpdate = (): ((problem: Problem, iterations?: number) => Outcome) => {
  const oldLogProbability = jit(logProbability);
  const surrogate = jit((policy: Policy, problem: Problem, old: Tensor) => {
    const ratio = exp(subtract(logProbability(policy, problem.observations, problem.actions), old));
    return mean(multiply(ratio, problem.advantages));
  });
  const surrogateGradient = jit((policy: Policy, problem: Problem, old: Tensor) =>
    grad(surrogate)(policy, problem, old),
  );
  const trial = jit((policy: Policy, problem: Problem, old: Tensor, oldMean: Tensor, oldLogStd: Tensor) => ({
    surrogate: surrogate(policy, problem, old),
    kl: divergence(oldMean, oldLogStd, forward(policy, problem.observations), policy.logStd),
  }));
  const criticGradient = jit((critic: Network, problem: Problem) =>
    grad((network: Network) => {
      const values = squeeze(forward(network, problem.observations), 1);
      return mean(square(subtract(values, problem.returns)));
    })(critic),
  );

  return (problem, iterations = 10) => {
    const { policy, observations } = problem;
    const start = performance.now();
    const old = oldLogProbability(policy, observations, problem.actions);
    const before = item(surrogate(policy, problem, old));
    const { vector: gradient, unravel } = ravel(surrogateGradient(policy, problem, old));
    const gradientDone = performance.now();

    const operator = linearize((p: Policy) => ({ mean: forward(p, observations), logStd: p.logStd }), policy);
    const batch = observations.shape[0] as number;
    const inverseVariance = exp(multiply(policy.logStd, -2));
    const products: number[] = [];
    const fisher = (v: Tensor): Tensor => {
      const began = performance.now();
      const tangent = operator.apply(unravel(v));
      const back = operator.transpose({
        mean: divide(multiply(tangent.mean, inverseVariance), batch),
        logStd: multiply(tangent.logStd, 2),
      });
      const out = add(ravel(back).vector, multiply(v, DAMPING));
      products.push(performance.now() - began);
      return out;
    };
    let x = zeros(gradient.shape, gradient.dtype);
    let residual = gradient;
    let direction = gradient;
    let squared = item(dot(residual, residual));
    for (let i = 0; i < iterations; i += 1) {
      const image = fisher(direction);
      const alpha = squared / item(dot(direction, image));
      x = add(x, multiply(direction, alpha));
      residual = subtract(residual, multiply(image, alpha));
      const next = item(dot(residual, residual));
      direction = add(residual, multiply(direction, next / squared));
      squared = next;
    }
    const cgDone = performance.now();
    const step = multiply(x, Math.sqrt((2 * DELTA) / item(dot(x, fisher(x)))));
    const stepDone = performance.now();

    const { vector: theta } = ravel(policy);
    let tries = 0;
    let accepted: { readonly policy: Policy; readonly kl: number } = { policy, kl: 0 };
    for (let fraction = 1; tries < 10; fraction *= 0.8) {
      tries += 1;
      const candidate = unravel(add(theta, multiply(step, fraction)));
      const result = trial(candidate, problem, old, operator.value.mean, policy.logStd);
      const kl = item(result.kl);
      if (kl <= DELTA && item(result.surrogate) > before) {
        accepted = { policy: candidate, kl };
        break;
      }
    }
    const searchDone = performance.now();

    let critic = problem.critic;
    let first = treeMap((leaf) => multiply(leaf, 0), critic);
    let second = first;
    for (let t = 1; t <= 5; t += 1) {
      const g = criticGradient(critic, problem);
      first = treeMap((m, leaf) => add(multiply(m, 0.9), multiply(leaf, 0.1)), first, g);
      second = treeMap((v, leaf) => add(multiply(v, 0.999), multiply(square(leaf), 0.001)), second, g);
      critic = treeMap(
        (w, m, v) => {
          const corrected = divide(m, 1 - 0.9 ** t);
          const scale = add(sqrt(divide(v, 1 - 0.999 ** t)), 1e-8);
          return subtract(w, multiply(divide(corrected, scale), 1e-3));
        },
        critic,
        first,
        second,
      );
    }
    const end = performance.now();
    return {
      policy: accepted.policy,
      critic,
      kl: accepted.kl,
      tries,
      timing: {
        fvp: median(products),
        gradient: gradientDone - start,
        cg: cgDone - gradientDone,
        step: stepDone - cgDone,
        lineSearch: searchDone - stepDone,
        critic: end - searchDone,
        update: end - start,
      },
    };
  };
};
