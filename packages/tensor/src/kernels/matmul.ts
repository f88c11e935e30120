import type { TypedArray } from '../dtype.js';

/** Rows and columns of a tile: its sixteen sums stay in registers. */
const TILE = 4;

/**
 * out[rows,columns] = left[rows,inner] · right[inner,columns], all row-major. Every sum is a double-precision accumulator
 * that runs over `inner` in order, in tiles and at the edges alike: an element's bits do not depend on where it lies.
 */
export const multiplyBlock = (
  left: TypedArray,
  right: TypedArray,
  out: TypedArray,
  rows: number,
  inner: number,
  columns: number,
): void => {
  if (out instanceof Int32Array) {
    multiplyIntegers(left, right, out, rows, inner, columns);
    return;
  }
  const tiledRows = rows - (rows % TILE);
  const tiledColumns = columns - (columns % TILE);
  for (let j = 0; j < tiledColumns; j += TILE)
    for (let i = 0; i < tiledRows; i += TILE) multiplyTile(left, right, out, i, j, inner, columns);
  multiplyEdge(left, right, out, 0, tiledRows, tiledColumns, inner, columns);
  multiplyEdge(left, right, out, tiledRows, rows, 0, inner, columns);
};

const multiplyTile = (
  left: TypedArray,
  right: TypedArray,
  out: TypedArray,
  row: number,
  column: number,
  inner: number,
  columns: number,
): void => {
  let s00 = 0;
  let s01 = 0;
  let s02 = 0;
  let s03 = 0;
  let s10 = 0;
  let s11 = 0;
  let s12 = 0;
  let s13 = 0;
  let s20 = 0;
  let s21 = 0;
  let s22 = 0;
  let s23 = 0;
  let s30 = 0;
  let s31 = 0;
  let s32 = 0;
  let s33 = 0;
  const left0 = row * inner;
  const left1 = left0 + inner;
  const left2 = left1 + inner;
  const left3 = left2 + inner;
  for (let k = 0, at = column; k < inner; k += 1, at += columns) {
    const y0 = right[at] as number;
    const y1 = right[at + 1] as number;
    const y2 = right[at + 2] as number;
    const y3 = right[at + 3] as number;
    const x0 = left[left0 + k] as number;
    const x1 = left[left1 + k] as number;
    const x2 = left[left2 + k] as number;
    const x3 = left[left3 + k] as number;
    s00 += x0 * y0;
    s01 += x0 * y1;
    s02 += x0 * y2;
    s03 += x0 * y3;
    s10 += x1 * y0;
    s11 += x1 * y1;
    s12 += x1 * y2;
    s13 += x1 * y3;
    s20 += x2 * y0;
    s21 += x2 * y1;
    s22 += x2 * y2;
    s23 += x2 * y3;
    s30 += x3 * y0;
    s31 += x3 * y1;
    s32 += x3 * y2;
    s33 += x3 * y3;
  }
  let at = row * columns + column;
  out[at] = s00;
  out[at + 1] = s01;
  out[at + 2] = s02;
  out[at + 3] = s03;
  at += columns;
  out[at] = s10;
  out[at + 1] = s11;
  out[at + 2] = s12;
  out[at + 3] = s13;
  at += columns;
  out[at] = s20;
  out[at + 1] = s21;
  out[at + 2] = s22;
  out[at + 3] = s23;
  at += columns;
  out[at] = s30;
  out[at + 1] = s31;
  out[at + 2] = s32;
  out[at + 3] = s33;
};

/** Rows `fromRow … toRow` and columns from `fromColumn` on, one element at a time. */
const multiplyEdge = (
  left: TypedArray,
  right: TypedArray,
  out: TypedArray,
  fromRow: number,
  toRow: number,
  fromColumn: number,
  inner: number,
  columns: number,
): void => {
  for (let i = fromRow; i < toRow; i += 1)
    for (let j = fromColumn; j < columns; j += 1) {
      let sum = 0;
      for (let k = 0; k < inner; k += 1) sum += (left[i * inner + k] as number) * (right[k * columns + j] as number);
      out[i * columns + j] = sum;
    }
};

/** The same modulo 2³². */
const multiplyIntegers = (
  left: TypedArray,
  right: TypedArray,
  out: Int32Array,
  rows: number,
  inner: number,
  columns: number,
): void => {
  for (let i = 0; i < rows; i += 1)
    for (let k = 0; k < inner; k += 1) {
      const x = left[i * inner + k] as number;
      for (let j = 0; j < columns; j += 1)
        out[i * columns + j] = (out[i * columns + j] as number) + Math.imul(x, right[k * columns + j] as number);
    }
};
