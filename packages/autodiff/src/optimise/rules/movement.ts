/** Rules of movements: changes of shape, order and extent, and reductions that only change the shape. */
import { scalar, sizeOf } from '@natgrad/tensor';
import { sameShape } from '@natgrad/tensor/internal';
import type { Draw } from '../../ir/domain.js';
import { real } from '../../ir/domain.js';
import type { Axes } from '../../primitives/_reduction.js';
import { addPrimitive } from '../../primitives/add.js';
import { broadcastTo, broadcastToPrimitive } from '../../primitives/broadcast-to.js';
import { exp } from '../../primitives/exp.js';
import { max, maxPrimitive } from '../../primitives/max.js';
import { minPrimitive } from '../../primitives/min.js';
import { multiply } from '../../primitives/multiply.js';
import { prodPrimitive } from '../../primitives/prod.js';
import { reshape, reshapePrimitive } from '../../primitives/reshape.js';
import { reverse, reversePrimitive } from '../../primitives/reverse.js';
import { slice, slicePrimitive } from '../../primitives/slice.js';
import { sum, sumPrimitive } from '../../primitives/sum.js';
import { transpose, transposePrimitive } from '../../primitives/transpose.js';
import { bind1 } from '../../trace/bind.js';
import { splatSource, stretch } from '../splat.js';
import { neverMinusZero, produced, type Rule } from './rule.js';

const shuffled = (draw: Draw, rank: number): number[] =>
  Array.from({ length: rank }, (_, axis) => ({ axis, at: draw.integer(0, 99) }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ axis }) => axis);

export const sameShapeMove: Rule = {
  name: 'reshape and broadcastTo to the shape that x has: x',
  of: [reshapePrimitive, broadcastToPrimitive],
  apply: ({ inputs: [x], avals: [aval] }, rebuild) =>
    sameShape(rebuild.aval(x as number).shape, aval?.shape ?? []) ? x : undefined,
  example: (draw) => {
    const shape = draw.shape();
    return {
      args: [real(shape)],
      f: (x) => bind1(draw.pick([reshapePrimitive, broadcastToPrimitive]), [x], { shape }),
    };
  },
};

export const reshapeOfReshape: Rule = {
  name: 'reshape(reshape(x)) = reshape(x)',
  of: [reshapePrimitive],
  apply: ({ inputs: [id], avals: [aval] }, rebuild) => {
    const inner = produced(id as number, reshapePrimitive, rebuild);
    return inner === undefined
      ? undefined
      : rebuild.apply1(reshapePrimitive, inner.inputs, { shape: aval?.shape ?? [] });
  },
  example: (draw) => {
    const shape = draw.shape({ maxRank: 2 });
    return { args: [real(shape)], f: (x) => reshape(reshape(x, [1, -1, 1]), draw.pick([shape, [-1], [-1, 1]])) };
  },
};

export const transposeOfTranspose: Rule = {
  name: 'transpose(transpose(x, p), q) = transpose(x, p∘q)',
  of: [transposePrimitive],
  apply: ({ inputs: [id], params }, rebuild) => {
    const inner = produced(id as number, transposePrimitive, rebuild);
    if (inner === undefined) return undefined;
    const { permutation } = params as typeof inner.params;
    return rebuild.apply1(transposePrimitive, inner.inputs, {
      permutation: permutation.map((axis) => inner.params.permutation[axis] as number),
    });
  },
  example: (draw) => ({
    args: [real(draw.shape({ minRank: 3, minExtent: 2 }))],
    f: (x) =>
      transpose(
        transpose(
          x,
          draw.pick([
            [1, 2, 0],
            [2, 1, 0],
          ]),
        ),
        draw.pick([
          [1, 2, 0],
          [0, 2, 1],
        ]),
      ),
  }),
};

/** Also the transpose that changes nothing, and that of a vector: axes of extent 1 have no order. */
export const transposeOfUnitAxes: Rule = {
  name: 'transpose(x) = reshape(x), where the axes longer than 1 keep their order',
  of: [transposePrimitive],
  apply: ({ inputs: [x], params, avals: [aval] }, rebuild) => {
    const { shape } = rebuild.aval(x as number);
    const order = (params as { readonly permutation: readonly number[] }).permutation.filter(
      (axis) => shape[axis] !== 1,
    );
    return order.every((axis, k) => k === 0 || axis > (order[k - 1] as number))
      ? rebuild.apply1(reshapePrimitive, [x as number], { shape: aval?.shape ?? [] })
      : undefined;
  },
  example: (draw) => {
    const n = draw.integer(1, 4);
    const shape = draw.pick([
      [n, 1],
      [1, n, 1],
      [1, 1, n],
    ]);
    return {
      args: [real(shape)],
      f: (x) => bind1(transposePrimitive, [x], { permutation: shuffled(draw, shape.length) }),
    };
  },
};

export const broadcastOfBroadcast: Rule = {
  name: 'broadcastTo(broadcastTo(x)) = broadcastTo(x)',
  of: [broadcastToPrimitive],
  apply: ({ inputs: [id], params }, rebuild) => {
    const inner = produced(id as number, broadcastToPrimitive, rebuild);
    return inner === undefined
      ? undefined
      : rebuild.apply1(broadcastToPrimitive, inner.inputs, params as typeof inner.params);
  },
  example: (draw) => {
    const n = draw.integer(2, 4);
    return { args: [real([n])], f: (x) => broadcastTo(broadcastTo(x, [2, n]), [draw.integer(1, 3), 2, n]) };
  },
};

export const broadcastToUnitAxes: Rule = {
  name: 'broadcastTo(x) = reshape(x), where it only adds axes of extent 1',
  of: [broadcastToPrimitive],
  apply: ({ inputs: [x], avals: [aval] }, rebuild) => {
    const { shape } = rebuild.aval(x as number);
    const target = aval?.shape ?? [];
    const added = target.length - shape.length;
    // A stretched number stays one, as `moveOfStretched` wants it.
    if (splatSource(x as number, rebuild) !== undefined) return undefined;
    return added > 0 && sameShape(target.slice(added), shape) && target.slice(0, added).every((extent) => extent === 1)
      ? rebuild.apply1(reshapePrimitive, [x as number], { shape: target })
      : undefined;
  },
  example: (draw) => {
    const shape = draw.shape({ minRank: 1 });
    return { args: [real(shape)], f: (x) => broadcastTo(x, [1, ...shape]) };
  },
};

const withoutLeadingOnes = (shape: readonly number[]): readonly number[] => {
  const first = shape.findIndex((extent) => extent !== 1);
  return first === -1 ? [] : shape.slice(first);
};

export const broadcastOfLeadingOnes: Rule = {
  name: 'broadcastTo(reshape(x)) = broadcastTo(x), where the reshape only adds or drops leading axes of extent 1',
  of: [broadcastToPrimitive],
  apply: ({ inputs: [id], params, avals: [aval] }, rebuild) => {
    const inner = produced(id as number, reshapePrimitive, rebuild);
    if (inner === undefined) return undefined;
    const { shape } = rebuild.aval(inner.inputs[0] as number);
    const fits =
      shape.length <= (aval?.shape.length ?? 0) &&
      sameShape(withoutLeadingOnes(shape), withoutLeadingOnes(rebuild.aval(id as number).shape));
    return fits
      ? rebuild.apply1(broadcastToPrimitive, inner.inputs, params as { readonly shape: readonly number[] })
      : undefined;
  },
  example: (draw) => {
    const n = draw.integer(2, 4);
    const shape = draw.pick([[n], [1, n]]);
    return { args: [real(shape)], f: (x) => broadcastTo(reshape(x, shape.length === 1 ? [1, n] : [n]), [3, n]) };
  },
};

/** Elements that are all alike have no place. A number becomes a longer shape by one stretch, never by a reshape. */
export const moveOfStretched: Rule = {
  name: 'reshape, transpose, slice, reverse of a stretched number: the number stretched to the other shape',
  of: [reshapePrimitive, transposePrimitive, slicePrimitive, reversePrimitive],
  apply: ({ inputs: [id], avals: [aval] }, rebuild) => {
    const source = splatSource(id as number, rebuild);
    return source === undefined || sizeOf(aval?.shape ?? []) === 0
      ? undefined
      : stretch(source, aval?.shape ?? [], rebuild);
  },
  example: (draw) => ({
    args: [real([])],
    f: (x) => {
      const repeated = broadcastTo(x, [3, 2]);
      const moved = draw.pick([
        () => reshape(repeated, [2, 3]),
        () => transpose(repeated),
        () => slice(repeated, [0, 0], [2, 1], [1, 1]),
        () => reverse(repeated, 0),
      ]);
      return moved();
    },
  }),
};

/**
 * So that work is done once for each distinct element: exp(broadcastTo(x)) computes the small exp(x). All operands must be
 * stretched from one shape, single numbers aside.
 */
export const elementwiseOfBroadcast: Rule = {
  name: 'f(broadcastTo(x), broadcastTo(y)) = broadcastTo(f(x, y)) for elementwise f',
  of: [],
  apply: ({ primitive, inputs, params, avals: [aval] }, rebuild) => {
    if (primitive.lower.kind !== 'elementwise' || aval === undefined) return undefined;
    const sources = inputs.map((id) => produced(id, broadcastToPrimitive, rebuild)?.inputs[0]);
    if (sources.includes(undefined)) return undefined;
    const known = sources as readonly number[];
    const shapes = known.map((id) => rebuild.aval(id).shape);
    const common = shapes.find((shape) => shape.length > 0) ?? [];
    if (!shapes.every((shape) => shape.length === 0 || sameShape(shape, common))) return undefined;
    const small = known.map((id, k) =>
      (shapes[k] as readonly number[]).length === 0 ? stretch(id, common, rebuild) : id,
    );
    return rebuild.apply1(broadcastToPrimitive, [rebuild.apply1(primitive, small, params)], { shape: aval.shape });
  },
  example: (draw) => {
    const n = draw.integer(1, 3);
    return {
      args: [real([n]), real([n])],
      f: (x, y) => {
        const wide = (value: typeof x): NonNullable<typeof x> => broadcastTo(value, [draw.integer(2, 2), n]);
        return draw.boolean() ? exp(wide(x)) : multiply(wide(x), wide(y));
      },
    };
  },
};

/** The sum over one element starts with 0, which turns −0 into 0. */
export const reductionOfUnitAxes: Rule = {
  name: 'max, min, prod, sum over axes of extent 1: reshape(x), for the sum reshape(x + 0)',
  of: [sumPrimitive, prodPrimitive, maxPrimitive, minPrimitive],
  apply: ({ primitive, inputs: [id], params, avals: [aval] }, rebuild) => {
    const x = id as number;
    const { shape, dtype } = rebuild.aval(x);
    if (!(params as Axes).axes.every((axis) => shape[axis] === 1)) return undefined;
    const keepsZeros = (primitive as unknown) !== sumPrimitive || neverMinusZero(x, rebuild);
    const value = keepsZeros
      ? x
      : rebuild.apply1(addPrimitive, [x, stretch(rebuild.constant(scalar(0, dtype)), shape, rebuild)], {});
    return rebuild.apply1(reshapePrimitive, [value], { shape: aval?.shape ?? [] });
  },
  example: (draw) => {
    const shape = [1, ...draw.shape({ maxRank: 2 })];
    return { args: [real(shape)], f: (x) => (draw.boolean() ? sum(x, 0) : max(x, 0)) };
  },
  nearMiss: (draw) => ({ args: [real(draw.shape({ minRank: 1, minExtent: 2 }))], f: (x) => sum(x, 0) }),
};
