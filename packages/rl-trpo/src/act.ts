/** Acting with the policy of a state: what rollouts and evaluation call. */
import type { Key, Tensor } from '@natgrad/tensor';
import { adopt, elements, shapeError } from '@natgrad/tensor/internal';
import { defaultConfig, type TrpoConfig } from './config.js';
import { actingEngine, engineOrThrow } from './engine.js';
import type { Model } from './model.js';
import { compiledInference } from './policy/compiled-inference.js';
import type { Distribution, DistributionParameters, PackedDistribution } from './policy/distribution.js';
import { normaliseInto } from './running-statistics.js';
import type { TrpoState } from './state.js';

/** Packed rows, as vector environments take them. All arrays are fresh. */
export interface Actions {
  /** An index per row, or `width` numbers; as sampled, not clipped. */
  readonly actions: Float64Array;
  /** log π(a|s) per row. */
  readonly logProbabilities: Float64Array;
  /** Parameters of the distributions, packed by row: `oldParameters` of a batch. */
  readonly parameters: Readonly<Record<string, Float64Array>>;
}

/** A policy that is ready to act: what {@link actor} makes of a state. */
export interface Actor {
  /** One action per row of raw observations `rows × width`; row i is drawn with `keys[i]` (see `actionKey`). */
  readonly sample: (observations: ArrayLike<number>, keys: readonly Key[]) => Actions;
  /** The deterministic action of each row, packed. */
  readonly deterministic: (observations: ArrayLike<number>) => Float64Array;
}

type ActingModel = Pick<Model, 'observationWidth' | 'distribution' | 'policy' | 'inference'>;

/** What `actor` needs to know; options that are not given have their defaults. */
export type ActingConfig = { readonly model: ActingModel } & Partial<
  Pick<TrpoConfig, 'normaliseObservations' | 'observationClip' | 'engine' | 'deterministic'>
>;

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);

/** What acting needs of a distribution that has it for tensors only. */
const packedByTensors = (distribution: Distribution): PackedDistribution => {
  const { action, parameterShapes } = distribution;
  const tensorsOf = (packed: Parameters<PackedDistribution['sample']>[0]): DistributionParameters =>
    Object.fromEntries(
      Object.entries(parameterShapes).map(([name, shape]) => {
        const data = Float64Array.from(packed[name] as ArrayLike<number>);
        return [name, adopt(data, 'f64', [data.length / sizeOf(shape), ...shape])];
      }),
    );
  const actionsOf = (packed: ArrayLike<number>): Tensor => {
    const shape = [packed.length / sizeOf(action.shape), ...action.shape];
    return action.dtype === 'i32'
      ? adopt(Int32Array.from(packed), 'i32', shape)
      : adopt(Float64Array.from(packed), 'f64', shape);
  };
  const numbersOf = (tensor: Tensor): Float64Array => Float64Array.from(elements(tensor));
  return {
    sample: (parameters, keys) => numbersOf(distribution.sample(tensorsOf(parameters), keys)),
    logProbability: (parameters, actions) =>
      numbersOf(distribution.logProbability(tensorsOf(parameters), actionsOf(actions))),
    deterministicAction: (parameters) => numbersOf(distribution.deterministicAction(tensorsOf(parameters))),
  };
};

/**
 * The policy of a state, ready to act: weights are copied into plain arrays once, observations are normalised with the state's
 * statistics. A row's action depends on its observation and key only, to the bit, however many rows there are.
 *
 * Models with `inference` and distributions with `packed` act in microseconds; others through tensors, which is slower but the
 * same.
 *
 * @throws `ShapeMismatch` where the observations are not one row for each key; `Unsupported` for an engine that this platform
 * cannot run
 */
export const actor = (config: ActingConfig, state: Pick<TrpoState, 'policy' | 'observationStatistics'>): Actor => {
  const { model, normaliseObservations, observationClip, ...options } = { ...defaultConfig, ...config };
  const { distribution, observationWidth: width } = model;
  const packed = distribution.packed ?? packedByTensors(distribution);
  const own = engineOrThrow('actor', actingEngine(options));
  // A few rows at a time, and workers of the rollout on every core: other threads would be in the way.
  const engine = own.onOneThread ?? own;
  // Nothing is known of a policy without `inference`: one row at a time, no other can have an influence.
  const inference = model.inference?.(state.policy, engine) ?? compiledInference(model, state.policy, engine, 1);
  const normaliseRows = normaliseObservations ? normaliseInto(state.observationStatistics, observationClip) : null;

  const infer = (observations: ArrayLike<number>, rows: number): Readonly<Record<string, Float64Array>> =>
    inference(
      normaliseRows === null
        ? new Float64Array(observations)
        : normaliseRows(observations, new Float64Array(observations.length)),
      rows,
    );

  return {
    sample: (observations, keys) => {
      if (observations.length !== keys.length * width)
        throw shapeError(
          'actor.sample',
          `${observations.length} numbers for ${keys.length} keys and observations of width ${width}`,
          {
            argument: 'observations',
            found: `${observations.length} numbers`,
            expected: `${keys.length * width} numbers`,
          },
        );
      const parameters = infer(observations, keys.length);
      const actions = packed.sample(parameters, keys);
      return { actions, logProbabilities: packed.logProbability(parameters, actions), parameters };
    },
    deterministic: (observations) => {
      const rows = observations.length / width;
      if (!Number.isInteger(rows))
        throw shapeError('actor.deterministic', `${observations.length} numbers are no rows of width ${width}`, {
          argument: 'observations',
          found: `${observations.length} numbers`,
          expected: `a multiple of ${width}`,
        });
      return packed.deterministicAction(infer(observations, rows));
    },
  };
};
