/** Weights to begin with. */
import { type FloatDType, type Key, normal, type Tensor } from '@natgrad/tensor';
import { adopt, allocate, elements } from '@natgrad/tensor/internal';

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
  for (let i = 0; i < count; i += 1) {
    const own = rows.subarray(i * length, (i + 1) * length);
    for (let pass = 0; pass < 2; pass += 1)
      for (let j = 0; j < i; j += 1) {
        const other = rows.subarray(j * length, (j + 1) * length);
        const overlap = own.reduce((sum, x, k) => sum + x * (other[k] as number), 0);
        for (let k = 0; k < length; k += 1) own[k] = (own[k] as number) - overlap * (other[k] as number);
      }
    const size = Math.sqrt(own.reduce((sum, x) => sum + x * x, 0));
    for (let k = 0; k < length; k += 1) own[k] = (own[k] as number) / size;
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
