/** How a network makes the parameters of a distribution: its head, as data. */
import { broadcastTo, reshape, slice } from '@natgrad/autodiff';
import { type FloatDType, fromTypedArray, type Tensor } from '@natgrad/tensor';
import { elements } from '@natgrad/tensor/internal';
import type { Either } from 'fp-ts/lib/Either.js';
import type { TrpoConfig } from '../config.js';
import type { TrpoIssue } from '../errors.js';
import type { Distribution, DistributionParameters } from './distribution.js';

/** What a head needs to know of an action space; those of `@natgrad/envs` have it. */
export type ActionSpace =
  | { readonly kind: 'discrete'; readonly n: number }
  | { readonly kind: 'multiDiscrete'; readonly counts: readonly number[] }
  | { readonly kind: 'multiBinary'; readonly n: number }
  | { readonly kind: 'box'; readonly low: readonly number[]; readonly high?: readonly number[] };

type Kind = ActionSpace['kind'];

/** Options that decide where a distribution begins. */
export type HeadOptions = Pick<TrpoConfig, 'initialLogDeviation'>;

/** What turns the last layer of a network into the parameters of a distribution. */
export interface Head {
  readonly distribution: Distribution;
  /** Parameters of the distribution that are learnt by themselves and are the same in every state. The network makes the others. */
  readonly free: readonly string[];
  /**
   * Where parameters begin, one row each, if not at 0: a free one has these values, and for one from the network they are the
   * bias of its last layer.
   */
  readonly initial: Readonly<Record<string, readonly number[]>>;
}

/** A distribution for the action spaces of one kind. */
export interface HeadMaker<K extends Kind> {
  readonly kind: K;
  /** `Left` for a space of this kind that the distribution is not for. */
  make(space: Extract<ActionSpace, { readonly kind: K }>, options: HeadOptions): Either<TrpoIssue, Head>;
}

/** A maker for any one kind. */
export type AnyHeadMaker = { readonly [K in Kind]: HeadMaker<K> }[Kind];

/** A part of the network's output: one parameter of the distribution. */
interface Part {
  readonly name: string;
  readonly shape: readonly number[];
  readonly from: number;
  readonly size: number;
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);

/** The parameters that the network makes, side by side, in the order of the distribution. */
const partsOf = ({ distribution, free }: Head): readonly Part[] =>
  Object.entries(distribution.parameterShapes)
    .filter(([name]) => !free.includes(name))
    .reduce<readonly Part[]>((parts, [name, shape]) => {
      const { from, size } = parts.at(-1) ?? { from: 0, size: 0 };
      return [...parts, { name, shape, from: from + size, size: sizeOf(shape) }];
    }, []);

/** Numbers that the network must output per row. */
export const outputsOf = (head: Head): number => partsOf(head).reduce((sum, { size }) => sum + size, 0);

const rowOf = (dtype: FloatDType, numbers: readonly number[], shape: readonly number[] = [numbers.length]): Tensor =>
  fromTypedArray(dtype === 'f32' ? Float32Array.from(numbers) : Float64Array.from(numbers), shape);

/** The bias of the network's last layer at the beginning; null for zeros. */
export const initialBias = (head: Head, dtype: FloatDType): Tensor | null => {
  const parts = partsOf(head);
  if (!parts.some(({ name }) => Object.hasOwn(head.initial, name))) return null;
  return rowOf(
    dtype,
    parts.flatMap(({ name, size }) => head.initial[name] ?? new Array<number>(size).fill(0)),
  );
};

/** The free parameters at the beginning, one row each. */
export const initialFree = ({ distribution, free, initial }: Head, dtype: FloatDType): DistributionParameters =>
  Object.fromEntries(
    free.map((name) => {
      const shape = distribution.parameterShapes[name] as readonly number[];
      return [name, rowOf(dtype, initial[name] ?? new Array<number>(sizeOf(shape)).fill(0), shape)];
    }),
  );

/** The distributions' parameters, from the network's output `[N, outputs]` and the free ones. Traceable. */
export const headParameters = (
  head: Head,
  output: Tensor,
  free: Readonly<Record<string, unknown>>,
): DistributionParameters => {
  const rows = output.shape[0] as number;
  const parts = partsOf(head);
  const made = parts.map(({ name, shape, from, size }) => {
    const own = parts.length === 1 ? output : slice(output, [0, from], [rows, from + size]);
    return [name, shape.length === 1 ? own : reshape(own, [rows, ...shape])] as const;
  });
  const repeated = head.free.map((name) => {
    const row = free[name] as Tensor;
    return [name, broadcastTo(row, [rows, ...row.shape])] as const;
  });
  return Object.fromEntries([...made, ...repeated]);
};

/** The same on packed rows, for acting: from `rows × outputs` numbers. */
export const packedHeadParameters = (
  head: Head,
  free: Readonly<Record<string, unknown>>,
): ((output: Float64Array, rows: number) => Readonly<Record<string, Float64Array>>) => {
  const parts = partsOf(head);
  const width = outputsOf(head);
  const columns = (output: Float64Array, rows: number, { from, size }: Part): Float64Array => {
    if (size === width) return output;
    const out = new Float64Array(rows * size);
    for (let row = 0, at = 0; row < rows; row += 1)
      for (let j = 0; j < size; j += 1, at += 1) out[at] = output[row * width + from + j] as number;
    return out;
  };
  const repeat = (numbers: ArrayLike<number>, rows: number): Float64Array => {
    const out = new Float64Array(rows * numbers.length);
    for (let at = 0; at < out.length; at += numbers.length) out.set(numbers, at);
    return out;
  };
  const repeated = head.free.map((name) => [name, elements(free[name] as Tensor)] as const);
  return (output, rows) =>
    Object.fromEntries([
      ...parts.map((part) => [part.name, columns(output, rows, part)] as const),
      ...repeated.map(([name, row]) => [name, repeat(row, rows)] as const),
    ]);
};
