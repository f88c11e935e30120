/** Forward mode: jvp, linearize, linearTranspose, jacfwd. */
import { eye, reshape as reshapeTensor } from '@natgrad/tensor';
import { bytesPerElement } from '@natgrad/tensor/internal';
import { avalOf, type Value } from '../ir/aval.js';
import { type Graph, outputAvals } from '../ir/graph.js';
import { instantiate } from '../primitives/_zero.js';
import { reshape } from '../primitives/reshape.js';
import { transpose } from '../primitives/transpose.js';
import { replay } from '../trace/replay.js';
import { batchGraph } from '../transforms/batch.js';
import { scatter } from '../transforms/closed.js';
import { jvpGraph } from '../transforms/jvp.js';
import { linearizeGraph } from '../transforms/linearize.js';
import { transposeGraph } from '../transforms/transpose.js';
import { flattenLike, prepare, rebuild } from './prepare.js';
import { pullBack } from './reverse.js';
import type { Jacobian } from './types.js';

/**
 * Value and directional derivative: `tangent` of the result is J·tangent. Cost: a small multiple of `f`, whatever the number
 * of inputs.
 *
 * @example
 * ```ts
 * const { tangent } = jvp((x: Tensor) => sin(x), tensor([0, 0]), tensor([1, 2]));
 * console.log(toNested(tangent)); // [ 1, 2 ]
 * ```
 */
export const jvp = <In, Out>(
  f: (at: In) => Out,
  at: In,
  tangent: In,
): { readonly value: Out; readonly tangent: Out } => {
  const prepared = prepare('jvp', f, at);
  const directions = flattenLike('jvp', 'the tangent', tangent, prepared.input, prepared.leaves);
  const dual = jvpGraph(prepared.graph, prepared.primals, [...directions, ...prepared.captures.map(() => null)]);
  return {
    value: rebuild<Out>(prepared.structure, dual.outs),
    tangent: rebuild<Out>(
      prepared.structure,
      dual.tangents.map((t, k) => instantiate(t, dual.outs[k] as Value)),
    ),
  };
};

/** The derivative of a function at a point, as a linear operator that is applied any number of times. */
export interface LinearOperator<In, Out> {
  /** The function's value at the point. */
  readonly value: Out;
  /** J·tangent. */
  readonly apply: (tangent: In) => Out;
  /** Jᵀ·cotangent. */
  readonly transpose: (cotangent: Out) => In;
  /** The program of `apply`: its first inputs are the tangents, the others the residuals. */
  readonly graph: Graph;
  /** Bytes of what the forward pass left behind for `apply` and `transpose`. */
  readonly residualBytes: number;
}

/**
 * Linearises a function at a point: the forward pass is made once, and the operator's `apply` and `transpose` reuse what it
 * computed. `linearize(grad(f), at).apply` is a Hessian-vector product; Jᵀ M J of one linearisation is a Fisher-vector product.
 *
 * @example
 * ```ts
 * const operator = linearize((x: Tensor) => square(x), tensor([1, 2]));
 * console.log(toNested(operator.apply(tensor([1, 1]))), toNested(operator.transpose(tensor([1, 0])))); // [ 2, 4 ] [ 2, 0 ]
 * ```
 */
export const linearize = <In, Out>(f: (at: In) => Out, at: In): LinearOperator<In, Out> => {
  const prepared = prepare('linearize', f, at);
  const linearized = linearizeGraph(prepared.graph, prepared.primals, prepared.active);
  const { linear, nonzero, outs } = linearized;
  const bytes = (value: Value): number => value.size * bytesPerElement(value.dtype);
  return {
    value: rebuild<Out>(prepared.structure, outs),
    apply: (tangent) => {
      const directions = flattenLike('linearize', 'the tangent', tangent, prepared.input, prepared.leaves);
      const tangents = scatter(nonzero, replay(linear.graph, [...directions, ...linear.captures]));
      return rebuild<Out>(
        prepared.structure,
        tangents.map((t, k) => instantiate(t, outs[k] as Value)),
      );
    },
    transpose: (cotangent) => {
      const cts = flattenLike('linearize', 'the cotangent', cotangent, prepared.structure, outs);
      return rebuild<In>(prepared.input, pullBack(prepared, linearized, cts));
    },
    graph: linear.graph,
    residualBytes: [...linear.captures, ...linear.graph.constants].reduce((n, x) => n + bytes(x), 0),
  };
};

/**
 * The transpose of a function that is linear: `linearTranspose(f, like)(ct)` is Aᵀ·ct for f(x) = A·x. `like` gives the dtypes
 * and shapes of the argument; its elements do not matter.
 *
 * @throws `NotDifferentiable` where `f` is found not to be linear.
 */
export const linearTranspose = <In, Out>(f: (x: In) => Out, like: In): ((cotangent: Out) => In) => {
  const prepared = prepare('linearTranspose', f, like);
  const avals = outputAvals(prepared.graph);
  return (cotangent) => {
    const cts = flattenLike('linearTranspose', 'the cotangent', cotangent, prepared.structure, avals);
    const known = [...prepared.leaves.map(() => null), ...prepared.captures];
    const back = transposeGraph(prepared.graph, prepared.active, known, cts);
    return rebuild<In>(
      prepared.input,
      prepared.leaves.map((leaf, i) => instantiate(back[i] ?? null, leaf)),
    );
  };
};

/**
 * Jacobian by forward mode, one pass for each input element (vectorised): for wide problems use `jacrev`.
 *
 * @returns For every leaf of the result a tree like the input, whose leaves have the shape `[...output, ...input]`.
 */
export const jacfwd =
  <In, Out>(f: (at: In) => Out) =>
  (at: In): Jacobian<In, Out> => {
    const prepared = prepare('jacfwd', f, at);
    const { linear, nonzero, outs } = linearizeGraph(prepared.graph, prepared.primals, prepared.active);
    const columns = prepared.leaves.map((leaf, i) => {
      const basis = reshapeTensor(eye(leaf.size, leaf.dtype), [leaf.size, ...leaf.shape]);
      const tangents = prepared.leaves.map((other, j) => (j === i ? basis : instantiate(null, other)));
      const flags = [...prepared.leaves.map((_, j) => j === i), ...linear.captures.map(() => false)];
      const result = batchGraph(linear.graph, [...tangents, ...linear.captures], flags, leaf.size);
      const values = scatter(nonzero, result.outs);
      const marks = scatter(nonzero, result.batched);
      return outs.map((out, k) => {
        const aval = avalOf({ dtype: out.dtype, shape: [...out.shape, ...leaf.shape] });
        const value = values[k] ?? null;
        return value === null || marks[k] !== true
          ? instantiate(null, aval)
          : reshape(moveFirstToLast(value), aval.shape);
      });
    });
    const byOutput = outs.map((_, k) =>
      rebuild<Value>(
        prepared.input,
        columns.map((column) => column[k] as Value),
      ),
    );
    return rebuild<Jacobian<In, Out>>(prepared.structure, byOutput);
  };

const moveFirstToLast = (x: Value): Value => transpose(x, [...x.shape.slice(1).map((_, axis) => axis + 1), 0]);
