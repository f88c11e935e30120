/** J and L_π as differentiable functions of the logits of a softmax policy. */
import {
  add,
  cholesky,
  dot,
  expandDims,
  matmul,
  matrixTranspose,
  multiply,
  softmax,
  squeeze,
  subtract,
  sum,
  triangularSolve,
} from '@natgrad/autodiff';
import { eye, type Scalar, type Tensor, tensor } from '@natgrad/tensor';
import type { Evaluation } from './evaluate.js';
import type { FiniteMdp } from './mdp.js';

/**
 * J(π_θ) as a function of the logits θ, `f64[states,actions]`, which can be differentiated. V solves the normal equations of
 * (I − γP_π) V = r_π by Cholesky's method, another way than {@link evaluatePolicy} goes.
 */
export const differentiableReturn = (mdp: FiniteMdp): ((logits: Tensor) => Scalar) => {
  const { states, gamma } = mdp;
  const [transitions, rewards, start] = [tensor(mdp.transitions), tensor(mdp.rewards), tensor(mdp.start)];
  return (logits) => {
    const policy = softmax(logits, 1);
    const chain = sum(multiply(expandDims(policy, 2), transitions), 1);
    const system = subtract(eye(states), multiply(chain, gamma));
    const reward = expandDims(sum(multiply(policy, rewards), 1), 1);
    const transpose = matrixTranspose(system);
    const factor = cholesky(matmul(transpose, system));
    const half = triangularSolve(factor, matmul(transpose, reward));
    const values = triangularSolve(factor, half, { transposed: true });
    return dot(start, squeeze(values, 1));
  };
};

/** L_π(π_θ) as a function of the logits θ, which can be differentiated. What belongs to π is data. */
export const differentiableSurrogate = ({
  visitation,
  advantages,
  expectedReturn,
}: Evaluation): ((logits: Tensor) => Scalar) => {
  const weighted = tensor(advantages.map((row, s) => row.map((a) => (visitation[s] as number) * a)));
  return (logits) => add(sum(multiply(softmax(logits, 1), weighted)), expectedReturn);
};
