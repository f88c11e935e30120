/**
 * The parts of F = (1/N) Σ Jₙᵀ Mₙ Jₙ from which preconditioners are made: of each row the activations that enter the dense
 * layers, and the derivatives Bₙ of the parameters of its distribution by what a layer gives. Everything here can be traced.
 */
import { add, broadcastTo, linearize, multiply, reshape, slice, subtract, sum, vmap } from '@natgrad/autodiff';
import { graphAvals, lookInside, replay } from '@natgrad/autodiff/internal';
import { bernoulli, cast, eye, key, sizeOf, type Tensor, treeLeaves, treeUnflatten, zeros } from '@natgrad/tensor';
import { gaussNewton, type Operator } from '../fisher.js';
import type { Distribution, DistributionParameters } from '../policy/distribution.js';
import { type DenseLayer, type PolicyStructure, type RowCopies, type TapGroup, unseen } from './_structure.js';

/** Derivatives by one value, row by row: the columns of Bᵀ, `[columns, rows, size]`, and those of Bᵀ M. */
interface Sensitivity {
  readonly b: Tensor;
  readonly mb: Tensor;
}

/** A dense layer on a batch. */
export interface LayerCurvature extends Sensitivity {
  readonly layer: DenseLayer;
  /** h, `[rows, inputs]`. */
  readonly activations: Tensor;
}

/** What is known of F on a batch. */
export interface Curvature {
  /** Of θ. */
  readonly leaves: readonly Tensor[];
  readonly layers: readonly LayerCurvature[];
  /** The diagonal of F, by leaf; null for the parameters of layers. Estimated for the rest of the structure, else exact. */
  readonly diagonal: readonly (Tensor | null)[];
}

type MaybeTensors = readonly (Tensor | null)[];

/** Unit vectors: one for each parameter of a row's distribution that is reached; null for parameters that are not. */
const unitVectors = (outs: readonly Tensor[], reached: readonly boolean[]): MaybeTensors => {
  const sizes = outs.map((out, k) => (reached[k] === true ? sizeOf(out.shape.slice(1)) : 0));
  const count = sizes.reduce((a, b) => a + b, 0);
  return outs.map(({ dtype, shape }, k) => {
    if (reached[k] !== true) return null;
    const from = sizes.slice(0, k).reduce((a, b) => a + b, 0);
    const columns = slice(eye(count, dtype), [0, from], [count, from + (sizes[k] as number)]);
    return reshape(columns, [count, ...shape.slice(1)]);
  });
};

/** `[columns, rows, …]` with the elements of a row in one axis. */
const flatRows = (x: Tensor): Tensor => {
  const [columns, rows, ...rest] = x.shape as readonly [number, number, ...number[]];
  return reshape(x, [columns, rows, sizeOf(rest)]);
};

/** The mean over rows of (Bᵀ M B)ⱼⱼ: the diagonal of F by this value, were it a parameter. */
const diagonalOf = ({ b, mb }: Sensitivity): Tensor =>
  multiply(sum(multiply(b, mb), [0, 1]), 1 / (b.shape[1] as number));

/** B and MB of the values of a group: the work of `columns` passes backward, as one. */
const sensitivities = (
  { graph, outputs }: PolicyStructure,
  distribution: Distribution,
  args: readonly Tensor[],
  { taps }: TapGroup,
): readonly Sensitivity[] => {
  const { outs, reached, pull } = lookInside(graph, args, taps);
  const rows = outs[0]?.shape[0] as number;
  const units = unitVectors(outs, reached);
  if (units.every((unit) => unit === null)) {
    const avals = graphAvals(graph);
    return taps.map((id) => {
      const none = zeros([1, rows, sizeOf(avals[id]?.shape.slice(1) ?? [])], outs[0]?.dtype);
      return { b: none, mb: none };
    });
  }
  const inEveryRow = (unit: MaybeTensors): MaybeTensors =>
    unit.map((each) => (each === null ? null : broadcastTo(each, [rows, ...each.shape])));
  const mapped = <T>(f: (unit: MaybeTensors) => T): T =>
    vmap(f as (unit: readonly Tensor[]) => T)(units as readonly Tensor[]) as T;

  const tangentOf = (unit: MaybeTensors): DistributionParameters =>
    treeUnflatten(
      outputs,
      unit.map((each, k) => each ?? zeros((outs[k] as Tensor).shape, (outs[k] as Tensor).dtype)),
    ) as DistributionParameters;
  const parameters = treeUnflatten(outputs, outs) as DistributionParameters;
  const b = mapped((unit) => pull(inEveryRow(unit)));
  // Cotangents of unit vectors are the columns of Bᵀ, and of the columns of M those of Bᵀ M: Σ over them of b mbᵀ is Bᵀ M B.
  const mb = mapped((unit) => {
    const columns = treeLeaves(distribution.fisher(parameters, tangentOf(inEveryRow(unit))));
    return pull(columns.map((column, k) => (reached[k] === true ? column : null)));
  });
  return b.map((each, k) => ({ b: flatRows(each), mb: flatRows(mb[k] as Tensor) }));
};

/** The diagonal of F for a parameter of which each row has a copy. */
const copiedDiagonal = ({ view }: RowCopies, { b, mb }: Sensitivity, leaf: Tensor): Tensor => {
  // Where one number is all elements of a row, the derivative by it is the sum of theirs.
  const whole = (x: Tensor): Tensor => (leaf.size === 1 ? reshape(sum(x, 2), [...x.shape.slice(0, 2), 1]) : x);
  return unseen(view, leaf, diagonalOf({ b: whole(b), mb: whole(mb) }));
};

/** Random vectors behind an estimate of a diagonal. */
const PROBES = 2;
/**
 * Diagonal of an operator from a few products: the mean of z∘Fz over vectors z of random signs, which is unbiased (Bekas, Kokiopoulou
 * and Saad 2007, "An estimator for the diagonal of a matrix"). The signs are the same at every step.
 */
const estimatedDiagonal = (operator: Operator, like: readonly Tensor[]): readonly Tensor[] => {
  const estimates = Array.from({ length: PROBES }, (_, probe) => {
    const z = like.map(({ shape, dtype }, k) => {
      const coins = bernoulli(key(probe * like.length + k), 0.5, shape);
      return subtract(multiply(cast(coins, dtype), 2), 1);
    });
    const fz = operator(z) as readonly Tensor[];
    return z.map((each, k) => multiply(each, fz[k] as Tensor));
  });
  return like.map((_, k) => {
    const total = estimates.map((each) => each[k] as Tensor).reduce((a, b) => add(a, b));
    return multiply(total, 1 / PROBES);
  });
};

/**
 * What a batch says about F at θ.
 *
 * @param args inputs of the structure's graph: the leaves of θ, then observations
 */
export const curvatureOf = (
  structure: PolicyStructure,
  distribution: Distribution,
  args: readonly Tensor[],
): Curvature => {
  const { graph, outputs, layers, copied, rest, groups, leafCount } = structure;
  const leaves = args.slice(0, leafCount);
  const leafOf = (index: number): Tensor => leaves[index] as Tensor;
  const found = new Map(
    groups.flatMap((group) => {
      const all = sensitivities(structure, distribution, args, group);
      return group.taps.map((id, k) => [id, all[k] as Sensitivity] as const);
    }),
  );
  const inputs = replay({ ...graph, outputs: layers.map(({ input }) => input) }, args);

  const policyOfRest = (values: readonly Tensor[]): DistributionParameters => {
    const all = args.map((arg, k) => values[rest.indexOf(k)] ?? arg);
    return treeUnflatten(outputs, replay(graph, all)) as DistributionParameters;
  };
  const others = rest.map(leafOf);
  const restDiagonal =
    rest.length === 0
      ? []
      : estimatedDiagonal(gaussNewton(distribution, linearize(policyOfRest, others) as never), others);

  const diagonal = new Map([
    ...copied.map(
      (copies) =>
        [
          copies.view.leaf,
          copiedDiagonal(copies, found.get(copies.copies) as Sensitivity, leafOf(copies.view.leaf)),
        ] as const,
    ),
    ...rest.map((leaf, k) => [leaf, restDiagonal[k] as Tensor] as const),
  ]);
  return {
    leaves,
    layers: layers.map((layer, k) => ({
      layer,
      activations: inputs[k] as Tensor,
      ...(found.get(layer.product) as Sensitivity),
    })),
    diagonal: leaves.map((_, leaf) => diagonal.get(leaf) ?? null),
  };
};
