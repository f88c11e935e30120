/** The usual model: one perceptron for the policy, another for the critic. */
import { broadcastTo, interpreter, reshape } from '@natgrad/autodiff';
import { full, type Key, split, type Tensor } from '@natgrad/tensor';
import { elements } from '@natgrad/tensor/internal';
import { defaultConfig, type TrpoConfig } from '../config.js';
import type { Inference, Model } from '../model.js';
import { categoricalDistribution } from './categorical.js';
import { compiledInference } from './compiled-inference.js';
import { diagonalGaussianDistribution } from './diagonal-gaussian.js';
import type { Distribution, DistributionParameters } from './distribution.js';
import { initialiseMlp, type MlpParameters, mlp, mlpInference } from './mlp.js';

/** What a model needs to know of an environment; every `Env` of `@natgrad/envs` has it. */
export interface Spaces {
  readonly observationSpace: { readonly low: readonly number[] };
  readonly actionSpace:
    | { readonly kind: 'discrete'; readonly n: number }
    | { readonly kind: 'box'; readonly low: readonly number[] };
}

/** `logDeviation` `[width]` belongs to the parameters of a Gaussian policy and is learnt with them. */
export type MlpPolicyParameters = { readonly layers: MlpParameters; readonly logDeviation?: Tensor };

type ModelOptions = Pick<
  TrpoConfig,
  | 'hidden'
  | 'valueHidden'
  | 'activation'
  | 'valueActivation'
  | 'initialisation'
  | 'outputScale'
  | 'initialLogDeviation'
  | 'dtype'
>;

/**
 * Multiplications per row up to which plain loops act faster than a compiled program is called. Which of the two acts depends
 * on the network alone, so that a row's bits do not depend on the number of rows.
 */
const PLAIN_WORK = 16_384;

/** Rows of the compiled program: a few environments at once, and not much is lost on a single one. */
const ROWS_TOGETHER = 8;

/** What differs between choices and continuous actions: the distribution, the width of the network's output, and log σ. */
interface Head {
  readonly distribution: Distribution;
  readonly outputs: number;
  readonly parameters: (output: Tensor, policy: MlpPolicyParameters) => DistributionParameters;
  readonly packed: (
    output: Float64Array,
    rows: number,
    policy: MlpPolicyParameters,
  ) => Readonly<Record<string, Float64Array>>;
  readonly extra: (options: ModelOptions) => { readonly logDeviation?: Tensor };
}

const categoricalHead = (n: number): Head => ({
  distribution: categoricalDistribution(n),
  outputs: n,
  parameters: (logits) => ({ logits }),
  packed: (logits) => ({ logits }),
  extra: () => ({}),
});

const gaussianHead = (width: number): Head => ({
  distribution: diagonalGaussianDistribution(width),
  outputs: width,
  parameters: (mean, { logDeviation }) => ({ mean, logDeviation: broadcastTo(logDeviation as Tensor, mean.shape) }),
  packed: (mean, rows, { logDeviation }) => {
    const row = elements(logDeviation as Tensor);
    return { mean, logDeviation: Float64Array.from({ length: rows * width }, (_, i) => row[i % width] as number) };
  },
  extra: ({ initialLogDeviation, dtype }) => ({ logDeviation: full([width], initialLogDeviation, dtype) }),
});

/**
 * Perceptrons with the widths and activations of a configuration: a categorical policy for choices, a diagonal Gaussian whose
 * log σ does not depend on the state for boxes. The last layer of the policy begins small, that of the critic with gain 1.
 *
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
): Model<MlpPolicyParameters, MlpParameters> => {
  const complete: ModelOptions = { ...defaultConfig, ...options };
  const { hidden, valueHidden, activation, valueActivation, initialisation, outputScale, dtype } = complete;
  const inputs = spaces.observationSpace.low.length;
  const { actionSpace } = spaces;
  const head = actionSpace.kind === 'discrete' ? categoricalHead(actionSpace.n) : gaussianHead(actionSpace.low.length);
  const widths = [inputs, ...hidden, head.outputs];
  const work = widths.slice(1).reduce((sum, width, k) => sum + width * (widths[k] as number), 0);
  const model: Model<MlpPolicyParameters, MlpParameters> = {
    observationWidth: inputs,
    distribution: head.distribution,
    policy: (parameters, observations) => head.parameters(mlp(parameters.layers, observations, activation), parameters),
    value: (layers, observations) =>
      reshape(mlp(layers, observations, valueActivation), [observations.shape[0] as number]),
    initialise: (key: Key) => {
      const [policyKey, valueKey] = split(key);
      const layers = initialiseMlp(policyKey, widths, {
        initialisation,
        outputScale,
        dtype,
      });
      const value = initialiseMlp(valueKey, [inputs, ...valueHidden, 1], { initialisation, dtype });
      return { policy: { layers, ...head.extra(complete) }, value };
    },
    inference: (parameters, engine): Inference => {
      if (work > PLAIN_WORK && engine !== interpreter)
        return compiledInference(model, parameters, engine, ROWS_TOGETHER);
      const forward = mlpInference(parameters.layers, activation);
      return (observations, rows) => head.packed(forward(observations, rows), rows, parameters);
    },
  };
  return model;
};
