/**
 * Packing: what the inner kernel reads many times is laid out in the order in which it reads. Whole vectors are read, so that up
 * to 28 bytes after the last element of a matrix are, too. The memory guarantees them to exist; what they hold stays in lanes of
 * its own.
 */
import { type Code, type Local, type WasmFunction } from './encode.js';
import { advance, countDown, type Elements, integerFunction, VECTOR_BYTES } from './gemm-tile.js';
import { forRange, i32, v128, when } from './instructions.js';

/** `size` bytes (16 or 32) from each of `k` lines that are `stride` bytes apart, one after the other. */
export const copyLines = (size: number): WasmFunction =>
  integerFunction(`copy_lines_${size}`, ['to', 'from', 'stride', 'k'], ({ to, from, stride, k }) => {
    const offsets = Array.from({ length: size / VECTOR_BYTES }, (_, i) => i * VECTOR_BYTES);
    return countDown(k, [
      offsets.map((offset) => v128.store(to.get, v128.load(from.get, offset), offset)),
      advance(to, i32.const(size)),
      advance(from, stride.get),
    ]);
  });

/** A line of a transposed square: lanes of two vectors by number, those of the second after those of the first. */
const mixed = (elements: Elements, a: Local, b: Local, lanes: readonly number[]): Code => {
  const bytes = lanes.flatMap((lane) => Array.from({ length: elements.bytes }, (_, i) => lane * elements.bytes + i));
  return v128.shuffle(a.get, b.get, bytes);
};

/** A square of as many vectors as a vector has lanes, transposed, and the code that does it. */
const transposed = (
  elements: Elements,
  local: () => Local,
  rows: readonly Code[],
): { readonly code: Code; readonly columns: readonly Code[] } => {
  const inputs = rows.map(() => local());
  const load = inputs.map((each, i) => each.set(rows[i]!));
  const mix = (from: readonly Local[], i: number, j: number, ...lanes: readonly number[]): Code =>
    mixed(elements, from[i]!, from[j]!, lanes);
  if (elements.lanes === 2) return { code: load, columns: [mix(inputs, 0, 1, 0, 2), mix(inputs, 0, 1, 1, 3)] };
  const pairs = [
    mix(inputs, 0, 1, 0, 4, 1, 5),
    mix(inputs, 2, 3, 0, 4, 1, 5),
    mix(inputs, 0, 1, 2, 6, 3, 7),
    mix(inputs, 2, 3, 2, 6, 3, 7),
  ];
  const middle = pairs.map(() => local());
  return {
    code: [load, middle.map((each, i) => each.set(pairs[i]!))],
    columns: [
      mix(middle, 0, 1, 0, 1, 4, 5),
      mix(middle, 0, 1, 2, 3, 6, 7),
      mix(middle, 2, 3, 0, 1, 4, 5),
      mix(middle, 2, 3, 2, 3, 6, 7),
    ],
  };
};

/**
 * `width` lines of `k` elements that are `stride` bytes apart: their first elements, then their second ones. Where fewer than `width` are
 * left, by `count`, the last one stands in for the others. Whole squares are written, up to three rows more than `k`.
 */
export const interleaveLines = (elements: Elements, width: number): WasmFunction => {
  const rowBytes = width * elements.bytes;
  return integerFunction(
    `interleave_${elements.dtype}_${width}`,
    ['to', 'from', 'stride', 'k', 'count'],
    ({ to, from, stride, k, count }, local) => {
      const lines = Array.from({ length: width }, () => local('i32'));
      const firsts = Array.from({ length: width / elements.lanes }, (_, i) => i * elements.lanes);
      const squares = firsts.map((first) => {
        const loads = lines.slice(first, first + elements.lanes).map((line) => v128.load(line.get));
        const { code, columns } = transposed(elements, () => local('v128'), loads);
        const offset = first * elements.bytes;
        return [code, columns.map((column, i) => v128.store(to.get, column, i * rowBytes + offset))];
      });
      const place = lines.map((line, i) => [
        line.set((lines[i - 1] ?? from).get),
        i === 0 ? [] : when(i32.gtU(count.get, i32.const(i)), advance(line, stride.get)),
      ]);
      return [
        place,
        forRange(local('i32'), i32.const(0), k.get, i32.const(elements.lanes), [
          squares,
          lines.map((line) => advance(line, i32.const(VECTOR_BYTES))),
          advance(to, i32.const(elements.lanes * rowBytes)),
        ]),
      ];
    },
  );
};
