/** Weights to begin with. */
import { type FloatDType, type Key, normal, type Tensor } from '@natgrad/tensor';
import { adopt, allocate, elements } from '@natgrad/tensor/internal';

/** Σ x·y of two runs of `length` numbers that begin at `a` and `b`, in order. */
const overlapOf = (x: Float64Array, a: number, b: number, length: number): number => {
  let sum = 0;
  for (let k = 0; k < length; k += 1) sum += (x[a + k] as number) * (x[b + k] as number);
  return sum;
};

/**
 * A weight matrix `[inputs, outputs]` whose shorter side is orthonormal, times `gain` (Saxe, McClelland and Ganguli 2013,
 * "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks"): normal draws, orthogonalised by
 * modified Gram and Schmidt, twice, which keeps orthogonality to rounding.
 */
export const orthogonal = (
  key: Key,
  inputs: number,
  outputs: number,
  gain: number,
  dtype: FloatDType = 'f64',
): Tensor => {
  // Rows are the vectors to orthogonalise: as many as the shorter side, as long as the longer one.
  const [count, length] = [Math.min(inputs, outputs), Math.max(inputs, outputs)];
  const rows = Float64Array.from(elements(normal(key, [count, length])));
  for (let i = 0, own = 0; i < count; i += 1, own += length) {
    for (let pass = 0; pass < 2; pass += 1)
      for (let other = 0; other < own; other += length) {
        const overlap = overlapOf(rows, own, other, length);
        for (let k = 0; k < length; k += 1)
          rows[own + k] = (rows[own + k] as number) - overlap * (rows[other + k] as number);
      }
    const size = Math.sqrt(overlapOf(rows, own, own, length));
    for (let k = own; k < own + length; k += 1) rows[k] = (rows[k] as number) / size;
  }
  const weight = allocate(dtype, inputs * outputs);
  for (let i = 0; i < inputs; i += 1)
    for (let j = 0; j < outputs; j += 1)
      weight[i * outputs + j] = gain * (rows[inputs <= outputs ? i * length + j : j * length + i] as number);
  return adopt(weight, dtype, [inputs, outputs]);
};

/** Normal weights with variance gain² / inputs (LeCun, Bottou, Orr and Müller 1998, "Efficient BackProp", section 4.6). */
export const lecun = (key: Key, inputs: number, outputs: number, gain: number, dtype: FloatDType = 'f64'): Tensor => {
  const draws = elements(normal(key, [inputs, outputs]));
  const weight = allocate(dtype, draws.length);
  for (let i = 0; i < weight.length; i += 1) weight[i] = (gain / Math.sqrt(inputs)) * (draws[i] as number);
  return adopt(weight, dtype, [inputs, outputs]);
};
