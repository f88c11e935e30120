/** Laws of what becomes of an action on its way to the environment. */
import { elements } from '@natgrad/tensor/internal';
import type { Law } from '@natgrad/tensor/laws';
import type { Distribution } from '../policy/distribution.js';
import { type Named, numbers, require, requireClose, tensors } from './check.js';

/** Laws of a `bijection`, where there is one. */
export const bijectionLaws = ({ bijection, action }: Distribution, named: Named): readonly Law[] => {
  if (bijection === undefined) return [];
  const width = action.shape.reduce((size, extent) => size * extent, 1);
  const actions = tensors([2, ...action.shape], numbers(-4, 4));
  return [
    named('the volume is the determinant of the map to the environment’s action', actions, (a) => {
      const from = elements(a).slice(0, width);
      const h = 1e-4;
      // ∂forwardᵢ/∂aⱼ by central differences, h² ≈ 1e-8; elementwise maps are all that the laws can check without a determinant.
      const column = (j: number): Float64Array => {
        const moved = (sign: number): Float64Array =>
          bijection.forward(Float64Array.from(from, (x, i) => (i === j ? x + sign * h : x)));
        const [up, down] = [moved(1), moved(-1)];
        return up.map((x, i) => (x - (down[i] as number)) / (2 * h));
      };
      let logDeterminant = 0;
      for (let j = 0; j < width; j += 1) {
        const slopes = column(j);
        slopes.forEach((slope, i) => require(i === j || slope === 0, () => `element ${i} depends on element ${j}`));
        logDeterminant += Math.log(Math.abs(slopes[j] as number));
      }
      requireClose('log |det|', elements(bijection.logDeterminant(a))[0] as number, logDeterminant, 1e-6);
    }),
    named('the map to the environment’s action is by row, and its results are fresh', actions, (a) => {
      const before = elements(a).slice();
      const all = bijection.forward(elements(a));
      const second = bijection.forward(elements(a).slice(width));
      require(second.every((x, i) => Object.is(x, all[width + i])), () => 'row 1 alone differs from row 1 of two');
      all.fill(NaN);
      require(elements(a).every((x: number, i: number) => Object.is(x, before[i])), () => 'the actions were changed');
    }),
  ];
};
