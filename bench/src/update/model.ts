/** The functions of the update workload, written with the autodiff package's operations: what its engines compile. */
import {
  add,
  divide,
  exp,
  grad,
  matmul,
  mean,
  multiply,
  sqrt,
  square,
  squeeze,
  subtract,
  sum,
  tanh,
  valueAndGrad,
} from '@natgrad/autodiff';
import { type Scalar, type Tensor, treeLeaves, treeMap } from '@natgrad/tensor';
import type { Network, Policy, Problem } from './problem.js';

export const DAMPING = 0.1;
export const DELTA = 0.01;
const [LEARNING_RATE, BETA1, BETA2, EPSILON] = [1e-3, 0.9, 0.999, 1e-8];

/** The policy's distribution: means for each observation, one log σ for all. */
export interface Gaussian {
  readonly mean: Tensor;
  readonly logStd: Tensor;
}

const forward = (network: Network, observations: Tensor): Tensor => {
  const first = tanh(add(matmul(observations, network.W1), network.b1));
  const second = tanh(add(matmul(first, network.W2), network.b2));
  return add(matmul(second, network.W3), network.b3);
};

export const distribution = (policy: Policy, observations: Tensor): Gaussian => ({
  mean: forward(policy, observations),
  logStd: policy.logStd,
});

/** Σ over action dimensions, up to the constant that no difference of log-probabilities sees. */
const logProbability = ({ mean: centre, logStd }: Gaussian, actions: Tensor): Tensor =>
  sum(subtract(multiply(square(divide(subtract(actions, centre), exp(logStd))), -0.5), logStd), -1);

/** Mean of π(a|s) / π_old(a|s) · advantage. */
const surrogate = (policy: Gaussian, old: Tensor, actions: Tensor, advantages: Tensor): Scalar =>
  mean(multiply(exp(subtract(logProbability(policy, actions), old)), advantages));

/** Mean KL(old ‖ new). */
const divergence = (old: Gaussian, now: Gaussian): Scalar => {
  const variances = add(square(exp(old.logStd)), square(subtract(old.mean, now.mean)));
  const each = add(
    subtract(now.logStd, old.logStd),
    subtract(divide(variances, multiply(square(exp(now.logStd)), 2)), 0.5),
  );
  return mean(sum(each, -1));
};

/** The surrogate at the old policy, its derivative by the distribution, and the log-probabilities to compare with. */
export const surrogateAtOld = (
  at: Gaussian,
  actions: Tensor,
  advantages: Tensor,
): { readonly old: Tensor; readonly value: Scalar; readonly gradient: Gaussian } => {
  const old = logProbability(at, actions);
  const { value, gradient } = valueAndGrad((policy: Gaussian) => surrogate(policy, old, actions, advantages))(at);
  return { old, value, gradient };
};

/** M of the Fisher matrix Jᵀ M J: of a Gaussian, diag(1/σ², 2), averaged over the batch. */
export const metric = (tangent: Gaussian, logStd: Tensor): Gaussian => ({
  mean: divide(multiply(tangent.mean, exp(multiply(logStd, -2))), tangent.mean.shape[0] as number),
  logStd: multiply(tangent.logStd, 2),
});

export const damp = (image: Policy, vector: Policy): Policy =>
  treeMap((leaf, v) => add(leaf, multiply(v, DAMPING)), image, vector);

const inner = (a: Policy, b: Policy): Scalar => {
  const others = treeLeaves(b);
  return treeLeaves(a)
    .map((leaf, k) => sum(multiply(leaf, others[k] as Tensor)))
    .reduce((total, each) => add(total, each));
};

const combine = (a: Policy, b: Policy, factor: Tensor): Policy => treeMap((x, y) => add(x, multiply(y, factor)), a, b);

/** Conjugate gradient (Hestenes and Stiefel 1952) between two products. */
export interface Search {
  readonly x: Policy;
  readonly residual: Policy;
  readonly direction: Policy;
  readonly squared: Scalar;
}

export const startSearch = (gradient: Policy): Search => ({
  x: treeMap((leaf) => multiply(leaf, 0), gradient),
  residual: gradient,
  direction: gradient,
  squared: inner(gradient, gradient),
});

export const advanceSearch = ({ x, residual, direction, squared }: Search, image: Policy): Search => {
  const length = divide(squared, inner(direction, image));
  const next = combine(residual, image, multiply(length, -1));
  const remaining = inner(next, next);
  return {
    x: combine(x, direction, length),
    residual: next,
    direction: combine(next, direction, divide(remaining, squared)),
    squared: remaining,
  };
};

/**
 * √(2δ / xᵀFx) x: the step to the boundary of the trust region. The solve leaves r = g − F x, so that xᵀFx = xᵀ(g − r) needs no
 * further product.
 */
export const stepToBoundary = ({ x, residual }: Search, gradient: Policy): Policy => {
  const scale = sqrt(divide(2 * DELTA, subtract(inner(x, gradient), inner(x, residual))));
  return treeMap((leaf) => multiply(leaf, scale), x);
};

/** A policy on the line, its surrogate and its divergence from the old one. */
export const trial = (
  { policy, observations, actions, advantages }: Problem,
  step: Policy,
  fraction: Scalar,
  at: Gaussian,
  old: Tensor,
): { readonly policy: Policy; readonly surrogate: Scalar; readonly kl: Scalar } => {
  const candidate = combine(policy, step, fraction);
  const now = distribution(candidate, observations);
  return { policy: candidate, surrogate: surrogate(now, old, actions, advantages), kl: divergence(at, now) };
};

export interface Adam {
  readonly critic: Network;
  readonly first: Network;
  readonly second: Network;
}

export const startAdam = (critic: Network): Adam => {
  const zero = treeMap((leaf) => multiply(leaf, 0), critic);
  return { critic, first: zero, second: zero };
};

/** Corrections of both moments for their start at zero, 1 − βᵗ. */
export const corrections = (t: number): readonly [number, number] => [1 - BETA1 ** t, 1 - BETA2 ** t];

/** One step of Adam (Kingma and Ba 2015, Algorithm 1) on the mean squared error of the whole batch. */
export const adamStep = (
  { critic, first, second }: Adam,
  observations: Tensor,
  returns: Tensor,
  firstCorrection: Scalar,
  secondCorrection: Scalar,
): Adam => {
  const loss = (network: Network): Scalar =>
    mean(square(subtract(squeeze(forward(network, observations), 1), returns)));
  const gradient = grad(loss)(critic);
  const m = treeMap((moment, g) => add(multiply(moment, BETA1), multiply(g, 1 - BETA1)), first, gradient);
  const v = treeMap((moment, g) => add(multiply(moment, BETA2), multiply(square(g), 1 - BETA2)), second, gradient);
  const moved = treeMap(
    (weight, mean_, square_) => {
      const scale = add(sqrt(divide(square_, secondCorrection)), EPSILON);
      return subtract(weight, multiply(divide(divide(mean_, firstCorrection), scale), LEARNING_RATE));
    },
    critic,
    m,
    v,
  );
  return { critic: moved, first: m, second: v };
};
