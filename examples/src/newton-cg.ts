/**
 * Newton-CG: fitting a model with second derivatives, with the autodiff package alone.
 *
 * What TRPO does with a policy works for any smooth function of many parameters: never form the Hessian, multiply with it. Here
 * the function is the loss of a logistic regression. It is convex, and its minimiser is known beforehand, so we can watch
 * the error itself fall: slowly far away, quadratically near the end.
 */
import {
  absolute,
  add,
  divide,
  exp,
  grad,
  jit,
  jitLinearize,
  log1p,
  matmul,
  maximum,
  mean,
  multiply,
  negate,
  subtract,
  tanh,
} from '@natgrad/autodiff';
import { item, key, normal, type Scalar, split, type Tensor, tensor, treeLeaves, treeMap } from '@natgrad/tensor';

/** Any tree of tensors would do; this is the model's. */
export type Parameters = { readonly weight: Tensor; readonly bias: Tensor };

export interface Data {
  /** `[N, features]`. */
  readonly inputs: Tensor;
  /** `[N]`: the probability of a 1, in place of a 0 or 1 that was drawn with it. */
  readonly targets: Tensor;
}

/* ---------- The problem ---------- */

const logits = ({ weight, bias }: Parameters, inputs: Tensor): Tensor => add(matmul(inputs, weight), bias);

/** Cross entropy of targets p and predictions σ(z): E[log(1 + eᶻ) − p z], written so that it does not overflow. */
export const loss = (parameters: Parameters, { inputs, targets }: Data): Scalar => {
  const z = logits(parameters, inputs);
  const softplus = add(maximum(z, 0), log1p(exp(negate(absolute(z)))));
  return mean(subtract(softplus, multiply(targets, z)));
};

/**
 * Data for which the minimiser is known. Where every target is the probability that a model of our own kind gives, the
 * gradient E[(σ(z) − p) x] vanishes at that model; and since the loss is strictly convex, nowhere else. The features have different
 * units, as features do, so that the loss is a long valley.
 */
export const problem = (seed: number, rows = 500): { readonly data: Data; readonly truth: Parameters } => {
  const [inputKey = key(0), weightKey = key(0), biasKey = key(0)] = split(key(seed), 3);
  const units = tensor([0.3, 0.5, 1, 1, 2, 3, 5, 10]);
  const inputs = multiply(normal(inputKey, [rows, units.size]), units);
  const truth = { weight: divide(normal(weightKey, [units.size]), units), bias: normal(biasKey, []) };
  const targets = multiply(add(tanh(multiply(logits(truth, inputs), 0.5)), 1), 0.5); // σ(z) = (1 + tanh(z/2)) / 2
  return { data: { inputs, targets }, truth };
};

/* ---------- Trees of tensors as vectors ---------- */

const inner = (a: Parameters, b: Parameters): number => {
  const right = treeLeaves(b);
  return treeLeaves(a).reduce((total, x, k) => {
    const y = right[k] as Tensor;
    return total + item(mean(multiply(x, y))) * x.size;
  }, 0);
};

/** a + s·b. */
const plus = (a: Parameters, s: number, b: Parameters): Parameters => treeMap((x, y) => add(x, multiply(y, s)), a, b);

export const zerosLike = (a: Parameters): Parameters => treeMap((x) => multiply(x, 0), a);

export const distance = (a: Parameters, b: Parameters): number => {
  const difference = plus(a, -1, b);
  return Math.sqrt(inner(difference, difference));
};

/* ---------- The method ---------- */

/**
 * Solves H x = b by conjugate gradient (Hestenes and Stiefel 1952), where H is known only as v ↦ H v. It stops when the residual
 * has fallen by `tolerance`, or at a direction along which H is not positive: then x so far is still a direction of descent.
 */
const solve = (apply: (v: Parameters) => Parameters, b: Parameters, tolerance: number): Parameters => {
  let [x, residual, direction] = [zerosLike(b), b, b];
  let squared = inner(b, b);
  const enough = tolerance ** 2 * squared;
  for (let k = 0; k < 100 && squared > enough; k += 1) {
    const product = apply(direction);
    const curvature = inner(direction, product);
    if (!(curvature > 0)) return k === 0 ? b : x;
    const length = squared / curvature;
    x = plus(x, length, direction);
    residual = plus(residual, -length, product);
    const next = inner(residual, residual);
    direction = plus(residual, next / squared, direction);
    squared = next;
  }
  return x;
};

export interface Iterate {
  readonly parameters: Parameters;
  readonly loss: number;
  readonly gradientNorm: number;
}

/**
 * Minimises the loss. Each iteration is one linearisation of the gradient: `value` is the gradient g, and `apply` multiplies with
 * the Hessian H, exactly, for about the price of two gradients (Pearlmutter 1994, "Fast exact multiplication by the Hessian").
 * Then H x ≈ −g, the more exactly the nearer we are (Nocedal and Wright, "Numerical Optimization", 2nd edition, algorithm 7.1:
 * with the tolerance min(½, ‖g‖) the last iterations converge quadratically), and the step is halved until the loss has fallen
 * by a part of what the slope promises (Armijo).
 */
export function* newtonCg(start: Parameters, data: Data, iterations = 20): Generator<Iterate, void> {
  // Compiled once: what changes is an argument.
  const gradientAt = jitLinearize(grad((each: Parameters, given: Data) => loss(each, given)));
  const lossAt = jit(loss);
  let parameters = start;
  for (let k = 0; k < iterations; k += 1) {
    const { value: gradient, apply: hessian } = gradientAt(parameters, data);
    const gradientNorm = Math.sqrt(inner(gradient, gradient));
    const value = item(lossAt(parameters, data));
    yield { parameters, loss: value, gradientNorm };
    if (gradientNorm < 1e-12) return;
    const direction = solve(hessian, treeMap(negate, gradient), Math.min(0.5, gradientNorm));
    const slope = inner(gradient, direction);
    let step = 1;
    // Rounding may hide the last decreases: a full step is taken where there is nothing left to see.
    while (step > 1e-6 && item(lossAt(plus(parameters, step, direction), data)) > value + 1e-4 * step * slope + 1e-15)
      step /= 2;
    parameters = plus(parameters, step, direction);
  }
}

/** Gradient descent, for comparison, at about the largest rate that is safe. */
export const gradientDescent = (start: Parameters, data: Data, iterations: number): Parameters => {
  const gradientAt = jit(grad((each: Parameters, given: Data) => loss(each, given)));
  // The Hessian of the loss is E[σ′(z) x̃ x̃ᵀ] with x̃ = (x, 1) and σ′ ≤ ¼: its largest eigenvalue is near 100 / 4 here. A rate beyond
  // 2 divided by that diverges.
  const rate = 1 / 25;
  return Array.from({ length: iterations }).reduce(
    (parameters: Parameters) => plus(parameters, -rate, gradientAt(parameters, data)),
    start,
  );
};

/* ---------- What comes of it ---------- */

export const main = (print: (line: string) => void): void => {
  const { data, truth } = problem(1);
  const start = zerosLike(truth);
  print('iteration  loss            ‖gradient‖  distance to the minimiser');
  let k = 0;
  for (const { parameters, loss: value, gradientNorm } of newtonCg(start, data)) {
    const error = distance(parameters, truth);
    print(
      `${String(k).padStart(9)}  ${value.toFixed(12)}  ${gradientNorm.toExponential(1).padStart(10)}  ${error.toExponential(1)}`,
    );
    k += 1;
  }
  const slow = gradientDescent(start, data, 1000);
  print(`gradient descent, after 1000 gradients: distance ${distance(slow, truth).toExponential(1)}`);
};
