/** Constants whose elements are all one number: a scalar that was stretched. */
import { scalar, type Tensor } from '@natgrad/tensor';
import { elements, viewOf } from '@natgrad/tensor/internal';
import { broadcastToPrimitive } from '../primitives/broadcast-to.js';
import { reshapePrimitive } from '../primitives/reshape.js';
import type { Rebuild } from './rewrite.js';

/** What was found for a tensor: tensors are immutable, so each is read at most once, however many passes look at it. */
const found = new WeakMap<Tensor, { readonly scalar: Tensor | undefined }>();

const search = (value: Tensor): Tensor | undefined => {
  const { stride, data: stored, offset } = viewOf(value);
  // A scalar that was stretched says so by its strides.
  const stretched = value.size > 0 && stride.every((step, axis) => step === 0 || value.shape[axis] === 1);
  const data = stretched ? stored.subarray(offset, offset + 1) : elements(value);
  const [first] = data;
  if (first === undefined) return undefined;
  // The first difference ends the search: it is long only where it succeeds.
  for (let i = 1; i < data.length; i += 1) if (!Object.is(data[i], first)) return undefined;
  return scalar(value.dtype === 'bool' ? first === 1 : first, value.dtype);
};

/** The rank-0 tensor that a constant of higher rank repeats (0 and −0 differ), if it repeats one. */
export const repeatedScalar = (value: Tensor): Tensor | undefined => {
  if (value.rank === 0) return undefined;
  const known = found.get(value) ?? { scalar: search(value) };
  found.set(value, known);
  return known.scalar;
};

/** The rank-0 value that a value repeats, by stretches and reshapes. */
export const splatSource = (id: number, rebuild: Rebuild): number | undefined => {
  if (rebuild.aval(id).shape.length === 0) return id;
  const producer = rebuild.producer(id);
  const primitive: unknown = producer?.primitive;
  return primitive === broadcastToPrimitive || primitive === reshapePrimitive
    ? splatSource(producer?.inputs[0] as number, rebuild)
    : undefined;
};

/** The number that all elements of a value are, where it is known. */
export const splatOf = (id: number, rebuild: Rebuild): number | undefined => {
  const source = splatSource(id, rebuild);
  const constant = source === undefined ? undefined : rebuild.constantOf(source);
  return constant === undefined ? undefined : elements(constant)[0];
};

/** A rank-0 value stretched to a shape. */
export const stretch = (id: number, shape: readonly number[], rebuild: Rebuild): number =>
  shape.length === 0 ? id : rebuild.apply1(broadcastToPrimitive, [id], { shape });
