/** Curvature as compiled programs, for batches of any size. */
import { type Engine, type Graph, jit } from '@natgrad/autodiff';
import { cachedTrace } from '@natgrad/autodiff/internal';
import { slice, type Tensor } from '@natgrad/tensor';
import type { Model, ParameterTree } from '../model.js';
import { addScaled, scaled } from '../vector.js';
import { type Curvature, curvatureOf } from './_curvature.js';
import { type PolicyStructure, structureOf } from './_structure.js';
import type { PreconditionerInput } from './preconditioner.js';

/** Fewer rows than these are never left out. */
const LEAST_ROWS = 512;

/**
 * Every k-th row is looked at. Wide distributions take a pass backward for each of their parameters: with fewer rows for each the
 * cost stays that of one pass over all rows, about a Fisher-vector product, as long as there are enough rows. Martens and Grosse
 * 2015, section 8, build their factors from a part of the batch too.
 */
const strideOf = (columns: number, rows: number): number =>
  Math.max(1, Math.min(columns, Math.floor(rows / LEAST_ROWS)));

const everyKth = (x: Tensor, k: number): Tensor =>
  k === 1
    ? x
    : slice(
        x,
        x.shape.map(() => 0),
        x.shape,
        x.shape.map((_, axis) => (axis === 0 ? k : 1)),
      );

/** Made once for each structure, which is found once for each trace. */
export const perStructure = <T>(make: (structure: PolicyStructure) => T): ((structure: PolicyStructure) => T) => {
  const made = new WeakMap<PolicyStructure, T>();
  return (structure) => {
    const known = made.get(structure) ?? make(structure);
    made.set(structure, known);
    return known;
  };
};

interface Traced {
  readonly structure: PolicyStructure;
  /** Inputs of its graph. */
  readonly args: readonly Tensor[];
}

/** The structure of a policy at parameters and observations of some shape. The policy is traced once for each. */
const tracing = (model: Model): ((theta: ParameterTree, observations: Tensor) => Traced) => {
  const trace = cachedTrace('policy', (theta: ParameterTree, observations: Tensor) =>
    model.policy(theta, observations),
  );
  const structures = new WeakMap<Graph, PolicyStructure>();
  return (theta, observations) => {
    const { traced, leaves, counts } = trace([theta, observations]);
    const structure = structures.get(traced.graph) ?? structureOf(traced.graph, counts[0] as number, traced.structure);
    structures.set(traced.graph, structure);
    return { structure, args: [...leaves, ...traced.captures] };
  };
};

export interface CurvaturePrograms<T> {
  /** How the policy uses its parameters: nothing is computed. */
  readonly structure: (input: PreconditionerInput) => PolicyStructure;
  /** The summary of F: means over rows. */
  readonly summary: (input: PreconditionerInput) => T;
}

/**
 * Summaries of what batches say about F, compiled once for each combination of shapes. Batches in pieces are looked at piece by
 * piece, and the means are put together.
 *
 * @param summarise gives a tree of tensors, each a mean over rows; it is traced
 */
export const curvaturePrograms = <T>(
  model: Model,
  engine: Engine,
  summarise: (curvature: Curvature) => T,
): CurvaturePrograms<T> => {
  const trace = tracing(model);
  const program = jit(
    (theta: ParameterTree, observations: Tensor): T => {
      const { structure, args } = trace(theta, observations);
      return summarise(curvatureOf(structure, model.distribution, args));
    },
    { engine },
  );
  const ofPiece = (theta: ParameterTree, observations: Tensor): T => {
    const { groups } = trace(theta, observations).structure;
    const columns = Math.max(...groups.map((group) => group.columns), 1);
    return program(theta, everyKth(observations, strideOf(columns, observations.shape[0] as number)));
  };
  return {
    structure: ({ theta, observations }) => trace(theta, observations[0] as Tensor).structure,
    summary: ({ theta, observations }) => {
      const rows = observations.reduce((sum, piece) => sum + (piece.shape[0] as number), 0);
      return observations
        .map((piece) => ({ share: (piece.shape[0] as number) / rows, found: ofPiece(theta, piece) }))
        .map(({ share, found }) => (share === 1 ? found : scaled(share, found)))
        .reduce((sum, each) => addScaled(sum, 1, each));
    },
  };
};
