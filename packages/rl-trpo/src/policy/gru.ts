/** A gated recurrent unit over windows of observations: as a traceable function by `scan`, and as plain loops for acting. */
import {
  add,
  greater,
  matmul,
  multiply,
  reshape,
  scan,
  select,
  slice,
  subtract,
  tanh,
  transpose,
} from '@natgrad/autodiff';
import { type FloatDType, type Key, split, type Tensor, zeros } from '@natgrad/tensor';
import { activations } from './activations.js';
import { lecun, orthogonal } from './initialise.js';
import { denseInto, type PackedLayer, packLayer } from './mlp.js';

/** One gate: x·input + h·recurrent + bias. `[inputs, width]`, `[width, width]`, `[width]`. */
export type Gate = { readonly input: Tensor; readonly recurrent: Tensor; readonly bias: Tensor };

/** The parameters of a gated recurrent unit: two gates and the candidate. */
export type GruParameters = { readonly reset: Gate; readonly update: Gate; readonly candidate: Gate };

/** How the weights of a cell begin. */
export interface GruOptions {
  readonly initialisation?: 'orthogonal' | 'lecun';
  readonly dtype?: FloatDType;
}

/**
 * Fresh parameters: input weights by the rule of the other layers with gain 1, orthogonal recurrent weights, zero biases.
 *
 * @example
 * ```ts
 * const cell = initialiseGru(key(0), 3, 8);
 * console.log(cell.reset.input.shape.join('x'), cell.reset.recurrent.shape.join('x')); // 3x8 8x8
 * ```
 */
export const initialiseGru = (key: Key, inputs: number, width: number, options: GruOptions = {}): GruParameters => {
  const { initialisation = 'orthogonal', dtype = 'f64' } = options;
  const draw = initialisation === 'orthogonal' ? orthogonal : lecun;
  const [resetKey, updateKey, candidateKey] = split(key, 3) as readonly [Key, Key, Key];
  const gate = (gateKey: Key): Gate => {
    const [inputKey, recurrentKey] = split(gateKey);
    return {
      input: draw(inputKey, inputs, width, 1, dtype),
      recurrent: orthogonal(recurrentKey, width, width, 1, dtype),
      bias: zeros([width], dtype),
    };
  };
  return { reset: gate(resetKey), update: gate(updateKey), candidate: gate(candidateKey) };
};

/** x·input + bias of each gate: what does not wait for the hidden state. */
type Projected = { readonly [Name in keyof GruParameters]: Tensor };

const project = (cell: GruParameters, x: Tensor): Projected => {
  const of = ({ input, bias }: Gate): Tensor => add(matmul(x, input), bias);
  return { reset: of(cell.reset), update: of(cell.update), candidate: of(cell.candidate) };
};

/** h′ = z∘h + (1 − z)∘h̃, the gates being z and r and the candidate h̃ = tanh(W x + U (r∘h)). */
const advance = (cell: GruParameters, hidden: Tensor, x: Projected): Tensor => {
  const { traced: sigmoid } = activations.sigmoid;
  const r = sigmoid(add(x.reset, matmul(hidden, cell.reset.recurrent)));
  const z = sigmoid(add(x.update, matmul(hidden, cell.update.recurrent)));
  const candidate = tanh(add(x.candidate, matmul(multiply(r, hidden), cell.candidate.recurrent)));
  return add(candidate, multiply(z, subtract(hidden, candidate)));
};

/**
 * One step of the cell: hidden states `[N, width]` and inputs `[N, inputs]` → hidden states `[N, width]` (Cho, van Merriënboer,
 * Gulcehre, Bahdanau, Bougares, Schwenk and Bengio 2014, "Learning Phrase Representations using RNN Encoder-Decoder for
 * Statistical Machine Translation", equations 5 to 8, with biases).
 *
 * @example
 * ```ts
 * // An update gate that is open keeps the state.
 * const gate = { input: zeros([1, 2]), recurrent: zeros([2, 2]), bias: zeros([2]) };
 * const open = { ...gate, bias: full([2], 1000) };
 * const next = gruStep({ reset: gate, update: open, candidate: gate }, tensor([[1, 4]]), tensor([[7]]));
 * console.log(toNested(next)); // [ [ 1, 4 ] ]
 * ```
 */
export const gruStep = (cell: GruParameters, hidden: Tensor, x: Tensor): Tensor =>
  advance(cell, hidden, project(cell, x));

/**
 * The hidden state after a window: `[N, steps · (1 + inputs)]` → `[N, width]`. A window is what `withHistory` of
 * `@natgrad/envs` shows: rows `[flag, …input]` in order of time. The state begins as zeros, and a row whose flag is not greater
 * than 0 leaves it as it is, to the bit, whatever else is in that row.
 *
 * The inputs of all steps go through one matrix product; `scan` does the rest, with derivatives through time in both modes.
 */
export const gru = (cell: GruParameters, windows: Tensor, steps: number): Tensor => {
  const [rows, size] = windows.shape as readonly [number, number];
  const row = size / steps;
  const [inputs, width] = cell.reset.input.shape as readonly [number, number];
  // Time in front, as scan wants it.
  const inTime = transpose(reshape(windows, [rows, steps, row]), [1, 0, 2]);
  const flags = slice(inTime, [0, 0, 0], [steps, rows, 1]);
  const flat = reshape(slice(inTime, [0, 0, 1], [steps, rows, row]), [steps * rows, inputs]);
  const { reset, update, candidate } = project(cell, flat);
  const sequence = (x: Tensor): Tensor => reshape(x, [steps, rows, width]);
  const { carry } = scan(
    (hidden: Tensor, { flag, ...x }: Projected & { readonly flag: Tensor }) => [
      select(greater(flag, 0), advance(cell, hidden, x), hidden),
      null,
    ],
    zeros([rows, width], windows.dtype as FloatDType),
    { flag: flags, reset: sequence(reset), update: sequence(update), candidate: sequence(candidate) },
  );
  return carry;
};

/** The two products of a gate. */
type Packed = readonly [input: PackedLayer, recurrent: PackedLayer];

/**
 * The same as plain loops over packed windows, for acting. Each window is computed by itself in one fixed order, so its bits do
 * not depend on the windows beside it; what is not there costs nothing.
 */
export const gruInference = (
  cell: GruParameters,
  steps: number,
): ((windows: Float64Array, rows: number) => Float64Array) => {
  const { plain: sigmoid } = activations.sigmoid;
  const [inputs, width] = cell.reset.input.shape as readonly [number, number];
  const none = zeros([width]);
  const pack = ({ input, recurrent, bias }: Gate): Packed => [
    packLayer({ weight: input, bias }),
    packLayer({ weight: recurrent, bias: none }),
  ];
  const [reset, update, candidate] = [pack(cell.reset), pack(cell.update), pack(cell.candidate)];
  /** x·input + bias + h·recurrent, for one row. */
  const gate = ([input, recurrent]: Packed, x: Float64Array, hidden: Float64Array): Float64Array => {
    const out = denseInto(input, x, 1, new Float64Array(width));
    const other = denseInto(recurrent, hidden, 1, new Float64Array(width));
    for (let j = 0; j < width; j += 1) out[j] = (out[j] as number) + (other[j] as number);
    return out;
  };
  const next = (x: Float64Array, hidden: Float64Array): Float64Array => {
    const r = gate(reset, x, hidden).map((sum, j) => sigmoid(sum) * (hidden[j] as number));
    const z = gate(update, x, hidden).map(sigmoid);
    return gate(candidate, x, r).map((sum, j) => {
      const each = Math.tanh(sum);
      return each + (z[j] as number) * ((hidden[j] as number) - each);
    });
  };
  return (windows, rows) => {
    const out = new Float64Array(rows * width);
    for (let row = 0, at = 0; row < rows; row += 1) {
      let hidden: Float64Array = new Float64Array(width);
      for (let step = 0; step < steps; step += 1, at += 1 + inputs)
        if ((windows[at] as number) > 0) hidden = next(windows.subarray(at + 1, at + 1 + inputs), hidden);
      out.set(hidden, row * width);
    }
    return out;
  };
};
