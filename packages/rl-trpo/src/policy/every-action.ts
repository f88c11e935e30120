/** All actions of a distribution over choices, where they can be counted. */
import type { Tensor } from '@natgrad/tensor';
import { adopt } from '@natgrad/tensor/internal';
import type { ActionLayout } from './distribution.js';

/** All actions, `[count, …]`. */
export interface EveryAction {
  readonly count: number;
  readonly actions: Tensor;
}

/** Every combination of choices, the last one changing fastest; null for continuous actions, and for more than `most` of them. */
export const everyAction = ({ dtype, shape, counts = [] }: ActionLayout, most: number): EveryAction | null => {
  const count = counts.reduce((product, n) => product * n, 1);
  if (dtype !== 'i32' || counts.length === 0 || count > most) return null;
  const all = counts.reduce<readonly (readonly number[])[]>(
    (begun, n) => begun.flatMap((choices) => Array.from({ length: n }, (_, choice) => [...choices, choice])),
    [[]],
  );
  return { count, actions: adopt(Int32Array.from(all.flat()), 'i32', [count, ...shape]) };
};
