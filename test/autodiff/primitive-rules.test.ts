/** The rules of single primitives, without the public interface: tangents, transposes and batches on sampled arguments. */

import {
  type AnyPrimitive,
  type ArgumentSample,
  argsortPrimitive,
  bind,
  choleskyPrimitive,
  concatenatePrimitive,
  type Draw,
  type Graph,
  gatherPrimitive,
  type MaybeZero,
  oneHotPrimitive,
  padPrimitive,
  scatterAddAlongPrimitive,
  scatterAddPrimitive,
  sortPrimitive,
  takeAlongPrimitive,
  triangularSolvePrimitive,
  type Value,
} from '@natgrad/autodiff';
import {
  avalOf,
  batchGraph,
  jvpGraph,
  linearizeGraph,
  replay,
  traceFlat,
  transposeGraph,
} from '@natgrad/autodiff/internal';
import {
  add,
  eye,
  identical,
  isFloat,
  item,
  matmul,
  matrixTranspose,
  multiply,
  type Shape,
  sizeOf,
  stack,
  subtract,
  sum,
  type Tensor,
  toTypedArray,
  unstack,
  zeros,
} from '@natgrad/tensor';
import { adopt } from '@natgrad/tensor/internal';
import fc, { type GeneratorValue } from 'fast-check';
import { describe, expect, it } from 'vitest';

const RUNS = Math.max(60, Number(process.env['NATGRAD_LAW_RUNS'] ?? 0));

const primitives = [
  concatenatePrimitive,
  padPrimitive,
  gatherPrimitive,
  takeAlongPrimitive,
  scatterAddPrimitive,
  scatterAddAlongPrimitive,
  oneHotPrimitive,
  sortPrimitive,
  argsortPrimitive,
  choleskyPrimitive,
  triangularSolvePrimitive,
].map((primitive) => primitive as unknown as AnyPrimitive);

const drawFrom = (g: GeneratorValue): Draw => ({
  integer: (min, max) => g(fc.integer, { min, max }),
  boolean: () => g(fc.boolean),
  pick: (options) => g(fc.constantFrom, ...options) as never,
  shape: ({ minRank = 0, maxRank = 3, minExtent = 1, maxExtent = 4 } = {}) =>
    g(fc.array<number>, fc.integer({ min: minExtent, max: maxExtent }), { minLength: minRank, maxLength: maxRank }),
});

/** Numbers on a grid: a law fails on a readable case, and nothing underflows. */
const number = (g: GeneratorValue, min: number, max: number): number =>
  Math.min(max, min + ((max - min) * g(fc.integer, { min: 0, max: 997 })) / 997);

const numbers = (g: GeneratorValue, shape: Shape, min = -2, max = 2): Tensor =>
  adopt(
    Float64Array.from({ length: sizeOf(shape) }, () => number(g, min, max)),
    'f64',
    shape,
  );

const sampleArgument = (g: GeneratorValue, { shape, elements }: ArgumentSample): Tensor => {
  const size = sizeOf(shape);
  if (elements.kind === 'integers')
    return adopt(
      Int32Array.from({ length: size }, () => g(fc.integer, elements)),
      'i32',
      shape,
    );
  if (elements.kind === 'intervals') {
    const [low, high] = elements.intervals[0] as readonly [number, number];
    return numbers(g, shape, low, high);
  }
  if (elements.kind === 'distinct') {
    const order = g(fc.shuffledSubarray<number>, [...Array(size).keys()], { minLength: size });
    return adopt(
      Float64Array.from(order, (k) => 0.1 * (k + 0.4 * number(g, 0, 1))),
      'f64',
      shape,
    );
  }
  const n = shape.at(-1) as number;
  const x = numbers(g, shape, -1, 1);
  if (elements.kind === 'positiveDefinite') return add(matmul(x, matrixTranspose(x)), eye(n));
  if (elements.kind === 'wellConditionedTriangle') return add(x, multiply(eye(n), 1.5));
  throw new Error(`the domain asks for ${elements.kind}`);
};

interface Case {
  readonly args: readonly Tensor[];
  readonly params: unknown;
  /** Which arguments may have a tangent. */
  readonly real: readonly boolean[];
  readonly graph: Graph;
}

const traced = (primitive: AnyPrimitive, args: readonly Value[], params: unknown): Graph =>
  traceFlat(primitive.name, args.map(avalOf), (...values) => bind(primitive, values, params)).graph;

const sampleCase = (g: GeneratorValue, primitive: AnyPrimitive): Case => {
  const { args: samples, params } = primitive.domain(drawFrom(g));
  const args = samples.map((each) => sampleArgument(g, each));
  return { args, params, real: args.map((arg) => isFloat(arg.dtype)), graph: traced(primitive, args, params) };
};

const law = (primitive: AnyPrimitive, holds: (g: GeneratorValue, sampled: Case) => void): void => {
  fc.assert(
    fc.property(fc.gen(), (g) => holds(g, sampleCase(g, primitive))),
    { numRuns: RUNS },
  );
};

const dot = (xs: readonly Tensor[], ys: readonly Tensor[]): number =>
  xs.reduce((total, x, i) => total + item(sum(multiply(x, ys[i] as Tensor))), 0);

const expectClose = (actual: Tensor, expected: Tensor, tolerance: number): void => {
  expect(actual.shape).toEqual(expected.shape);
  expect(actual.dtype).toBe(expected.dtype);
  const b = toTypedArray(expected);
  toTypedArray(actual).forEach((value, k) => {
    expect(Math.abs(value - (b[k] as number))).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(b[k] as number)));
  });
};

/** Directional derivative by central differences, extrapolated once (Richardson): the error is O(h⁴). */
const differences = (f: (t: number) => readonly Tensor[], h: number): Tensor[] => {
  const central = (step: number): Tensor[] => {
    const [above, below] = [f(step), f(-step)];
    return above.map((x, k) => multiply(subtract(x, below[k] as Tensor), 1 / (2 * step)));
  };
  const [coarse, fine] = [central(2 * h), central(h)];
  return fine.map((x, k) => multiply(subtract(multiply(x, 4), coarse[k] as Tensor), 1 / 3));
};

const instantiate = (value: MaybeZero, like: Tensor): Tensor => value ?? zeros(like.shape, like.dtype);

const isReal = (x: Tensor): boolean => isFloat(x.dtype);

describe.each(primitives.map((primitive) => [primitive.name, primitive] as const))('%s', (_name, primitive) => {
  it('has the shape that it says', () => {
    law(primitive, (_g, { args, params }) => {
      const avals = primitive.shape(args, params);
      expect(primitive.evaluate(args, params).map(avalOf)).toEqual(avals);
    });
  });

  /** Some but not always all of the arguments that may have a tangent. */
  const someTangents = (g: GeneratorValue, { args, real }: Case): MaybeZero[] => {
    const tangents = args.map(
      (arg, i): MaybeZero => (real[i] === true && g(fc.boolean) ? numbers(g, arg.shape) : null),
    );
    const first = real.indexOf(true);
    if (tangents.every((tangent) => tangent === null) && first >= 0)
      tangents[first] = numbers(g, (args[first] as Tensor).shape);
    return tangents;
  };

  it('has the tangent that differences of its values show', () => {
    law(primitive, (g, sampled) => {
      const { args, graph, real } = sampled;
      if (!real.includes(true)) return;
      const tangents = someTangents(g, sampled);
      const { outs, tangents: out } = jvpGraph(graph, args, tangents);
      const along = (t: number): readonly Tensor[] =>
        replay(
          graph,
          args.map((arg, i) => (tangents[i] == null ? arg : add(arg, multiply(tangents[i], t)))),
        );
      // Steps that keep distinct elements (0.06 apart at least) in order and pivots positive.
      const shown = differences(along, 1e-3);
      outs.forEach((value, k) => {
        // h⁴ = 10⁻¹² times fifth derivatives, of up to 10⁴ near the smallest pivots, and rounding ε/h = 10⁻¹³.
        if (isReal(value)) expectClose(instantiate(out[k] ?? null, value), shown[k] as Tensor, 1e-6);
        else expect(out[k]).toBeNull();
      });
    });
  });

  it('has a tangent with the tangents of its own, to third order', () => {
    law(primitive, (g, sampled) => {
      let { args, graph } = sampled;
      if (!sampled.real.includes(true) || !graph.outputs.every((id) => id >= 0)) return;
      for (let order = 1; order < 3; order += 1) {
        const active = args.map((arg, i) => isReal(arg) && (i === args.length - 1 || g(fc.boolean)));
        if (!active.includes(true)) active[args.findIndex(isReal)] = true;
        const directions = args.filter((_, i) => active[i]).map((arg) => numbers(g, arg.shape));
        const inner = graph;
        const count = args.length;
        args = [...args, ...directions];
        graph = traceFlat('jvp', args.map(avalOf), (...values) => {
          let next = count;
          const tangents = active.map((is): MaybeZero => {
            if (!is) return null;
            next += 1;
            return values[next - 1] as Value;
          });
          const dual = jvpGraph(inner, values.slice(0, count), tangents);
          return dual.tangents.map((tangent, k) => instantiate(tangent, dual.outs[k] as Value));
        }).graph;
      }
      if (!graph.outputs.every((_, k) => isReal(replay(graph, args)[k] as Tensor))) return;
      const tangents = args.map((arg): MaybeZero => (isReal(arg) ? numbers(g, arg.shape) : null));
      const { outs, tangents: out } = jvpGraph(graph, args, tangents);
      const shown = differences(
        (t) =>
          replay(
            graph,
            args.map((arg, i) => (tangents[i] == null ? arg : add(arg, multiply(tangents[i], t)))),
          ),
        1e-3,
      );
      const scale = Math.max(1, ...outs.flatMap((x) => [...toTypedArray(x)].map(Math.abs)));
      // As above, with derivatives two orders higher.
      outs.forEach((value, k) => expectClose(instantiate(out[k] ?? null, value), shown[k] as Tensor, 1e-5 * scale));
    });
  });

  it('⟨J v, u⟩ = ⟨v, Jᵀ u⟩', () => {
    law(primitive, (g, { args, graph, real }) => {
      if (!real.includes(true)) return;
      const active = real.map((is) => is && g(fc.boolean));
      if (!active.includes(true)) active[real.indexOf(true)] = true;
      const { linear, nonzero, outs } = linearizeGraph(graph, args, active);
      const v = args.filter((_, i) => active[i]).map((arg) => numbers(g, arg.shape));
      const u = outs.filter((_, k) => nonzero[k]).map((out) => numbers(g, out.shape));
      const marks = linear.graph.inputs.map((_, i) => i < v.length);
      const known = linear.graph.inputs.map((_, i) => (i < v.length ? null : (linear.captures[i - v.length] as Value)));
      const forward = replay(linear.graph, [...v, ...linear.captures]);
      const back = transposeGraph(linear.graph, marks, known, u).slice(0, v.length);
      back.forEach((cotangent, i) => {
        if (cotangent !== null) expect(avalOf(cotangent)).toEqual(avalOf(v[i] as Tensor));
      });
      const [left, right] = [
        dot(forward, u),
        dot(
          v,
          back.map((cotangent, i) => instantiate(cotangent, v[i] as Tensor)),
        ),
      ];
      // Two orders of summation of at most a few hundred products; conditioning of 4×4 solves adds a few digits.
      expect(Math.abs(left - right)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(left)));
    });
  });

  it('on a batch is a loop', () => {
    law(primitive, (g, sampled) => {
      const { params } = sampled;
      const size = g(fc.integer, { min: 1, max: 3 });
      const samples = Array.from({ length: size }, () => sampled.args);
      const batched = sampled.args.map(() => g(fc.boolean));
      if (!batched.includes(true)) batched[0] = true;
      // Other elements for each example: the same ones in another order are as valid, matrices are scaled.
      const vary = (x: Tensor, example: number): Tensor => {
        const flat = [...toTypedArray(x)];
        const turned = flat.map((_, k) => flat[(k + example) % flat.length] as number);
        return x.dtype === 'i32' ? adopt(Int32Array.from(turned), 'i32', x.shape) : multiply(x, 1 + example);
      };
      const rows = samples.map((args, b) => args.map((arg, i) => (batched[i] === true ? vary(arg, b) : arg)));
      const args = sampled.args.map((arg, i) =>
        batched[i] === true ? stack(rows.map((row) => row[i] as Tensor)) : arg,
      );
      const result = batchGraph(traced(primitive, sampled.args, params), args, batched, size);
      const loop = rows.map((row) => bind(primitive, row, params));
      result.outs.forEach((out, k) => {
        const expected = loop.map((outs) => outs[k] as Tensor);
        const shown = result.batched[k] === true ? unstack(out) : expected.map(() => out);
        shown.forEach((each, b) => expect(identical(each, expected[b] as Tensor)).toBe(true));
      });
    });
  });
});
