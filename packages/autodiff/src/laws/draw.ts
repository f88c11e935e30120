/** `Draw` and the samplers of elements, implemented with fast-check: every choice shrinks. */
import { cast, type DType, type Shape, sizeOf, type Tensor } from '@natgrad/tensor';
import { adopt, allocate } from '@natgrad/tensor/internal';
import fc from 'fast-check';
import type { ArgumentSample, Draw, Elements } from '../ir/domain.js';

/** Choices from one source of whole numbers. */
export const drawFrom = (integer: Draw['integer']): Draw => ({
  integer,
  boolean: () => integer(0, 1) === 1,
  pick: (options) => options[integer(0, options.length - 1)] as (typeof options)[number],
  shape: ({ minRank = 0, maxRank = 3, minExtent = 1, maxExtent = 4 } = {}) =>
    Array.from({ length: integer(minRank, Math.max(minRank, maxRank)) }, () => integer(minExtent, maxExtent)),
});

/** What `make` builds of random choices. A failing case shrinks by making each choice smaller. */
export const drawn = <T>(make: (draw: Draw) => T): fc.Arbitrary<T> =>
  fc.gen().map((generate) => make(drawFrom((min, max) => generate(fc.integer, { min, max }))));

/** Steps between the ends of an interval: enough to meet no special values, few enough to print short. */
const GRID = 1024;

const fillMatrices = (shape: Shape, fill: (n: number) => readonly (readonly number[])[]): number[] => {
  const n = shape.at(-1) as number;
  const count = sizeOf(shape.slice(0, -2));
  return Array.from({ length: count }, () => fill(n).flat()).flat();
};

const valuesOf = (elements: Elements, shape: Shape, draw: Draw): readonly number[] => {
  const size = sizeOf(shape);
  const between = (low: number, high: number): number => low + ((high - low) * draw.integer(0, GRID)) / GRID;
  switch (elements.kind) {
    case 'intervals':
      return Array.from({ length: size }, () => between(...draw.pick(elements.intervals)));
    case 'integers':
      return Array.from({ length: size }, () => draw.integer(elements.min, elements.max));
    case 'booleans':
      return Array.from({ length: size }, () => draw.integer(0, 1));
    case 'distinct': {
      // A shuffled ladder with steps of 0.2.
      const ladder = Array.from({ length: size }, (_, i) => (i - Math.floor(size / 2)) / 5);
      for (let i = size - 1; i > 0; i -= 1) {
        const j = i - draw.integer(0, i);
        [ladder[i], ladder[j]] = [ladder[j] as number, ladder[i] as number];
      }
      return ladder;
    }
    case 'positiveDefinite':
      // B Bᵀ + ½ I: no eigenvalue is below one half.
      return fillMatrices(shape, (n) => {
        const b = Array.from({ length: n }, () => Array.from({ length: n }, () => between(-1, 1)));
        const dot = (i: number, j: number): number =>
          (b[i] as number[]).reduce((total, x, k) => total + x * ((b[j] as number[])[k] as number), 0);
        return b.map((_, i) => b.map((__, j) => dot(Math.max(i, j), Math.min(i, j)) + (i === j ? 0.5 : 0)));
      });
    case 'wellConditionedTriangle':
      return fillMatrices(shape, (n) =>
        Array.from({ length: n }, (_, i) =>
          Array.from({ length: n }, (__, j) =>
            i === j ? (draw.boolean() ? 1 : -1) * between(0.5, 2) : between(-1, 1),
          ),
        ),
      );
  }
};

/** A tensor as its description asks. */
export const drawTensor = ({ shape, dtype, elements }: ArgumentSample, draw: Draw): Tensor => {
  const data = allocate(dtype, sizeOf(shape));
  data.set(valuesOf(elements, shape, draw));
  return adopt(data, dtype, shape);
};

/** Floats as `to`, everything else as it is. */
export const castFloats = (values: readonly Tensor[], to: DType): readonly Tensor[] =>
  values.map((value) => (value.dtype === 'f32' || value.dtype === 'f64' ? cast(value, to) : value));
