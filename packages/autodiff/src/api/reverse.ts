/** Reverse mode: vjp, grad, jacrev. */
import { eye, ones, reshape as reshapeTensor, type Scalar } from '@natgrad/tensor';
import { avalOf, type Value } from '../ir/aval.js';
import { outputAvals } from '../ir/graph.js';
import { instantiate } from '../primitives/_zero.js';
import { reshape } from '../primitives/reshape.js';
import { traceFlat } from '../trace/trace.js';
import { batchGraph } from '../transforms/batch.js';
import { type Linearized, linearizeGraph } from '../transforms/linearize.js';
import { transposeGraph } from '../transforms/transpose.js';
import { checkLoss, flattenLike, type Prepared, prepare, rebuild } from './prepare.js';
import type { Jacobian } from './types.js';

/** Runs a linearised function backward: cotangents of its outputs → cotangents of its leaves. */
export const pullBack = (
  prepared: Prepared,
  linearized: Linearized,
  cotangents: readonly Value[],
): readonly Value[] => {
  const { graph, captures } = linearized.linear;
  const given = cotangents.filter((_, k) => linearized.nonzero[k] === true);
  const linear = [...prepared.leaves.map(() => true), ...captures.map(() => false)];
  const known = [...prepared.leaves.map(() => null), ...captures];
  const back = transposeGraph(graph, linear, known, given);
  return prepared.leaves.map((leaf, i) => instantiate(back[i] ?? null, leaf));
};

/**
 * The value of `f` at a point, and the function that pulls cotangents back: `pullback(ct)` is ctᵀ J. The forward pass is made
 * once; `pullback` may be called any number of times.
 *
 * @throws `DTypeMismatch` for leaves that are not floats; whatever tracing `f` throws.
 * @example
 * ```ts
 * const { pullback } = vjp((x: Tensor) => multiply(x, x), tensor([1, 2, 3]));
 * console.log(toNested(pullback(tensor([1, 0, 1])))); // [ 2, 0, 6 ]
 * ```
 */
export const vjp = <In, Out>(
  f: (at: In) => Out,
  at: In,
): { readonly value: Out; readonly pullback: (cotangent: Out) => In } => {
  const prepared = prepare('vjp', f, at);
  const linearized = linearizeGraph(prepared.graph, prepared.primals, prepared.active);
  return {
    value: rebuild<Out>(prepared.structure, linearized.outs),
    pullback: (cotangent) => {
      const cts = flattenLike('vjp', 'the cotangent', cotangent, prepared.structure, linearized.outs);
      return rebuild<In>(prepared.input, pullBack(prepared, linearized, cts));
    },
  };
};

/**
 * Loss and gradient with respect to the first argument; further arguments are passed through.
 *
 * @example
 * ```ts
 * const { value, gradient } = valueAndGrad((w: Tensor) => sum(square(w)))(tensor([3, 4]));
 * console.log(item(value), toNested(gradient)); // 25 [ 6, 8 ]
 * ```
 */
export const valueAndGrad =
  <In, Rest extends readonly unknown[]>(f: (at: In, ...rest: Rest) => Scalar) =>
  (at: In, ...rest: Rest): { readonly value: Scalar; readonly gradient: In } => {
    const prepared = prepare('grad', (x: In) => f(x, ...rest), at);
    checkLoss('grad', outputAvals(prepared.graph), prepared.structure);
    const linearized = linearizeGraph(prepared.graph, prepared.primals, prepared.active);
    const value = linearized.outs[0] as Scalar;
    const leaves = pullBack(prepared, linearized, [ones([], value.dtype)]);
    return { value, gradient: rebuild<In>(prepared.input, leaves) };
  };

/**
 * Gradient of a loss with respect to the first argument. A loss that is not a `Scalar` does not compile.
 *
 * @throws `NotScalar` where the types were circumvented; `DTypeMismatch` for integer leaves.
 * @example
 * ```ts
 * const loss = (w: Tensor, x: Tensor) => sum(square(matmul(x, w)));
 * console.log(toNested(grad(loss)(tensor([1, 1]), tensor([[1, 2]])))); // [ 6, 12 ]
 * ```
 */
export const grad =
  <In, Rest extends readonly unknown[]>(f: (at: In, ...rest: Rest) => Scalar) =>
  (at: In, ...rest: Rest): In =>
    valueAndGrad<In, Rest>(f)(at, ...rest).gradient;

/**
 * Jacobian by reverse mode, one pass for each output element (vectorised): for tall problems use `jacfwd`.
 *
 * @returns For every leaf of the result a tree like the input, whose leaves have the shape `[...output, ...input]`.
 */
export const jacrev =
  <In, Out>(f: (at: In) => Out) =>
  (at: In): Jacobian<In, Out> => {
    const prepared = prepare('jacrev', f, at);
    const linearized = linearizeGraph(prepared.graph, prepared.primals, prepared.active);
    const backward = traceFlat('jacrev', linearized.outs.map(avalOf), (...cts) => pullBack(prepared, linearized, cts));
    const rows = linearized.outs.map((out, k) => {
      const basis = reshapeTensor(eye(out.size, out.dtype), [out.size, ...out.shape]);
      const cts = linearized.outs.map((other, j) => (j === k ? basis : instantiate(null, other)));
      const flags = [...linearized.outs.map((_, j) => j === k), ...backward.captures.map(() => false)];
      const { outs, batched } = batchGraph(backward.graph, [...cts, ...backward.captures], flags, out.size);
      const leaves = outs.map((value, i) => {
        const leaf = prepared.leaves[i] as Value;
        const shape = [...out.shape, ...leaf.shape];
        return batched[i] === true ? reshape(value, shape) : instantiate(null, { dtype: leaf.dtype, shape });
      });
      return rebuild<Value>(prepared.input, leaves);
    });
    return rebuild<Jacobian<In, Out>>(prepared.structure, rows);
  };
