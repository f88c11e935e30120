/** Acting with the policy of a state: what rollouts and evaluation call. */
import { type Key, type Tensor, treeLeaves } from '@natgrad/tensor';
import { adopt, elements, shapeError } from '@natgrad/tensor/internal';
import { defaultConfig, type TrpoConfig } from './config.js';
import type { Inference, Model, ParameterTree } from './model.js';
import type { DistributionParameters } from './policy/distribution.js';
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

export interface Actor {
  /** One action per row of raw observations `rows × width`; row i is drawn with `keys[i]` (see `actionKey`). */
  readonly sample: (observations: ArrayLike<number>, keys: readonly Key[]) => Actions;
  /** The deterministic action of each row, packed. */
  readonly deterministic: (observations: ArrayLike<number>) => Float64Array;
}

type ActingModel = Pick<Model, 'observationWidth' | 'distribution' | 'policy' | 'inference'>;

/** Any policy, one row at a time, so that rows cannot influence each other. */
const rowByRow = (model: ActingModel, parameters: ParameterTree): Inference => {
  const dtype = treeLeaves(parameters)[0]?.dtype === 'f32' ? 'f32' : 'f64';
  const width = model.observationWidth;
  return (observations, rows) => {
    const results = Array.from({ length: rows }, (_, row) => {
      const one = observations.slice(row * width, (row + 1) * width);
      return model.policy(parameters, adopt(dtype === 'f32' ? Float32Array.from(one) : one, dtype, [1, width]));
    });
    const packed = Object.entries(model.distribution.parameterShapes).map(([name, shape]): [string, Float64Array] => {
      const size = shape.reduce((product, extent) => product * extent, 1);
      const columns = results.map((each) => elements(each[name] as Tensor));
      return [
        name,
        Float64Array.from({ length: rows * size }, (_, i) => columns[Math.floor(i / size)]?.[i % size] as number),
      ];
    });
    return Object.fromEntries(packed);
  };
};

/**
 * The policy of a state, ready to act: weights are copied into plain arrays once, observations are normalised with the state's
 * statistics. A row's action depends on its observation and key only, to the bit, however many rows there are.
 *
 * @throws `ShapeMismatch` where the observations are not one row for each key
 */
export const actor = (
  config: { readonly model: ActingModel } & Partial<Pick<TrpoConfig, 'normaliseObservations' | 'observationClip'>>,
  state: Pick<TrpoState, 'policy' | 'observationStatistics'>,
): Actor => {
  const { model, normaliseObservations, observationClip } = { ...defaultConfig, ...config };
  const { distribution, observationWidth: width } = model;
  const inference = model.inference?.(state.policy) ?? rowByRow(model, state.policy);
  const normaliseRows = normaliseObservations ? normaliseInto(state.observationStatistics, observationClip) : null;

  const infer = (
    observations: ArrayLike<number>,
    rows: number,
  ): { readonly packed: Readonly<Record<string, Float64Array>>; readonly tensors: DistributionParameters } => {
    const input =
      normaliseRows === null
        ? Float64Array.from(observations)
        : normaliseRows(observations, new Float64Array(observations.length));
    const packed = inference(input, rows);
    const tensors = Object.entries(distribution.parameterShapes).map(([name, shape]): [string, Tensor] => [
      name,
      adopt(packed[name] as Float64Array, 'f64', [rows, ...shape]),
    ]);
    return { packed, tensors: Object.fromEntries(tensors) };
  };

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
      const { packed, tensors } = infer(observations, keys.length);
      const actions = distribution.sample(tensors, keys);
      return {
        actions: Float64Array.from(elements(actions)),
        logProbabilities: Float64Array.from(elements(distribution.logProbability(tensors, actions))),
        parameters: packed,
      };
    },
    deterministic: (observations) => {
      const rows = observations.length / width;
      if (!Number.isInteger(rows))
        throw shapeError('actor.deterministic', `${observations.length} numbers are no rows of width ${width}`, {
          argument: 'observations',
          found: `${observations.length} numbers`,
          expected: `a multiple of ${width}`,
        });
      return Float64Array.from(elements(distribution.deterministicAction(infer(observations, rows).tensors)));
    },
  };
};
