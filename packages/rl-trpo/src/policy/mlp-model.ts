/** The usual model: one perceptron for the policy, another for the critic. */
import { interpreter, reshape } from '@natgrad/autodiff';
import { type Key, split, type Tensor } from '@natgrad/tensor';
import { type Either, map } from 'fp-ts/lib/Either.js';
import { defaultConfig, type TrpoConfig } from '../config.js';
import type { TrpoError } from '../errors.js';
import type { Inference, Model } from '../model.js';
import { compiledInference } from './compiled-inference.js';
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
import { checkpointedMlp, initialiseMlp, type MlpParameters, mlp, mlpFeatures, mlpInference } from './mlp.js';
import { modelOrThrow } from './model-or-throw.js';

/** What a model needs to know of an environment; every `Env` of `@natgrad/envs` has it. */
export interface Spaces {
  readonly observationSpace: { readonly low: readonly number[] };
  readonly actionSpace: ActionSpace;
}

/** The network, and whatever of the distribution is learnt by itself, such as the `logDeviation` `[width]` of a Gaussian. */
export type MlpPolicyParameters = {
  readonly layers: MlpParameters;
  readonly logDeviation?: Tensor;
  readonly [free: string]: Tensor | MlpParameters;
};

type ModelOptions = Pick<
  TrpoConfig,
  | 'hidden'
  | 'valueHidden'
  | 'sharedLayers'
  | 'checkpointing'
  | 'activation'
  | 'valueActivation'
  | 'initialisation'
  | 'outputScale'
  | 'distribution'
  | 'initialLogDeviation'
  | 'dtype'
>;

/**
 * Multiplications per row up to which plain loops act faster than a compiled program is called, by engines that prepare programs for
 * quick calls and by others. Which of the two acts does not depend on the rows, so that a row's bits do not depend on their number.
 */
const PLAIN_WORK = { prepared: 2048, other: 16_384 } as const;

/** Rows of the compiled program: a few environments at once, and not much is lost on a single one. */
const ROWS_TOGETHER = 8;

/**
 * Perceptrons with the widths and activations of a configuration. The option `distribution` says what the policy is a
 * distribution of; by default it is categorical for choices, a product of coins for switches, and for boxes a diagonal Gaussian
 * whose log σ does not depend on the state. The last layer of the policy begins small, that of the critic with gain 1.
 *
 * @throws `InvalidArgument` for a distribution that does not fit the actions; {@link tryMlpModel} gives it as data
 * @example
 * ```ts
 * const model = mlpModel({ observationSpace: { low: [0, 0, 0, 0] }, actionSpace: { kind: 'discrete', n: 2 } });
 * const { policy } = model.initialise(key(0));
 * console.log(model.policy(policy, zeros([3, 4]))['logits']?.shape); // [ 3, 2 ]
 * ```
 */
export const mlpModel = (
  spaces: Spaces,
  options: Partial<ModelOptions> = {},
): Model<MlpPolicyParameters, MlpParameters> => modelOrThrow('mlpModel', tryMlpModel(spaces, options));

/**
 * {@link mlpModel}, with what does not go together as data.
 *
 * @returns `Left` for a distribution that does not fit the actions, with the ones that do
 * @example
 * ```ts
 * const spaces = { observationSpace: { low: [0] }, actionSpace: { kind: 'box', low: [-Infinity], high: [1] } } as const;
 * const model = tryMlpModel(spaces, { distribution: 'squashedGaussian' });
 * console.log(model._tag === 'Left' && model.left.issues[0].field); // distribution
 * ```
 */
export const tryMlpModel = (
  spaces: Spaces,
  options: Partial<ModelOptions> = {},
): Either<TrpoError, Model<MlpPolicyParameters, MlpParameters>> => {
  const complete: ModelOptions = { ...defaultConfig, ...options };
  return map((head: Head) => modelOf(spaces, head, complete))(policyHead(spaces.actionSpace, complete));
};

const modelOf = (spaces: Spaces, head: Head, options: ModelOptions): Model<MlpPolicyParameters, MlpParameters> => {
  const { hidden, valueHidden, activation, valueActivation, initialisation, outputScale, dtype } = options;
  const { sharedLayers, checkpointing } = options;
  const inputs = spaces.observationSpace.low.length;
  const widths = [inputs, ...hidden, outputsOf(head)];
  const policyNetwork = checkpointing ? checkpointedMlp : mlp;
  const work = widths.slice(1).reduce((sum, width, k) => sum + width * (widths[k] as number), 0);
  const model: Model<MlpPolicyParameters, MlpParameters> = {
    observationWidth: inputs,
    distribution: head.distribution,
    policy: (parameters, observations) =>
      headParameters(head, policyNetwork(parameters.layers, observations, activation), parameters),
    ...(sharedLayers === 0
      ? {}
      : {
          features: ({ layers }: MlpPolicyParameters, observations: Tensor): Tensor =>
            mlpFeatures(layers.slice(0, sharedLayers), observations, activation),
        }),
    ...(checkpointing ? { checkpointing } : {}),
    value: (layers, observations) =>
      reshape(mlp(layers, observations, valueActivation), [observations.shape[0] as number]),
    initialise: (key: Key) => {
      const [policyKey, valueKey] = split(key);
      const bias = initialBias(head, dtype);
      const layers = initialiseMlp(policyKey, widths, {
        initialisation,
        outputScale,
        dtype,
        ...(bias === null ? {} : { outputBias: bias }),
      });
      const value = initialiseMlp(valueKey, [widths[sharedLayers] as number, ...valueHidden, 1], {
        initialisation,
        dtype,
      });
      return { policy: { layers, ...initialFree(head, dtype) }, value };
    },
    inference: (parameters, engine): Inference => {
      if (engine !== interpreter && work > PLAIN_WORK[engine.prepare === undefined ? 'other' : 'prepared'])
        return compiledInference(model, parameters, engine, ROWS_TOGETHER);
      const forward = mlpInference(parameters.layers, activation);
      const parametersOf = packedHeadParameters(head, parameters);
      return (observations, rows) => parametersOf(forward(observations, rows), rows);
    },
  };
  return model;
};
