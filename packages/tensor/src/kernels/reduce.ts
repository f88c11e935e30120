/** Row reductions: each takes `count` elements of `data` from `at` on and gives one number. */
import type { TypedArray } from '../dtype.js';

export type RowReduction = (data: TypedArray, at: number, count: number) => number;

/** Below this many terms a plain loop: the error bound of pairwise summation grows with log₂(n / BLOCK) + BLOCK. */
const BLOCK = 128;

/**
 * Pairwise sum: the rounding error grows with log n, not n (Higham 1993, "The accuracy of floating point summation").
 * The tree depends on the count only, so the bits do too.
 */
export const pairwiseSum: RowReduction = (data, at, count) => {
  if (count > BLOCK) {
    const half = Math.floor(count / 2 / BLOCK) * BLOCK || BLOCK;
    return pairwiseSum(data, at, half) + pairwiseSum(data, at + half, count - half);
  }
  let sum = 0;
  for (let i = at; i < at + count; i += 1) sum += data[i] as number;
  return sum;
};

/** Sum modulo 2³²: in doubles, more than 2²² terms could pass 2⁵³ and be rounded before they wrap. */
export const rowSumInteger: RowReduction = (data, at, count) => {
  let sum = 0;
  for (let i = at; i < at + count; i += 1) sum = (sum + (data[i] as number)) | 0;
  return sum;
};

export const rowProduct: RowReduction = (data, at, count) => {
  let product = 1;
  for (let i = at; i < at + count; i += 1) product *= data[i] as number;
  return product;
};

/** Product modulo 2³², as `i32` arithmetic is everywhere. */
export const rowProductInteger: RowReduction = (data, at, count) => {
  let product = 1;
  for (let i = at; i < at + count; i += 1) product = Math.imul(product, data[i] as number);
  return product;
};

export const rowMaximum: RowReduction = (data, at, count) => {
  let largest = -Infinity;
  for (let i = at; i < at + count; i += 1) largest = Math.max(largest, data[i] as number);
  return largest;
};

export const rowMinimum: RowReduction = (data, at, count) => {
  let smallest = Infinity;
  for (let i = at; i < at + count; i += 1) smallest = Math.min(smallest, data[i] as number);
  return smallest;
};

/** Index of the first largest element; the first NaN wins over every number. */
export const rowArgmax: RowReduction = (data, at, count) => {
  let best = 0;
  for (let i = 0; i < count; i += 1) {
    const value = data[at + i] as number;
    if (Number.isNaN(value)) return i;
    if (value > (data[at + best] as number)) best = i;
  }
  return best;
};

/** Index of the first smallest element; the first NaN wins over every number. */
export const rowArgmin: RowReduction = (data, at, count) => {
  let best = 0;
  for (let i = 0; i < count; i += 1) {
    const value = data[at + i] as number;
    if (Number.isNaN(value)) return i;
    if (value < (data[at + best] as number)) best = i;
  }
  return best;
};

/**
 * Mean squared distance from the mean. The distances are taken first and then centred once more, so that neither
 * cancellation nor the rounding of a large mean reaches the result (the corrected two-pass algorithm of Chan, Golub &
 * LeVeque 1983, "Algorithms for computing the sample variance").
 */
export const rowVariance: RowReduction = (data, at, count) => {
  const mean = pairwiseSum(data, at, count) / count;
  const distances = new Float64Array(count);
  for (let i = 0; i < count; i += 1) distances[i] = (data[at + i] as number) - mean;
  const rest = pairwiseSum(distances, 0, count) / count;
  for (let i = 0; i < count; i += 1) distances[i] = ((distances[i] as number) - rest) ** 2;
  return pairwiseSum(distances, 0, count) / count;
};

/** log Σ eˣ, shifted by the largest element so that it neither overflows nor underflows. */
export const rowLogSumExp: RowReduction = (data, at, count) => {
  const largest = rowMaximum(data, at, count);
  // All −∞ gives −∞; +∞ and NaN pass through: subtracting the shift would turn them into NaN.
  if (!Number.isFinite(largest)) return largest;
  const terms = new Float64Array(count);
  for (let i = 0; i < count; i += 1) terms[i] = Math.exp((data[at + i] as number) - largest);
  return largest + Math.log(pairwiseSum(terms, 0, count));
};
