/** Multilayer perceptrons: as traceable functions, and as plain loops for acting. */
import { add, matmul } from '@natgrad/autodiff';
import { type FloatDType, type Key, split, type Tensor, zeros } from '@natgrad/tensor';
import { elements } from '@natgrad/tensor/internal';
import type { Activation } from '../options.js';
import { activations } from './activations.js';
import { lecun, orthogonal } from './initialise.js';

/** y = x·weight + bias. */
export type DenseLayer = { readonly weight: Tensor; readonly bias: Tensor };
export type MlpParameters = readonly DenseLayer[];

export interface MlpOptions {
  readonly initialisation?: 'orthogonal' | 'lecun';
  /** Gain of the last layer. Default 1. */
  readonly outputScale?: number;
  readonly dtype?: FloatDType;
}

/** Gain of hidden layers under the orthogonal rule: what keeps the variance of activations that lose half of it. */
const HIDDEN_GAIN = Math.SQRT2;

/**
 * Fresh parameters for layers of these widths, inputs first. Biases are zero.
 *
 * @example
 * ```ts
 * const layers = initialiseMlp(key(0), [4, 64, 2]);
 * console.log(layers.map(({ weight }) => weight.shape.join('x'))); // [ '4x64', '64x2' ]
 * ```
 */
export const initialiseMlp = (key: Key, widths: readonly number[], options: MlpOptions = {}): MlpParameters => {
  const { initialisation = 'orthogonal', outputScale = 1, dtype = 'f64' } = options;
  const keys = split(key, widths.length - 1);
  return keys.map((layerKey, k) => {
    const [inputs, outputs] = [widths[k] as number, widths[k + 1] as number];
    const isLast = k === keys.length - 1;
    const weight =
      initialisation === 'orthogonal'
        ? orthogonal(layerKey, inputs, outputs, isLast ? outputScale : HIDDEN_GAIN, dtype)
        : lecun(layerKey, inputs, outputs, isLast ? outputScale : 1, dtype);
    return { weight, bias: zeros([outputs], dtype) };
  });
};

/** The network as a traceable function: `[N, inputs]` → `[N, outputs]`, activated between layers but not after the last. */
export const mlp = (layers: MlpParameters, x: Tensor, activation: Activation = 'tanh'): Tensor =>
  layers.reduce((h, { weight, bias }, k) => {
    const z = add(matmul(h, weight), bias);
    return k === layers.length - 1 ? z : activations[activation].traced(z);
  }, x);

/**
 * The same network as plain loops over packed rows, for acting on a few observations at a time without the cost of a trace.
 * Each row is computed by itself in one fixed order, so its bits do not depend on the rows beside it.
 */
export const mlpInference = (
  layers: MlpParameters,
  activation: Activation = 'tanh',
): ((x: Float64Array, rows: number) => Float64Array) => {
  const plain = activations[activation].plain;
  const copies = layers.map(({ weight, bias }) => {
    const [inputs, outputs] = weight.shape as readonly [number, number];
    const w = elements(weight);
    // Transposed, so that the inner loop reads a row of weights in order.
    const rows = Float64Array.from(
      { length: w.length },
      (_, at) => w[(at % inputs) * outputs + Math.floor(at / inputs)] as number,
    );
    return { inputs, outputs, weight: rows, bias: Float64Array.from(elements(bias)) };
  });
  return (x, rows) =>
    copies.reduce((h, { inputs, outputs, weight, bias }, k) => {
      const out = new Float64Array(rows * outputs);
      const isLast = k === copies.length - 1;
      for (let row = 0; row < rows; row += 1)
        for (let j = 0; j < outputs; j += 1) {
          let sum = 0;
          for (let i = 0, from = row * inputs, at = j * inputs; i < inputs; i += 1, from += 1, at += 1)
            sum += (h[from] as number) * (weight[at] as number);
          sum += bias[j] as number;
          out[row * outputs + j] = isLast ? sum : plain(sum);
        }
      return out;
    }, x);
};
