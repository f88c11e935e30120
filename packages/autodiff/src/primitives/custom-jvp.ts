import { treeFlatten, treeUnflatten } from '@natgrad/tensor';
import { checkSameStructure } from '@natgrad/tensor/internal';
import { executable } from '../backends/engine.js';
import { interpreter } from '../backends/interpreter.js';
import type { Value } from '../ir/aval.js';
import { real } from '../ir/domain.js';
import { type Graph, outputAvals } from '../ir/graph.js';
import { definePrimitive, type Primitive } from '../ir/primitive.js';
import { bind } from '../trace/bind.js';
import { flattenResult, traceCall, traceFlat } from '../trace/trace.js';
import { batchGraph } from '../transforms/batch.js';
import { batchedGraph } from '../transforms/closed.js';
import { withBatchAxis } from './_elementwise.js';
import { checkArguments } from './_graph-call.js';
import { instantiate } from './_zero.js';
import { cos } from './cos.js';
import { multiply } from './multiply.js';
import { sin } from './sin.js';

interface Params {
  readonly graph: Graph;
  readonly name: string;
  /** Tangents of the outputs, linear in `tangents`, all of which are given. */
  readonly rule: (primals: readonly Value[], tangents: readonly Value[]) => readonly Value[];
}

export const customJvpPrimitive: Primitive<Params> = definePrimitive<Params>({
  name: 'customJvp',
  domain: (draw) => {
    const aval = { dtype: 'f64', shape: draw.shape() } as const;
    const { graph } = traceFlat('example', [aval], (x) => [sin(x)]);
    const rule: Params['rule'] = ([x], [t]) => [multiply(t as Value, cos(x as Value))];
    return { args: [real(aval.shape)], params: { graph, name: 'example', rule } };
  },
  shape: (args, { graph, name }) => {
    checkArguments(`customJvp of ${name}`, args, graph.inputs);
    return outputAvals(graph);
  },
  evaluate: (args, { graph }, engine = interpreter) => executable(engine, graph).run(args),
  jvp: (args, _outs, tangents, { rule }) =>
    rule(
      args,
      tangents.map((tangent, i) => instantiate(tangent, args[i] as Value)),
    ),
  transpose: 'nonlinear',
  batch: (args, batched, size, params) => {
    const { graph, batched: flags } = batchedGraph(
      params.graph,
      batched,
      size,
      withBatchAxis,
      outputAvals(params.graph).map(() => true),
    );
    const avals = params.graph.inputs;
    const rule: Params['rule'] = (primals, tangents) => {
      const traced = traceFlat(`customJvp of ${params.name}`, [...avals, ...avals], (...values) =>
        params.rule(values.slice(0, avals.length), values.slice(avals.length)),
      );
      const stretched = tangents.map((tangent, i) => withBatchAxis(tangent, batched[i] === true, size));
      const inputs = [...primals, ...stretched, ...traced.captures];
      const marks = [...batched, ...avals.map(() => true), ...traced.captures.map(() => false)];
      const result = batchGraph(traced.graph, inputs, marks, size);
      return result.outs.map((out, k) => withBatchAxis(out, result.batched[k] === true, size));
    };
    return { outs: bind(customJvpPrimitive, args, { graph, name: params.name, rule }), batched: flags };
  },
  declaresDerivative: true,
  lower: { kind: 'structured', name: 'customJvp' },
  print: ({ name }) => name,
});

/**
 * `f` with a derivative of one's own: `rule(at, tangent)` gives the tangent of `f(at)`, by operations that are linear in
 * `tangent`. Reverse mode, `vmap` and `jit` follow from it; higher orders differentiate the rule.
 *
 * @example
 * ```ts
 * // A gradient that is clipped on its way back.
 * const clipped = customJvp((x: Tensor) => x, (_x, t) => multiply(t, 0.5));
 * console.log(toNested(grad((x: Tensor) => sum(clipped(x)))(tensor([1, 2])))); // [ 0.5, 0.5 ]
 * ```
 */
export const customJvp =
  <At, Result>(f: (at: At) => Result, rule: (at: At, tangent: At) => Result): ((at: At) => Result) =>
  (at) => {
    const traced = traceCall(f.name === '' ? 'customJvp' : f.name, f, [at]);
    const { structure } = treeFlatten(at, 'customJvp');
    const count = traced.leaves.length;
    // What f captures of an outer trace is a further argument, whose derivative the rule says nothing about: it is constant.
    const flatRule: Params['rule'] = (primals, tangents) => {
      const tree = (leaves: readonly Value[]): At => treeUnflatten(structure, leaves.slice(0, count)) as At;
      const result = flattenResult('customJvp', rule(tree(primals), tree(tangents)));
      checkSameStructure('customJvp', 'the result of the rule', result.structure, traced.structure);
      return result.leaves;
    };
    const args = [...traced.leaves, ...traced.captures];
    const outs = bind(customJvpPrimitive, args, { graph: traced.graph, name: f.name, rule: flatRule });
    return treeUnflatten(traced.structure, outs) as Result;
  };
