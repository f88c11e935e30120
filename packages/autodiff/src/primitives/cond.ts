import { describe, isFloat, item, ones, type Tensor, treeUnflatten, zeros } from '@natgrad/tensor';
import { checkSameStructure, dtypeError, shapeError } from '@natgrad/tensor/internal';
import { executable } from '../backends/engine.js';
import { interpreter } from '../backends/interpreter.js';
import { type Aval, avalOf, sameAval, type Value } from '../ir/aval.js';
import { boolean, real } from '../ir/domain.js';
import { type Graph, outputAvals, withInputs } from '../ir/graph.js';
import { definePrimitive, isLinear, type Primitive } from '../ir/primitive.js';
import { bind } from '../trace/bind.js';
import { replay } from '../trace/replay.js';
import { traceCall, traceFlat } from '../trace/trace.js';
import {
  batchedGraph,
  dualGraph,
  isPresent,
  pick,
  type SplitGraph,
  scatter,
  splitGraph,
  transposedGraph,
} from '../transforms/closed.js';
import { withBatchAxis } from './_elementwise.js';
import { instantiate } from './_zero.js';
import { multiply } from './multiply.js';
import { reshape } from './reshape.js';
import { select } from './select.js';
import { sin } from './sin.js';

interface Params {
  readonly onTrue: Graph;
  readonly onFalse: Graph;
}

/** The linear part of a branch over the inputs of both, giving every tangent in `union`. */
function widenLinear(
  split: SplitGraph,
  union: readonly boolean[],
  outs: readonly Aval[],
  inputs: readonly Aval[],
  places: readonly number[],
): Graph {
  const aligned = traceFlat('cond', split.linear.inputs, (...args) => {
    const tangents = scatter(split.nonzero, replay(split.linear, args));
    return pick(
      tangents.map((tangent, k) => instantiate(tangent, outs[k] as Aval)),
      union,
    );
  }).graph;
  return withInputs(aligned, inputs, places);
}

/**
 * Stands for a residual of the branch not taken. Not zero: under `vmap` with a predicate per example the linear part of that
 * branch runs on it too, and though its result is masked, a division by zero there would reach the gradient as 0 · ∞. Indices
 * stay zero, which is never out of range.
 */
function placeholder({ dtype, shape }: Aval): Value {
  return isFloat(dtype) ? ones(shape, dtype) : zeros(shape, dtype);
}

/** The known part of a branch, whose residuals stand between `before` and `after`, the places of the other branch's. */
function padResiduals(split: SplitGraph, outputs: number, before: readonly Aval[], after: readonly Aval[]): Graph {
  return traceFlat('cond', split.primal.inputs, (...args) => {
    const all = replay(split.primal, args);
    return [...all.slice(0, outputs), ...before.map(placeholder), ...all.slice(outputs), ...after.map(placeholder)];
  }).graph;
}

/** Both branches in forward mode; a tangent that one of them has, both give. */
function dualBranches(
  { onTrue, onFalse }: Params,
  active: readonly boolean[],
  tangentsOnly: boolean,
): { readonly params: Params; readonly nonzero: readonly boolean[] } {
  const natural = [onTrue, onFalse].map((graph) => dualGraph(graph, active, { tangentsOnly }).nonzero);
  const force = (natural[0] ?? []).map((is, k) => is || natural[1]?.[k] === true);
  return {
    params: {
      onTrue: dualGraph(onTrue, active, { tangentsOnly, force }).graph,
      onFalse: dualGraph(onFalse, active, { tangentsOnly, force }).graph,
    },
    nonzero: force,
  };
}

/** A batch of predicates, shaped to broadcast against a batch of values. */
export function perExample(predicate: Value, beside: Aval): Value {
  return reshape(predicate, [predicate.shape[0] as number, ...beside.shape.slice(1).map(() => 1)]);
}

export const condPrimitive: Primitive<Params> = definePrimitive<Params>({
  name: 'cond',
  domain: (draw) => {
    const aval = { dtype: 'f64', shape: draw.shape() } as const;
    const onTrue = traceFlat('onTrue', [aval, aval], (x, y) => [multiply(sin(x), y)]).graph;
    const onFalse = traceFlat('onFalse', [aval, aval], (x) => [multiply(x, x)]).graph;
    return { args: [boolean([]), real(aval.shape), real(aval.shape)], params: { onTrue, onFalse } };
  },
  shape: (args, { onTrue, onFalse }) => {
    const [predicate] = args as readonly [Aval];
    if (predicate.dtype !== 'bool' || predicate.shape.length !== 0)
      throw dtypeError('cond', `the predicate is ${describe(predicate)}, not bool[]`, {
        argument: 'predicate',
        found: describe(predicate),
        expected: 'a bool tensor of rank 0; for one choice per element use select',
      });
    const [a, b] = [outputAvals(onTrue), outputAvals(onFalse)];
    a.forEach((aval, k) => {
      if (!sameAval(aval, b[k] as Aval))
        throw shapeError(
          'cond',
          `the branches differ in result ${k}: ${describe(aval)} and ${describe(b[k] as Aval)}`,
          {
            found: `${describe(aval)} and ${describe(b[k] as Aval)}`,
            expected: 'two branches with results of the same dtypes and shapes',
          },
        );
    });
    return a;
  },
  evaluate: (args, { onTrue, onFalse }, engine = interpreter) =>
    executable(engine, item(args[0] as Tensor) === 1 ? onTrue : onFalse).run(args.slice(1)),
  jvp: (args, _outs, [, ...tangents], params) => {
    const dual = dualBranches(params, tangents.map(isPresent), true);
    return scatter(dual.nonzero, bind(condPrimitive, [...args, ...tangents.filter(isPresent)], dual.params));
  },
  dual: (args, [, ...tangents], params) => {
    const dual = dualBranches(params, tangents.map(isPresent), false);
    const all = bind(condPrimitive, [...args, ...tangents.filter(isPresent)], dual.params);
    const count = params.onTrue.outputs.length;
    return { outs: all.slice(0, count), tangents: scatter(dual.nonzero, all.slice(count)) };
  },
  linearize: ([predicate, ...args], [, ...tangents], { onTrue, onFalse }) => {
    const active = tangents.map(isPresent);
    const [a, b] = [splitGraph(onTrue, active), splitGraph(onFalse, active)];
    const count = onTrue.outputs.length;
    const primal = bind(condPrimitive, [predicate as Value, ...args], {
      onTrue: padResiduals(a, count, [], b.residuals),
      onFalse: padResiduals(b, count, a.residuals, []),
    });
    const nonzero = a.nonzero.map((is, k) => is || b.nonzero[k] === true);
    const directions = pick(args.map(avalOf), active);
    const inputs = [...directions, ...a.residuals, ...b.residuals];
    const widen = (split: SplitGraph, offset: number): Graph =>
      widenLinear(split, nonzero, outputAvals(onTrue), inputs, [
        ...directions.keys(),
        ...Array.from(split.residuals.keys(), (k) => offset + k),
      ]);
    const out = bind(condPrimitive, [predicate as Value, ...tangents.filter(isPresent), ...primal.slice(count)], {
      onTrue: widen(a, directions.length),
      onFalse: widen(b, directions.length + a.residuals.length),
    });
    return { outs: primal.slice(0, count), tangents: scatter(nonzero, out) };
  },
  transpose: (cotangents, [predicate, ...args], { onTrue, onFalse }) => {
    const linear = args.map(isLinear);
    const present = cotangents.map(isPresent);
    const back = (graph: Graph): Graph => transposedGraph(graph, linear, present, true).graph;
    const known = pick(
      args,
      linear.map((is) => !is),
    ) as Value[];
    const out = bind(condPrimitive, [predicate as Value, ...known, ...cotangents.filter(isPresent)], {
      onTrue: back(onTrue),
      onFalse: back(onFalse),
    });
    return [null, ...scatter(linear, out)];
  },
  batch: ([predicate, ...args], [choiceBatched, ...batched], size, { onTrue, onFalse }) => {
    const all = outputAvals(onTrue).map(() => true);
    const branch = (graph: Graph): Graph => batchedGraph(graph, batched, size, withBatchAxis, all).graph;
    const [t, f] = [branch(onTrue), branch(onFalse)];
    if (choiceBatched !== true)
      return { outs: bind(condPrimitive, [predicate as Value, ...args], { onTrue: t, onFalse: f }), batched: all };
    // One predicate per example: both branches run on the whole batch, and each example takes its own.
    const [a, b] = [replay(t, args), replay(f, args)];
    const outs = a.map((x, k) => select(perExample(predicate as Value, x), x, b[k] as Value));
    return { outs, batched: all };
  },
  lower: { kind: 'structured', name: 'cond' },
  print: ({ onTrue, onFalse }) => `${onTrue.nodes.length} or ${onFalse.nodes.length} nodes`,
});

/**
 * Runs one of two functions on the same operands. Only the branch chosen is computed, except under `vmap` with a predicate
 * per example, where both are.
 *
 * @throws `DTypeMismatch` unless the predicate is `bool[]`; `TreeMismatch` or `ShapeMismatch` when the results differ.
 * @example
 * ```ts
 * const f = (x: Tensor) => cond(greater(sum(x), 0), (y: Tensor) => sum(y), (y: Tensor) => sum(multiply(y, y)), x);
 * console.log(item(f(tensor([-1, -2])))); // 5
 * ```
 */
export const cond = <Args extends readonly unknown[], Result>(
  predicate: Value,
  onTrue: (...operands: Args) => Result,
  onFalse: (...operands: Args) => Result,
  ...operands: Args
): Result => {
  const t = traceCall('cond (true branch)', onTrue, operands);
  const f = traceCall('cond (false branch)', onFalse, operands);
  checkSameStructure('cond', 'the result of the false branch', f.structure, t.structure);
  const count = t.leaves.length;
  const inputs = [...t.leaves, ...t.captures, ...f.captures].map(avalOf);
  const own = Array.from({ length: count }, (_, i) => i);
  const outs = bind(condPrimitive, [predicate, ...t.leaves, ...t.captures, ...f.captures], {
    onTrue: withInputs(t.graph, inputs, [...own, ...t.captures.map((_, k) => count + k)]),
    onFalse: withInputs(f.graph, inputs, [...own, ...f.captures.map((_, k) => count + t.captures.length + k)]),
  });
  return treeUnflatten(t.structure, outs) as Result;
};
