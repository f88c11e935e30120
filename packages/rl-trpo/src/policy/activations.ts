/** Activations, each for traced tensors and for one number. */
import {
  absolute,
  add,
  divide,
  exp,
  expm1,
  greater,
  log1p,
  maximum,
  minimum,
  multiply,
  negate,
  select,
  tanh,
} from '@natgrad/autodiff';
import type { Tensor } from '@natgrad/tensor';
import type { Activation } from '../options.js';

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
  // log(1 + eˣ) = max(x, 0) + log(1 + e^−|x|)
  softplus: {
    traced: (x) => add(maximum(x, 0), log1p(exp(negate(absolute(x))))),
    plain: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  },
  sigmoid: { traced: sigmoid, plain: plainSigmoid },
  swish: { traced: (x) => multiply(x, sigmoid(x)), plain: (x) => x * plainSigmoid(x) },
  identity: { traced: (x) => x, plain: (x) => x },
};
