/** Linearisation as compiled programs. */
import { bytesPerElement } from '@natgrad/tensor/internal';
import { defaultEngine } from '../backends/default.js';
import type { Engine } from '../backends/engine.js';
import type { Aval, Value } from '../ir/aval.js';
import { type Graph, outputAvals } from '../ir/graph.js';
import { fewerResiduals } from '../optimise/residuals.js';
import { instantiate } from '../primitives/_zero.js';
import { callPrimitive } from '../primitives/call.js';
import { bind } from '../trace/bind.js';
import { pick, scatter, splitGraph, transposedGraph } from '../transforms/closed.js';
import type { LinearOperator } from './forward.js';
import { type CachedCall, cachedTrace } from './jit.js';
import { checkFloats, flattenLike, rebuild } from './prepare.js';

/**
 * `linearize`, compiled: the forward pass, `apply` and `transpose` are three programs, made once for each combination of dtypes
 * and shapes, and what the forward pass leaves behind stays in the engine's memory. The function is differentiated with respect
 * to its first argument.
 *
 * Like a function given to `jit`, `f` must be pure; what changes between calls is passed as a further argument.
 *
 * @throws `DTypeMismatch` for leaves of the first argument that are not floats; whatever tracing `f` throws.
 * @example
 * ```ts
 * const linear = jitLinearize((w: Tensor, x: Tensor) => tanh(matmul(x, w)));
 * const operator = linear(tensor([0, 0]), tensor([[1, 2]]));
 * console.log(toNested(operator.apply(tensor([1, 1]))), toNested(operator.transpose(tensor([1])))); // [ 3 ] [ 1, 2 ]
 * ```
 */
export const jitLinearize = <In, Rest extends readonly unknown[], Out>(
  f: (at: In, ...rest: Rest) => Out,
  options: { readonly engine?: Engine } = {},
): ((at: In, ...rest: Rest) => LinearOperator<In, Out>) => {
  const { engine = defaultEngine() } = options;
  const program = cachedTrace(f.name === '' ? 'jitLinearize' : f.name, f);
  return (at, ...rest) => operatorOf<In, Out>(program([at, ...rest]), engine);
};

const operatorOf = <In, Out>(
  { name, leaves, structures, counts, traced }: CachedCall,
  engine: Engine,
): LinearOperator<In, Out> => {
  const [structure] = structures;
  const [count = 0] = counts;
  if (structure === undefined) throw new TypeError(`${name} was called without arguments`);
  const at = leaves.slice(0, count);
  checkFloats('jitLinearize', 'the first argument', at);
  const primals = [...leaves, ...traced.captures];
  const active = primals.map((_, i) => i < count);
  const split = fewerResiduals(splitGraph(traced.graph, active));
  const run = (graph: Graph, values: readonly Value[]): readonly Value[] =>
    bind(callPrimitive, values, { graph, name, engine });
  const all = run(split.primal, primals);
  const outs = all.slice(0, traced.graph.outputs.length);
  const residuals = all.slice(traced.graph.outputs.length);
  const whole = (values: readonly (Value | null)[], like: readonly Aval[]): readonly Value[] =>
    like.map((aval, i) => instantiate(values[i] ?? null, aval));
  const linear = split.linear.inputs.map((_, i) => i < count);
  const present = outputAvals(split.linear).map(() => true);
  return {
    value: rebuild<Out>(traced.structure, outs),
    apply: (tangent) => {
      const directions = flattenLike('linearize', 'the tangent', tangent, structure, at);
      const tangents = run(split.linear, [...directions, ...residuals]);
      return rebuild<Out>(traced.structure, whole(scatter(split.nonzero, tangents), outs));
    },
    transpose: (cotangent) => {
      const cts = flattenLike('linearize', 'the cotangent', cotangent, traced.structure, outs);
      const { graph, nonzero } = transposedGraph(split.linear, linear, present);
      const back = run(graph, [...residuals, ...pick(cts, split.nonzero)]);
      return rebuild<In>(structure, whole(scatter(nonzero, back), at));
    },
    graph: split.linear,
    residualBytes: [...residuals, ...split.linear.constants].reduce(
      (bytes, { size, dtype }) => bytes + size * bytesPerElement(dtype),
      0,
    ),
  };
};
