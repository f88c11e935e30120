/** Activations, each for traced tensors and for one number. */
import { add, divide, expm1, greater, maximum, minimum, multiply, select, tanh } from '@natgrad/autodiff';
import type { Tensor } from '@natgrad/tensor';
import type { Activation } from '../options.js';
import { plainSoftplus, softplus } from './softplus.js';

interface ActivationPair {
  readonly traced: (x: Tensor) => Tensor;
  readonly plain: (x: number) => number;
}

const sigmoid = (x: Tensor): Tensor => divide(add(tanh(multiply(x, 0.5)), 1), 2);
const plainSigmoid = (x: number): number => (Math.tanh(0.5 * x) + 1) / 2;

export const activations: { readonly [name in Activation]: ActivationPair } = {
  tanh: { traced: tanh, plain: Math.tanh },
  relu: { traced: (x) => maximum(x, 0), plain: (x) => Math.max(x, 0) },
  // The branch not taken must stay finite, or its derivative is 0·∞.
  elu: { traced: (x) => select(greater(x, 0), x, expm1(minimum(x, 0))), plain: (x) => (x > 0 ? x : Math.expm1(x)) },
  softplus: { traced: softplus, plain: plainSoftplus },
  sigmoid: { traced: sigmoid, plain: plainSigmoid },
  swish: { traced: (x) => multiply(x, sigmoid(x)), plain: (x) => x * plainSigmoid(x) },
  identity: { traced: (x) => x, plain: (x) => x },
};
