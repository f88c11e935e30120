/** Linearisation and transposition of scan. */
import { zeros } from '@natgrad/tensor';
import { type Aval, avalOf, type MaybeZero, type Value } from '../ir/aval.js';
import { type Graph, withInputs } from '../ir/graph.js';
import { isLinear, type Primitive, type TransposeArgument } from '../ir/primitive.js';
import { bind } from '../trace/bind.js';
import { Builder, type Traced } from '../trace/builder.js';
import { Expr } from '../trace/expr.js';
import { replay } from '../trace/replay.js';
import { traceFlat } from '../trace/trace.js';
import { dualGraph, isPresent, pick, scatter } from '../transforms/closed.js';
import { linearizeGraph } from '../transforms/linearize.js';
import { dependsOn, transposeGraph } from '../transforms/transpose.js';
import { carryFixpoint } from './_loops.js';
import { addMaybe, instantiate } from './_zero.js';
import { parts, range, type ScanParams } from './scan.js';

const sliceOf = (whole: Aval): Aval => ({ dtype: whole.dtype, shape: whole.shape.slice(1) });

/** Moves captures, which tracing puts last among the inputs, to the front, where scan keeps its constants. */
function capturesFirst(traced: Traced, own: number): Graph {
  const count = traced.captures.length;
  const avals = [...traced.graph.inputs.slice(own), ...traced.graph.inputs.slice(0, own)];
  return withInputs(traced.graph, avals, [...range(count, own), ...range(0, count)]);
}

/**
 * Two loops: one over known values that also stacks what the other needs of every turn (the residuals), and one that is
 * linear in the tangents. The constants enter the body as outer values, so work on them alone leaves the loop, and residuals
 * that are the same in every turn are not stacked.
 */
export function linearizeScan(
  primitive: Primitive<ScanParams>,
  args: readonly Value[],
  tangents: readonly MaybeZero[],
  params: ScanParams,
): { readonly outs: readonly Value[]; readonly tangents: readonly MaybeZero[] } {
  const { body, constants, carries } = params;
  const active = tangents.map(isPresent);
  const carried = carryFixpoint(
    active,
    constants,
    (flags) => dualGraph(body, flags, { tangentsOnly: true }).nonzero,
    carries,
  );
  const flags = [...active.slice(0, constants), ...carried, ...active.slice(constants + carries)];
  const [fixed, initial, sequences] = parts(args, params);

  const builder = new Builder('scan');
  const carry = initial.map((value) => builder.input(avalOf(value)));
  const slices = sequences.map((value) => builder.input(sliceOf(value)));
  const { outs, linear, nonzero } = linearizeGraph(body, [...fixed, ...carry, ...slices], flags);
  const varies = linear.captures.map((capture) => capture instanceof Expr && capture.builder === builder);
  // A residual that is a slice of the input needs no stacking: the sequence itself serves.
  const source = linear.captures.map((capture) => slices.findIndex((slice) => slice === capture));
  const stacked = linear.captures.filter((_, k) => varies[k] === true && (source[k] as number) < 0);
  const known = builder.close([...outs, ...stacked]);
  builder.seal();

  const all = bind(primitive, [...known.captures, ...initial, ...sequences], {
    ...params,
    body: capturesFirst(known, carries + sequences.length),
    constants: known.captures.length,
  });
  const primal = all.slice(0, body.outputs.length);
  const residuals = all.slice(body.outputs.length);

  let next = 0;
  const varying = pick(source, varies).map((k) => {
    if (k >= 0) return sequences[k] as Value;
    next += 1;
    return residuals[next - 1] as Value;
  });
  const invariant = pick(
    linear.captures,
    varies.map((is) => !is),
  );

  const directions = args.map((arg, i) => (flags[i] === true ? instantiate(tangents[i] ?? null, arg) : null));
  const [dFixed, dInitial, dSequences] = parts(directions, params).map((part) => part.filter(isPresent)) as [
    Value[],
    Value[],
    Value[],
  ];
  const own = dFixed.length + dInitial.length + dSequences.length;
  // Inputs of the linear graph: tangents (constants, carry, slices), captures. Of the loop: constants with the invariant
  // residuals, carry, slices with the varying ones.
  const order = [
    ...range(0, dFixed.length),
    ...range(dFixed.length + invariant.length, dInitial.length),
    ...range(dFixed.length + invariant.length + dInitial.length, dSequences.length),
    ...capturePlaces(varies, dFixed.length, own + invariant.length),
  ];
  const inputs = new Array<Aval>(order.length);
  order.forEach((place, i) => {
    inputs[place] = linear.graph.inputs[i] as Aval;
  });
  const moved = withInputs(linear.graph, inputs, order);
  const forced = traceFlat('scan', inputs, (...values) => {
    const out = scatter(nonzero, replay(moved, values));
    return out.flatMap((tangent, k) => {
      if (k < carries) return carried[k] === true ? [instantiate(tangent, outs[k] as Value)] : [];
      return tangent === null ? [] : [tangent];
    });
  }).graph;
  const result = bind(primitive, [...dFixed, ...invariant, ...dInitial, ...dSequences, ...varying], {
    ...params,
    body: forced,
    constants: dFixed.length + invariant.length,
    carries: dInitial.length,
  });
  return { outs: primal, tangents: scatter([...carried, ...nonzero.slice(carries)], result) };
}

/** Where each capture goes: invariant ones from `front` on, varying ones from `back` on, each in their order. */
function capturePlaces(varies: readonly boolean[], front: number, back: number): number[] {
  let [still, moving] = [front - 1, back - 1];
  return varies.map((is) => {
    if (is) moving += 1;
    else still += 1;
    return is ? moving : still;
  });
}

/**
 * The loop run backward, cotangents carried and those of the constants summed. Carry leaves that do not depend on a linear
 * argument (counters) are known: a first loop computes what they are in every turn.
 */
export function transposeScan(
  primitive: Primitive<ScanParams>,
  cotangents: readonly MaybeZero[],
  args: readonly TransposeArgument[],
  params: ScanParams,
): readonly MaybeZero[] {
  const { body, constants, carries, length } = params;
  const asked = args.map(isLinear);
  const carried = carryFixpoint(
    asked,
    constants,
    (flags) => {
      const depends = dependsOn(body, flags);
      return body.outputs.map((id) => depends[id] === 1);
    },
    carries,
  );
  const linear = [...asked.slice(0, constants), ...carried, ...asked.slice(constants + carries)];
  const history = knownCarry(primitive, args, carried, linear, params);

  const knownFlags = linear.map((is) => !is);
  const [fixedKnown, , slicesKnown] = parts(knownFlags, params);
  const [fixed, initial, sequences] = parts(args, params);
  const constantsKnown = pick(fixed, fixedKnown) as Value[];
  const sequencesKnown = pick(sequences, slicesKnown) as Value[];

  const carryCts = pick(range(0, carries), carried).map((k) =>
    instantiate(cotangents[k] ?? null, args[constants + k] as Aval),
  );
  const resultCts = cotangents.slice(carries);
  const present = resultCts.map(isPresent);
  const sums = pick(fixed, linear.slice(0, constants)).map((arg) => zeros(arg.shape, arg.dtype));
  const xs = [...resultCts.filter(isPresent), ...history, ...sequencesKnown];
  const inputs = [...constantsKnown.map(avalOf), ...carryCts.map(avalOf), ...sums.map(avalOf), ...xs.map(sliceOf)];
  const counts = [
    constantsKnown.length,
    carryCts.length,
    sums.length,
    resultCts.filter(isPresent).length,
    history.length,
  ];

  const step = traceFlat('transpose', inputs, (...values) => {
    let at = 0;
    const take = (count: number): readonly Value[] => {
      at += count;
      return values.slice(at - count, at);
    };
    const [c, cts, totals, ys, past] = counts.map(take) as [Value[], Value[], Value[], Value[], Value[]];
    const knownValues = [
      ...scatter(fixedKnown, c),
      ...scatter(
        carried.map((is) => !is),
        past,
      ),
      ...scatter(slicesKnown, values.slice(at)),
    ];
    const back = transposeGraph(body, linear, knownValues, [...scatter(carried, cts), ...scatter(present, ys)]);
    const [toFixed, toCarry, toSlices] = parts(back, params);
    const avals = parts(body.inputs, params);
    const full = (part: readonly MaybeZero[], flags: readonly boolean[], like: readonly Aval[]): Value[] =>
      pick(
        part.map((ct, i) => [ct, like[i] as Aval] as const),
        flags,
      ).map(([ct, aval]) => instantiate(ct, aval));
    const added = pick(toFixed, linear.slice(0, constants)).map((ct, i) => addMaybe(totals[i] as Value, ct) as Value);
    return [
      ...full(toCarry, carried, avals[1]),
      ...added,
      ...full(toSlices, linear.slice(constants + carries), avals[2]),
    ];
  });
  const out = bind(primitive, [...step.captures, ...constantsKnown, ...carryCts, ...sums, ...xs], {
    body: capturesFirst(step, inputs.length),
    constants: step.captures.length + constantsKnown.length,
    carries: carryCts.length + sums.length,
    length,
    reverse: !params.reverse,
  });
  const toInitial = scatter(carried, out.slice(0, carryCts.length));
  const toFixed = scatter(linear.slice(0, constants), out.slice(carryCts.length, carryCts.length + sums.length));
  const toSequences = scatter(linear.slice(constants + carries), out.slice(carryCts.length + sums.length));
  return [
    ...toFixed,
    ...toInitial.map((ct, k) => (isLinear(initial[k] as TransposeArgument) ? ct : null)),
    ...toSequences,
  ];
}

/** For each known leaf of the carry, its value at the start of every turn, as a sequence. */
function knownCarry(
  primitive: Primitive<ScanParams>,
  args: readonly TransposeArgument[],
  carried: readonly boolean[],
  linear: readonly boolean[],
  params: ScanParams,
): readonly Value[] {
  const { body, constants, carries } = params;
  const isKnown = carried.map((is) => !is);
  if (!isKnown.includes(true)) return [];
  const knownArgs = pick(
    args,
    linear.map((is) => !is),
  ) as Value[];
  const [c] = parts(linear, params);
  const count = isKnown.filter(Boolean).length;
  const knownConstants = c.filter((is) => !is).length;
  const avals = knownArgs.map((arg, i) => (i < knownConstants + count ? avalOf(arg) : sliceOf(arg)));
  const depends = dependsOn(body, linear);
  const graph = traceFlat('scan', avals, (...values) => {
    const inputs = scatter(
      linear.map((is) => !is),
      values,
    );
    const env: MaybeZero[] = [...inputs, ...body.constants];
    for (const node of body.nodes) {
      if (depends[node.first] === 1) continue;
      bind(
        node.primitive,
        node.inputs.map((id) => env[id] as Value),
        node.params,
      ).forEach((out, k) => {
        env[node.first + k] = out;
      });
    }
    const next = pick(body.outputs.slice(0, carries), isKnown).map((id) => env[id] as Value);
    return [...next, ...pick(inputs.slice(constants, constants + carries), isKnown).filter(isPresent)];
  }).graph;
  const out = bind(primitive, knownArgs, { ...params, body: graph, constants: knownConstants, carries: count });
  return out.slice(count);
}
