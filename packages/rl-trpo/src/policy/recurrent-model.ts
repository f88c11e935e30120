/** A model with a memory: a recurrent cell over what the episode has shown, then a perceptron; the critic likewise. */
import { reshape } from '@natgrad/autodiff';
import { type Key, split, type Tensor } from '@natgrad/tensor';
import { chain, type Either, left, map, right } from 'fp-ts/lib/Either.js';
import { defaultConfig, type TrpoConfig } from '../config.js';
import { issueError, type TrpoError } from '../errors.js';
import type { Model } from '../model.js';
import { type GruParameters, gru, gruInference, initialiseGru } from './gru.js';
import {
  type ActionSpace,
  type Head,
  headParameters,
  initialBias,
  initialFree,
  outputsOf,
  packedHeadParameters,
} from './head.js';
import { policyHead } from './heads.js';
import { initialiseMlp, type MlpParameters, mlp, mlpInference } from './mlp.js';
import { modelOrThrow } from './model-or-throw.js';

/** Spaces of an environment with history, as `withHistory(env, steps)` of `@natgrad/envs` makes them. */
export interface HistorySpaces {
  readonly observationSpace: {
    /** `[steps, 1 + width]`: rows `[flag, …observation]` in order of time; a flag of 0 says that there is nothing. */
    readonly shape: readonly number[];
    readonly low: readonly number[];
  };
  readonly actionSpace: ActionSpace;
}

/** A cell, and the perceptron that reads its state. */
export type RecurrentParameters = { readonly cell: GruParameters; readonly layers: MlpParameters };

/** The same, and whatever of the distribution is learnt by itself. */
export type RecurrentPolicyParameters = RecurrentParameters & {
  readonly [free: string]: Tensor | GruParameters | MlpParameters;
};

type ModelOptions = Pick<
  TrpoConfig,
  | 'hidden'
  | 'valueHidden'
  | 'activation'
  | 'valueActivation'
  | 'initialisation'
  | 'outputScale'
  | 'distribution'
  | 'initialLogDeviation'
  | 'dtype'
>;

/** Steps and width of windows that fit, or what is wrong. */
const checkSpaces = (
  { observationSpace: { shape, low } }: HistorySpaces,
  { hidden, valueHidden }: ModelOptions,
): Either<TrpoError, { readonly steps: number; readonly inputs: number }> => {
  const [steps, row] = shape;
  if (shape.length !== 2 || steps === undefined || row === undefined || row < 2 || steps * row !== low.length)
    return left(
      issueError('InvalidConfig', {
        code: 'wrongShape',
        field: 'observationSpace.shape',
        found: `[${shape.join(',')}]`,
        expected: '[steps, 1 + width], the windows that withHistory(env, steps) shows',
      }),
    );
  const empty = Object.entries({ hidden, valueHidden }).find(([, widths]) => widths.length === 0);
  return empty === undefined
    ? right({ steps, inputs: row - 1 })
    : left(
        issueError('InvalidConfig', {
          code: 'contradiction',
          field: empty[0],
          found: '[] for a recurrent network',
          expected: 'at least one width: the first is that of the recurrent cell',
        }),
      );
};

/**
 * A gated recurrent unit ({@link gruStep}) that reads the episode from its beginning, with zeros to start from, and a perceptron
 * on its last state. The first of the widths in `hidden` and `valueHidden` is that of the cell, the others are layers after it.
 *
 * The model is a pure function of windows of history, so that everything works with it as with any other: rollouts, Fisher
 * products, rows in any order, minibatches. As long as an episode fits into its window it is exactly the recurrent policy that
 * carries its state along the episode, and derivatives go through time to its beginning; `recurrentLaws` of
 * `@natgrad/rl-trpo/laws` says so. The price is that a row is computed with all its past.
 *
 * `normaliseObservations` must be off: it would shift the flags.
 *
 * @param spaces of an environment with history, e.g. `withHistory(env, 16)`
 * @throws `InvalidArgument` for observations that are no windows, a cell without width, and a distribution that does not fit the
 * actions; {@link tryRecurrentModel} gives that as data
 * @example
 * ```ts
 * const windows = { shape: [3, 2], low: [0, -1, 0, -1, 0, -1] };
 * const model = recurrentModel({ observationSpace: windows, actionSpace: { kind: 'discrete', n: 2 } }, { hidden: [8] });
 * const { policy } = model.initialise(key(0));
 * // One observation, 0.7; and the same behind two rows that do not count, whatever is in them.
 * const { logits } = model.policy(policy, tensor([[0, 0, 0, 0, 1, 0.7], [0, 5, 0, 9, 1, 0.7]]));
 * const [plain, padded] = toNested(logits as Tensor) as number[][];
 * console.log(String(plain) === String(padded)); // true
 * ```
 */
export const recurrentModel = (
  spaces: HistorySpaces,
  options: Partial<ModelOptions> = {},
): Model<RecurrentPolicyParameters, RecurrentParameters> =>
  modelOrThrow('recurrentModel', tryRecurrentModel(spaces, options));

/**
 * {@link recurrentModel}, with what does not go together as data.
 *
 * @example
 * ```ts
 * const plain = { observationSpace: { shape: [4], low: [0, 0, 0, 0] }, actionSpace: { kind: 'discrete', n: 2 } } as const;
 * const model = tryRecurrentModel(plain);
 * console.log(model._tag === 'Left' && model.left.issues[0].field); // observationSpace.shape
 * ```
 */
export const tryRecurrentModel = (
  spaces: HistorySpaces,
  options: Partial<ModelOptions> = {},
): Either<TrpoError, Model<RecurrentPolicyParameters, RecurrentParameters>> => {
  const complete: ModelOptions = { ...defaultConfig, ...options };
  return chain(({ steps, inputs }: { readonly steps: number; readonly inputs: number }) =>
    map((head: Head) => modelOf(steps, inputs, head, complete))(policyHead(spaces.actionSpace, complete)),
  )(checkSpaces(spaces, complete));
};

const modelOf = (
  steps: number,
  inputs: number,
  head: Head,
  options: ModelOptions,
): Model<RecurrentPolicyParameters, RecurrentParameters> => {
  const { hidden, valueHidden, activation, valueActivation, initialisation, outputScale, dtype } = options;
  const network = (
    key: Key,
    [width = 1, ...widths]: readonly number[],
    outputs: number,
    last: { readonly outputScale?: number; readonly outputBias?: Tensor },
  ): RecurrentParameters => {
    const [cellKey, layersKey] = split(key);
    return {
      cell: initialiseGru(cellKey, inputs, width, { initialisation, dtype }),
      layers: initialiseMlp(layersKey, [width, ...widths, outputs], { initialisation, dtype, ...last }),
    };
  };
  return {
    observationWidth: steps * (1 + inputs),
    distribution: head.distribution,
    policy: (parameters, windows) =>
      headParameters(head, mlp(parameters.layers, gru(parameters.cell, windows, steps), activation), parameters),
    value: ({ cell, layers }, windows) =>
      reshape(mlp(layers, gru(cell, windows, steps), valueActivation), [windows.shape[0] as number]),
    initialise: (key: Key) => {
      const [policyKey, valueKey] = split(key);
      const bias = initialBias(head, dtype);
      const last = { outputScale, ...(bias === null ? {} : { outputBias: bias }) };
      return {
        policy: { ...network(policyKey, hidden, outputsOf(head), last), ...initialFree(head, dtype) },
        value: network(valueKey, valueHidden, 1, {}),
      };
    },
    // Plain loops also for wide cells: they skip what is not there, and a scan is no faster on a few rows.
    inference: (parameters) => {
      const [remember, decide] = [gruInference(parameters.cell, steps), mlpInference(parameters.layers, activation)];
      const parametersOf = packedHeadParameters(head, parameters);
      return (windows, rows) => parametersOf(decide(remember(windows, rows), rows), rows);
    },
  };
};
