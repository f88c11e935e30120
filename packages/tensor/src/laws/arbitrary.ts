/** Hostile inputs: every dtype, extents of 0, rank 0, special numbers, and storage in any order. */
import fc, { type Arbitrary } from 'fast-check';
import { allocate, DTYPES, type DType } from '../dtype.js';
import { type Shape, sizeOf } from '../shape.js';
import { adopt, elements, fromView, makeView, type Tensor } from '../tensor.js';
import type { Tree } from '../tree.js';
import { indicesOf } from './compare.js';

/** Where shapes come from; ranks 0 to 3 and extents 0 to 4 where nothing else is said. */
export interface ShapeOptions {
  readonly minRank?: number;
  readonly maxRank?: number;
  readonly minExtent?: number;
  readonly maxExtent?: number;
}

/** A shape, rank 0 and extents of 0 included. */
export const arbitraryShape = (options: ShapeOptions = {}): Arbitrary<Shape> => {
  const { minRank = 0, maxRank = Math.max(minRank, 3), minExtent = 0, maxExtent = Math.max(minExtent, 4) } = options;
  return fc.array(fc.integer({ min: minExtent, max: maxExtent }), { minLength: minRank, maxLength: maxRank });
};

/** As many shapes as asked for which broadcast together: extents of 1 and missing outer axes stretch. */
export const arbitraryBroadcastShapes = (count: number, options: ShapeOptions = {}): Arbitrary<readonly Shape[]> =>
  arbitraryShape(options).chain((common) =>
    fc.tuple(
      ...Array.from({ length: count }, () =>
        fc
          .tuple(
            fc.integer({ min: 0, max: common.length }),
            fc.array(fc.boolean(), { minLength: common.length, maxLength: common.length }),
          )
          .map(([missing, ones]) => common.map((extent, axis) => (ones[axis] === true ? 1 : extent)).slice(missing)),
      ),
    ),
  );

export const arbitraryDType: Arbitrary<DType> = fc.constantFrom(...DTYPES);

/** The smallest positive subnormal and normal numbers, and the largest number. */
const EXTREMES: Readonly<Record<'f32' | 'f64', readonly number[]>> = {
  f32: [2 ** -149, 2 ** -126, (2 - 2 ** -23) * 2 ** 127],
  f64: [Number.MIN_VALUE, 2 ** -1022, Number.MAX_VALUE],
};

/** Any number that `dtype` holds; NaN, ±∞, −0, subnormals and the largest numbers come often. */
export const arbitraryElement = (dtype: DType): Arbitrary<number> => {
  if (dtype === 'bool') return fc.integer({ min: 0, max: 1 });
  const small = fc.integer({ min: -3, max: 3 });
  if (dtype === 'i32')
    return fc.oneof({ withCrossShrink: true }, small, fc.integer(), fc.constantFrom(-(2 ** 31), 2 ** 31 - 1));
  const extremes = EXTREMES[dtype].flatMap((x) => [x, -x]);
  return fc.oneof(
    // Counterexamples shrink to small whole numbers.
    { withCrossShrink: true },
    { weight: 3, arbitrary: small },
    { weight: 2, arbitrary: fc.constantFrom(NaN, Infinity, -Infinity, 0, -0, ...extremes) },
    { weight: 3, arbitrary: dtype === 'f32' ? fc.float() : fc.double() },
  );
};

/** How storage differs from row-major order: the order of the axes in it, which run backwards, and gaps between elements. */
export interface Layout {
  readonly order: readonly number[];
  readonly backwards: readonly boolean[];
  readonly gap: number;
}

/** The same tensor in other storage. What lies in the gaps is no element of it. */
export const relaid = (x: Tensor, { order, backwards, gap }: Layout): Tensor => {
  const stride = new Array<number>(x.rank).fill(0);
  let next = gap;
  for (const axis of [...order].reverse()) {
    stride[axis] = next;
    next *= x.shape[axis] as number;
  }
  const data = allocate(x.dtype, next + gap).fill(x.dtype === 'bool' ? 1 : 12345);
  let offset = gap;
  backwards.forEach((flip, axis) => {
    if (!flip) return;
    offset += Math.max(0, (x.shape[axis] as number) - 1) * (stride[axis] as number);
    stride[axis] = -(stride[axis] as number);
  });
  const flat = elements(x);
  indicesOf(x.shape).forEach((index, k) => {
    data[index.reduce((sum, i, axis) => sum + i * (stride[axis] as number), offset)] = flat[k] as number;
  });
  return fromView(makeView(data, x.shape, stride, offset), x.dtype);
};

const arbitraryLayout = (rank: number): Arbitrary<Layout> =>
  fc.record({
    order: fc.shuffledSubarray(
      Array.from({ length: rank }, (_, axis) => axis),
      { minLength: rank, maxLength: rank },
    ),
    backwards: fc.array(fc.boolean(), { minLength: rank, maxLength: rank }),
    gap: fc.constantFrom(1, 1, 2),
  });

/** What a tensor may be; whatever is left out is arbitrary. */
export interface TensorOptions {
  readonly dtype?: DType | Arbitrary<DType>;
  readonly shape?: Shape | Arbitrary<Shape>;
  /** Elements; without it `arbitraryElement(dtype)`. */
  readonly elements?: Arbitrary<number>;
  /** Also views with strides: transposed, backwards, with gaps. True by default. */
  readonly strided?: boolean;
}

/** An arbitrary as it is; a value as the arbitrary of that value only. */
const arbitraryOf = <T extends DType | Shape>(value: T | Arbitrary<T>): Arbitrary<T> =>
  typeof value === 'object' && 'generate' in value ? value : fc.constant(value);

/**
 * A tensor of any dtype, shape and layout, with any elements; options narrow it down.
 *
 * @example
 * ```ts
 * import { arbitraryTensor } from '@natgrad/tensor/laws';
 * import fc from 'fast-check';
 * fc.assert(fc.property(arbitraryTensor({ dtype: 'f32', shape: [2, 3] }), (x) => x.size === 6));
 * ```
 */
export const arbitraryTensor = (options: TensorOptions = {}): Arbitrary<Tensor> =>
  fc
    .tuple(arbitraryOf(options.dtype ?? arbitraryDType), arbitraryOf(options.shape ?? arbitraryShape()))
    .chain(([dtype, shape]) => {
      const size = sizeOf(shape);
      return fc
        .record({
          flat: fc.array(options.elements ?? arbitraryElement(dtype), { minLength: size, maxLength: size }),
          layout: options.strided === false ? fc.constant(null) : fc.option(arbitraryLayout(shape.length)),
        })
        .map(({ flat, layout }) => {
          const data = allocate(dtype, size);
          data.set(flat);
          const x = adopt(data, dtype, shape);
          return layout === null ? x : relaid(x, layout);
        });
    });

/** Keys that a careless implementation of trees would trip over. */
const KEYS = ['a', 'b', 'w', '10', '9', '', '__proto__', 'constructor', 'a: *, b', '.'];

/**
 * A tree of leaves: arrays, objects and null, empty ones too, with awkward keys such as `__proto__`.
 *
 * @example
 * ```ts
 * import { arbitraryTree } from '@natgrad/tensor/laws';
 * import fc from 'fast-check';
 * fc.assert(fc.property(arbitraryTree(), (tree) => treeMap((x) => x, tree) !== undefined));
 * ```
 */
export function arbitraryTree(): Arbitrary<Tree<Tensor>>;
export function arbitraryTree<Leaf>(leaf: Arbitrary<Leaf>, depth?: number): Arbitrary<Tree<Leaf>>;
export function arbitraryTree(leaf: Arbitrary<unknown> = arbitraryTensor(), depth = 3): Arbitrary<Tree<unknown>> {
  if (depth <= 0) return leaf;
  const child = arbitraryTree(leaf, depth - 1);
  return fc.oneof(
    { withCrossShrink: true },
    { weight: 3, arbitrary: leaf },
    { weight: 1, arbitrary: fc.constant(null) },
    { weight: 3, arbitrary: fc.array(child, { maxLength: 3 }) },
    {
      weight: 3,
      arbitrary: fc
        .uniqueArray(fc.tuple(fc.constantFrom(...KEYS), child), { selector: ([key]) => key, maxLength: 4 })
        // Own properties, also under `__proto__`.
        .map((entries) => Object.fromEntries(entries) as Tree<unknown>),
    },
  );
}
