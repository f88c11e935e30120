/** Linearisation as compiled programs. */
import type { TreeStructure } from '@natgrad/tensor';
import { bytesPerElement, isConcrete } from '@natgrad/tensor/internal';
import { defaultEngine } from '../backends/default.js';
import type { Engine } from '../backends/engine.js';
import { type Aval, avalOf, type Value } from '../ir/aval.js';
import { type Graph, outputAvals } from '../ir/graph.js';
import { fewerResiduals } from '../optimise/residuals.js';
import { instantiate } from '../primitives/_zero.js';
import { callPrimitive } from '../primitives/call.js';
import { bind } from '../trace/bind.js';
import type { Traced } from '../trace/builder.js';
import { traceFlat } from '../trace/trace.js';
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
  return (at, ...rest) => operatorOf<In, Out>(linearised('jitLinearize', program([at, ...rest]), engine));
};

/** A {@link LinearOperator} J, and products with a metric M on what it maps to. */
export interface GaussNewtonOperator<In, Out> extends LinearOperator<In, Out> {
  /** Jᵀ·M·J·tangent. */
  readonly product: (tangent: In) => In;
}

/**
 * `jitLinearize`, and the generalised Gauss–Newton product Jᵀ·M·J·v (Schraudolph 2002, "Fast curvature matrix-vector products for
 * second-order gradient descent", Neural Computation 14) as one program: what is between J and Jᵀ never leaves the engine. With the
 * Fisher matrix of a distribution in its own parameters as M it is a Fisher-vector product.
 *
 * @param metric M·u for a tangent u of the function's value, which is the first argument; pure, as `f` is, and linear in u
 * @throws as `jitLinearize` does; `TreeMismatch` or `ShapeMismatch` where M·u is not like u
 * @example
 * ```ts
 * const operator = jitGaussNewton((x: Tensor) => square(x), (value, u) => multiply(u, value))(tensor([1, 2]));
 * console.log(toNested(operator.product(tensor([1, 1])))); // [ 4, 64 ]
 * ```
 */
export const jitGaussNewton = <In, Rest extends readonly unknown[], Out>(
  f: (at: In, ...rest: Rest) => Out,
  metric: (value: Out, tangent: Out) => Out,
  options: { readonly engine?: Engine } = {},
): ((at: In, ...rest: Rest) => GaussNewtonOperator<In, Out>) => {
  const { engine = defaultEngine() } = options;
  const program = cachedTrace(f.name === '' ? 'jitGaussNewton' : f.name, f);
  const products = new WeakMap<Graph, Traced>();
  return (at, ...rest) => {
    const own = linearised('jitGaussNewton', program([at, ...rest]), engine);
    const { structure, leaves, result, outs, residuals, linear, run } = own;
    const given = [...outs, ...residuals];
    const trace = (): Traced =>
      traceFlat('product', [...leaves, ...given].map(avalOf), (...values) => {
        const directions = values.slice(0, leaves.length);
        const value = values.slice(leaves.length, leaves.length + outs.length);
        const kept = values.slice(leaves.length + outs.length);
        const weighed = metric(rebuild<Out>(result, value), rebuild<Out>(result, own.forward(directions, kept)));
        return own.backward(flattenLike('jitGaussNewton', 'what the metric returned', weighed, result, outs), kept);
      });
    const programOf = (): Traced => {
      const traced = products.get(linear) ?? trace();
      // One that captures traced values is valid only inside their trace.
      if (traced.captures.every(isConcrete)) products.set(linear, traced);
      return traced;
    };
    return {
      ...operatorOf<In, Out>(own),
      product: (tangent) => {
        const directions = flattenLike('jitGaussNewton', 'the tangent', tangent, structure, leaves);
        const { graph, captures } = programOf();
        return rebuild<In>(structure, run(graph, [...directions, ...given, ...captures]));
      },
    };
  };
};

/** A linearisation as programs on lists of leaves. */
interface Linearised {
  /** Of the point, and of the function's value. */
  readonly structure: TreeStructure;
  readonly result: TreeStructure;
  readonly leaves: readonly Value[];
  readonly outs: readonly Value[];
  readonly residuals: readonly Value[];
  /** Inputs: tangents, residuals. */
  readonly linear: Graph;
  readonly run: (graph: Graph, values: readonly Value[]) => readonly Value[];
  readonly forward: (tangents: readonly Value[], residuals: readonly Value[]) => readonly Value[];
  readonly backward: (cotangents: readonly Value[], residuals: readonly Value[]) => readonly Value[];
}

const linearised = (
  operation: string,
  { name, leaves: all, structures, counts, traced }: CachedCall,
  engine: Engine,
): Linearised => {
  const [structure] = structures;
  const [count = 0] = counts;
  if (structure === undefined) throw new TypeError(`${name} was called without arguments`);
  const leaves = all.slice(0, count);
  checkFloats(operation, 'the first argument', leaves);
  const primals = [...all, ...traced.captures];
  const active = primals.map((_, i) => i < count);
  const split = fewerResiduals(splitGraph(traced.graph, active));
  const run = (graph: Graph, values: readonly Value[]): readonly Value[] =>
    bind(callPrimitive, values, { graph, name, engine });
  const known = run(split.primal, primals);
  const outs = known.slice(0, traced.graph.outputs.length);
  const whole = (values: readonly (Value | null)[], like: readonly Aval[]): readonly Value[] =>
    like.map((aval, i) => instantiate(values[i] ?? null, aval));
  const linear = split.linear.inputs.map((_, i) => i < count);
  const present = outputAvals(split.linear).map(() => true);
  return {
    structure,
    result: traced.structure,
    leaves,
    outs,
    residuals: known.slice(traced.graph.outputs.length),
    linear: split.linear,
    run,
    forward: (tangents, residuals) =>
      whole(scatter(split.nonzero, run(split.linear, [...tangents, ...residuals])), outs),
    backward: (cotangents, residuals) => {
      const { graph, nonzero } = transposedGraph(split.linear, linear, present);
      return whole(scatter(nonzero, run(graph, [...residuals, ...pick(cotangents, split.nonzero)])), leaves);
    },
  };
};

const operatorOf = <In, Out>({
  structure,
  result,
  leaves,
  outs,
  residuals,
  linear,
  forward,
  backward,
}: Linearised): LinearOperator<In, Out> => ({
  value: rebuild<Out>(result, outs),
  apply: (tangent) =>
    rebuild<Out>(result, forward(flattenLike('linearize', 'the tangent', tangent, structure, leaves), residuals)),
  transpose: (cotangent) =>
    rebuild<In>(structure, backward(flattenLike('linearize', 'the cotangent', cotangent, result, outs), residuals)),
  graph: linear,
  residualBytes: [...residuals, ...linear.constants].reduce(
    (bytes, { size, dtype }) => bytes + size * bytesPerElement(dtype),
    0,
  ),
});
