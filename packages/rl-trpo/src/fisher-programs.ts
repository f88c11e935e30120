/** The programs behind both forms of F: for a batch as one, or chunk by chunk. */
import { type Engine, grad, jit, jitGaussNewton, jitLinearize, linearize, vjp } from '@natgrad/autodiff';
import { concatenate, type Tensor } from '@natgrad/tensor';
import { type CompiledPolicy, gaussNewton, hessian, meanMetric, type Operator } from './fisher.js';
import { chunkBounds, chunksOf, type FisherRows, rowsBetween } from './fisher-rows.js';
import type { Model, ParameterTree } from './model.js';
import type { DistributionParameters } from './policy/distribution.js';
import { meanKl } from './surrogate.js';
import { addScaled, scaled } from './vector.js';

/** The programs of the Fisher operator. */
export interface FisherPrograms {
  /** π_θ(·|s), Jᵀ and F at θ. */
  readonly linearisedPolicy: (theta: ParameterTree, rows: Pick<FisherRows, 'observations'>) => CompiledPolicy;
  /** v ↦ ∇²_θ E[KL(old ‖ π_θ)]·v at θ. */
  readonly hessian: (theta: ParameterTree, rows: FisherRows) => Operator;
}

interface FisherProgramOptions {
  readonly engine: Engine;
  /** Rows of a chunk; null for the batch as one. */
  readonly fisherChunk: number | null;
}

const sumOf = (trees: readonly ParameterTree[]): ParameterTree => trees.reduce((sum, tree) => addScaled(sum, 1, tree));

const mapParameters = (f: (name: string) => Tensor, like: DistributionParameters): DistributionParameters =>
  Object.fromEntries(Object.keys(like).map((name) => [name, f(name)]));

const joined = (pieces: readonly DistributionParameters[]): DistributionParameters =>
  mapParameters(
    (name) => concatenate(pieces.map((piece) => piece[name] as Tensor)),
    pieces[0] as DistributionParameters,
  );

/**
 * The programs of F for a model. A batch as one is linearised once, and what its forward pass leaves behind stays in memory for all
 * products. In chunks nothing stays: every product makes the forward pass of each chunk again, so that memory is that of one
 * chunk, for about half as much work again.
 */
export const fisherPrograms = (model: Model, { engine, fisherChunk }: FisherProgramOptions): FisherPrograms => {
  const { distribution } = model;
  const on = { engine };
  const policy = (theta: ParameterTree, observations: Tensor): DistributionParameters =>
    model.policy(theta, observations);
  const klGradient = (theta: ParameterTree, observations: Tensor, old: DistributionParameters): ParameterTree =>
    grad((each: ParameterTree) => meanKl(distribution, old, policy(each, observations)))(theta);

  const whole = {
    policy: jitGaussNewton(policy, meanMetric(distribution), on),
    klGradient: jitLinearize(klGradient, on),
  };
  const chunked = {
    value: jit(policy, on),
    transpose: jit(
      (theta: ParameterTree, observations: Tensor, cotangent: DistributionParameters) =>
        vjp((each: ParameterTree) => policy(each, observations), theta).pullback(cotangent),
      on,
    ),
    fisher: jit(
      (theta: ParameterTree, observations: Tensor, v: ParameterTree) =>
        gaussNewton(
          distribution,
          linearize((each: ParameterTree) => policy(each, observations), theta),
        )(v),
      on,
    ),
    hessian: jit(
      (theta: ParameterTree, { observations, oldParameters }: FisherRows, v: ParameterTree) =>
        hessian(distribution, (each) => policy(each, observations), oldParameters, theta)(v),
      on,
    ),
  };

  /** The mean over the batch is that of the chunks' means, weighted by their rows. */
  const meanOver = <Chunk extends Pick<FisherRows, 'observations'>>(
    chunks: readonly Chunk[],
    product: (chunk: Chunk, v: ParameterTree) => ParameterTree,
  ): Operator => {
    const rowsOf = ({ observations }: Chunk): number => observations.shape[0] as number;
    const all = chunks.reduce((sum, chunk) => sum + rowsOf(chunk), 0);
    return (v) => sumOf(chunks.map((chunk) => scaled(rowsOf(chunk) / all, product(chunk, v))));
  };
  /** The same operator as that of the whole batch, up to rounding: each row has its own part in J, and Jᵀ is a sum over rows. */
  const linearisedInChunks = (theta: ParameterTree, observations: Tensor): CompiledPolicy => {
    const bounds = chunkBounds(observations.shape[0] as number, fisherChunk);
    const chunks = bounds.map(([from, to]) => rowsBetween(observations, from, to));
    return {
      value: joined(chunks.map((chunk) => chunked.value(theta, chunk))),
      transpose: (cotangent) =>
        sumOf(
          bounds.map(([from, to], k) =>
            chunked.transpose(
              theta,
              chunks[k] as Tensor,
              mapParameters((name) => rowsBetween(cotangent[name] as Tensor, from, to), cotangent),
            ),
          ),
        ),
      fisher: meanOver(
        chunks.map((chunk) => ({ observations: chunk })),
        (chunk, v) => chunked.fisher(theta, chunk.observations, v),
      ),
    };
  };
  const linearisedAsOne = (theta: ParameterTree, observations: Tensor): CompiledPolicy => {
    const { product, ...linearised } = whole.policy(theta, observations);
    return { ...linearised, fisher: product };
  };
  const isOne = ({ observations }: Pick<FisherRows, 'observations'>): boolean =>
    chunkBounds(observations.shape[0] as number, fisherChunk).length === 1;
  return {
    linearisedPolicy: (theta, rows) =>
      isOne(rows) ? linearisedAsOne(theta, rows.observations) : linearisedInChunks(theta, rows.observations),
    hessian: (theta, rows) =>
      isOne(rows)
        ? whole.klGradient(theta, rows.observations, rows.oldParameters).apply
        : meanOver(chunksOf(rows, fisherChunk), ({ observations, oldParameters }, v) =>
            chunked.hessian(theta, { observations, oldParameters }, v),
          ),
  };
};
