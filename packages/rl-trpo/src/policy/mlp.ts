/** Multilayer perceptrons: as traceable functions, and as plain loops for acting. */
import { add, checkpoint, matmul } from '@natgrad/autodiff';
import { type FloatDType, type Key, split, type Tensor, zeros } from '@natgrad/tensor';
import { elements } from '@natgrad/tensor/internal';
import type { Activation } from '../options.js';
import { activations } from './activations.js';
import { lecun, orthogonal } from './initialise.js';

/** y = x·weight + bias. */
export type DenseLayer = { readonly weight: Tensor; readonly bias: Tensor };
/** Layers in order, the one next to the inputs first. */
export type MlpParameters = readonly DenseLayer[];

/** How the weights of a network begin. */
export interface MlpOptions {
  readonly initialisation?: 'orthogonal' | 'lecun';
  /** Gain of the last layer. Default 1. */
  readonly outputScale?: number;
  /** Bias of the last layer. Default zeros. */
  readonly outputBias?: Tensor;
  readonly dtype?: FloatDType;
}

/** Gain of hidden layers under the orthogonal rule: what keeps the variance of activations that lose half of it. */
const HIDDEN_GAIN = Math.SQRT2;

/**
 * Fresh parameters for layers of these widths, inputs first. Biases are zero, unless that of the last layer is given.
 *
 * @example
 * ```ts
 * const layers = initialiseMlp(key(0), [4, 64, 2]);
 * console.log(layers.map(({ weight }) => weight.shape.join('x'))); // [ '4x64', '64x2' ]
 * ```
 */
export const initialiseMlp = (key: Key, widths: readonly number[], options: MlpOptions = {}): MlpParameters => {
  const { initialisation = 'orthogonal', outputScale = 1, outputBias, dtype = 'f64' } = options;
  const keys = split(key, widths.length - 1);
  return keys.map((layerKey, k) => {
    const [inputs, outputs] = [widths[k] as number, widths[k + 1] as number];
    const isLast = k === keys.length - 1;
    const weight =
      initialisation === 'orthogonal'
        ? orthogonal(layerKey, inputs, outputs, isLast ? outputScale : HIDDEN_GAIN, dtype)
        : lecun(layerKey, inputs, outputs, isLast ? outputScale : 1, dtype);
    return { weight, bias: isLast && outputBias !== undefined ? outputBias : zeros([outputs], dtype) };
  });
};

const dense = (h: Tensor, { weight, bias }: DenseLayer): Tensor => add(matmul(h, weight), bias);

/** The network as a traceable function: `[N, inputs]` → `[N, outputs]`, activated between layers but not after the last. */
export const mlp = (layers: MlpParameters, x: Tensor, activation: Activation = 'tanh'): Tensor =>
  layers.reduce((h, layer, k) => {
    const z = dense(h, layer);
    return k === layers.length - 1 ? z : activations[activation].traced(z);
  }, x);

/** Hidden layers alone: `[N, inputs]` → `[N, width of the last]`, activated after each. */
export const mlpFeatures = (layers: MlpParameters, x: Tensor, activation: Activation = 'tanh'): Tensor =>
  layers.reduce((h, layer) => activations[activation].traced(dense(h, layer)), x);

/**
 * {@link mlp}, which keeps few activations for its derivatives: n layers in blocks of ⌈√n⌉, of which only the inputs are kept, and
 * what is inside is computed again where it is needed, a block at a time (Chen, Xu, Zhang and Guestrin 2016, "Training deep nets
 * with sublinear memory cost", section 3).
 */
export const checkpointedMlp = (layers: MlpParameters, x: Tensor, activation: Activation = 'tanh'): Tensor => {
  const size = Math.ceil(Math.sqrt(layers.length));
  const hidden = checkpoint((block: MlpParameters, h: Tensor) => mlpFeatures(block, h, activation));
  const last = checkpoint((block: MlpParameters, h: Tensor) => mlp(block, h, activation));
  return Array.from({ length: Math.ceil(layers.length / size) }, (_, k) =>
    layers.slice(k * size, (k + 1) * size),
  ).reduce((h, block, k) => ((k + 1) * size < layers.length ? hidden : last)(block, h), x);
};

/** Outputs that are summed side by side: their sums do not wait for each other, and fit into registers. */
const BLOCK = 4;

/** A layer for acting: weights in blocks of columns, so that the inner loop reads them in order. */
export interface PackedLayer {
  readonly inputs: number;
  readonly outputs: number;
  readonly weight: Float64Array;
  readonly bias: Float64Array;
}

export const packLayer = ({ weight, bias }: DenseLayer): PackedLayer => {
  const [inputs, outputs] = weight.shape as readonly [number, number];
  const from = elements(weight);
  const packed = new Float64Array(Math.ceil(outputs / BLOCK) * BLOCK * inputs);
  for (let i = 0, at = 0; i < inputs; i += 1)
    for (let j = 0; j < outputs; j += 1, at += 1)
      packed[(Math.floor(j / BLOCK) * inputs + i) * BLOCK + (j % BLOCK)] = from[at] as number;
  return { inputs, outputs, weight: packed, bias: Float64Array.from(elements(bias)) };
};

/** Writes the sums of a block of columns, those that there are, with their bias. */
const writeBlock = (
  out: Float64Array,
  to: number,
  { outputs, bias }: PackedLayer,
  j: number,
  a: number,
  b: number,
  c: number,
  d: number,
): void => {
  out[to] = a + (bias[j] as number);
  if (j + 1 < outputs) out[to + 1] = b + (bias[j + 1] as number);
  if (j + 2 < outputs) out[to + 2] = c + (bias[j + 2] as number);
  if (j + 3 < outputs) out[to + 3] = d + (bias[j + 3] as number);
};

/** Writes one row of x·weight + bias, two blocks of columns at a time. */
const rowInto = (layer: PackedLayer, x: Float64Array, row: number, out: Float64Array): void => {
  const { inputs, outputs, weight } = layer;
  for (let j = 0, block = 0; j < outputs; j += 2 * BLOCK, block += 2 * BLOCK * inputs) {
    // The last of an odd number of blocks is computed twice, and written once.
    const second = j + BLOCK < outputs ? BLOCK * inputs : 0;
    let a0 = 0;
    let b0 = 0;
    let c0 = 0;
    let d0 = 0;
    let a1 = 0;
    let b1 = 0;
    let c1 = 0;
    let d1 = 0;
    for (let from = row * inputs, end = from + inputs, at = block; from < end; from += 1, at += BLOCK) {
      const each = x[from] as number;
      a0 += each * (weight[at] as number);
      b0 += each * (weight[at + 1] as number);
      c0 += each * (weight[at + 2] as number);
      d0 += each * (weight[at + 3] as number);
      a1 += each * (weight[at + second] as number);
      b1 += each * (weight[at + second + 1] as number);
      c1 += each * (weight[at + second + 2] as number);
      d1 += each * (weight[at + second + 3] as number);
    }
    const to = row * outputs + j;
    writeBlock(out, to, layer, j, a0, b0, c0, d0);
    if (second > 0) writeBlock(out, to + BLOCK, layer, j + BLOCK, a1, b1, c1, d1);
  }
};

/**
 * Writes rows of x·weight + bias. Every sum runs over the inputs in order. Two rows at a time share the weights that are read;
 * neither knows of the other.
 */
export const denseInto = (layer: PackedLayer, x: Float64Array, rows: number, out: Float64Array): Float64Array => {
  const { inputs, outputs, weight } = layer;
  const pairs = rows - (rows % 2);
  for (let row = 0; row < pairs; row += 2) {
    for (let j = 0, at = 0; j < outputs; j += BLOCK) {
      let a0 = 0;
      let b0 = 0;
      let c0 = 0;
      let d0 = 0;
      let a1 = 0;
      let b1 = 0;
      let c1 = 0;
      let d1 = 0;
      for (let from = row * inputs, end = from + inputs; from < end; from += 1, at += BLOCK) {
        const x0 = x[from] as number;
        const x1 = x[from + inputs] as number;
        const a = weight[at] as number;
        const b = weight[at + 1] as number;
        const c = weight[at + 2] as number;
        const d = weight[at + 3] as number;
        a0 += x0 * a;
        b0 += x0 * b;
        c0 += x0 * c;
        d0 += x0 * d;
        a1 += x1 * a;
        b1 += x1 * b;
        c1 += x1 * c;
        d1 += x1 * d;
      }
      const to = row * outputs + j;
      writeBlock(out, to, layer, j, a0, b0, c0, d0);
      writeBlock(out, to + outputs, layer, j, a1, b1, c1, d1);
    }
  }
  if (pairs < rows) rowInto(layer, x, pairs, out);
  return out;
};

/**
 * The same network as plain loops over packed rows, for acting on a few observations at a time without the cost of a trace.
 * Each row is computed by itself in one fixed order, so its bits do not depend on the rows beside it.
 */
export const mlpInference = (
  layers: MlpParameters,
  activation: Activation = 'tanh',
): ((x: Float64Array, rows: number) => Float64Array) => {
  const { plain } = activations[activation];
  const packed = layers.map(packLayer);
  const last = packed.length - 1;
  // Scratch of the hidden layers, filled and read within one call: fresh arrays would cost as much as a small layer.
  const hidden = packed.slice(0, last).map(() => new Float64Array());
  return (x, rows) => {
    let h = x;
    for (let k = 0; k < last; k += 1) {
      const layer = packed[k] as PackedLayer;
      const size = rows * layer.outputs;
      if ((hidden[k] as Float64Array).length < size) hidden[k] = new Float64Array(size);
      h = denseInto(layer, h, rows, hidden[k] as Float64Array);
      for (let i = 0; i < size; i += 1) h[i] = plain(h[i] as number);
    }
    const output = packed[last] as PackedLayer;
    return denseInto(output, h, rows, new Float64Array(rows * output.outputs));
  };
};
