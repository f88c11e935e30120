/** Copies from any geometry to row-major order. */
import type { TypedArray } from '../dtype.js';
import type { View } from '../tensor.js';

/** Side of the squares in which a plane is copied across the grain: what two of them touch stays in the nearest cache. */
const TILE = 32;

/** The geometry of a plane: its last two axes, and where it begins in the source and in the copy. */
interface Plane {
  readonly rows: number;
  readonly columns: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

const copyPlane = (
  from: TypedArray,
  out: TypedArray,
  { rows, columns, rowStride, columnStride }: Plane,
  start: number,
  written: number,
): void => {
  // Along the grain, or nearly so, whole rows; across it, squares.
  const across = Math.abs(columnStride) > Math.abs(rowStride) && rowStride !== 0;
  const [tall, wide] = across ? [TILE, TILE] : [rows, columns];
  for (let top = 0; top < rows; top += tall)
    for (let left = 0; left < columns; left += wide) {
      const bottom = Math.min(rows, top + tall);
      const width = Math.min(columns, left + wide) - left;
      for (let row = top; row < bottom; row += 1) {
        let at = start + row * rowStride + left * columnStride;
        let to = written + row * columns + left;
        for (const end = to + width; to < end; to += 1, at += columnStride) out[to] = from[at] as number;
      }
    }
};

/** Writes a view's elements into `out`, row-major. */
export const copyStrided = ({ data, shape, stride, offset }: View, out: TypedArray): void => {
  const rank = shape.length;
  const plane: Plane = {
    rows: rank < 2 ? 1 : (shape[rank - 2] as number),
    columns: rank === 0 ? 1 : (shape[rank - 1] as number),
    rowStride: stride[rank - 2] ?? 0,
    columnStride: stride[rank - 1] ?? 0,
  };
  const outer = Math.max(0, rank - 2);
  const size = shape.reduce((product, extent) => product * extent, 1);
  const index = new Array<number>(outer).fill(0);
  let at = offset;
  for (let written = 0; written < size; written += plane.rows * plane.columns) {
    copyPlane(data, out, plane, at, written);
    for (let axis = outer - 1; axis >= 0; axis -= 1) {
      const next = (index[axis] as number) + 1;
      const carry = next === shape[axis];
      index[axis] = carry ? 0 : next;
      at += (stride[axis] as number) * (carry ? 1 - (shape[axis] as number) : 1);
      if (!carry) break;
    }
  }
};
