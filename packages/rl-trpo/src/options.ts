/** Every option of TRPO as data: default, range, explanation. The decoder, the types, the help and the docs read this table. */

interface NumberOption {
  readonly kind: 'number';
  readonly default: number;
  readonly minimum: number;
  readonly maximum: number;
  /** True where the minimum itself is not allowed. */
  readonly minimumExcluded?: true;
  readonly whole?: true;
  readonly nullable?: never;
  readonly description: string;
}

interface NullableNumberOption extends Omit<NumberOption, 'default' | 'nullable'> {
  readonly default: number | null;
  readonly nullable: true;
}

interface BooleanOption {
  readonly kind: 'boolean';
  readonly default: boolean;
  readonly description: string;
}

interface ChoiceOption<Choice extends string = string> {
  readonly kind: 'choice';
  readonly default: Choice;
  readonly choices: readonly Choice[];
  readonly description: string;
}

interface WidthsOption {
  readonly kind: 'widths';
  readonly default: readonly number[];
  readonly description: string;
}

/** An option of any kind. */
export type Option = NumberOption | NullableNumberOption | BooleanOption | ChoiceOption | WidthsOption;

/** The values that an option takes. */
export type OptionValue<O> =
  O extends ChoiceOption<infer Choice>
    ? Choice
    : O extends NullableNumberOption
      ? number | null
      : O extends NumberOption
        ? number
        : O extends BooleanOption
          ? boolean
          : O extends WidthsOption
            ? readonly number[]
            : never;

const number = (value: number, minimum: number, maximum: number, description: string): NumberOption => ({
  kind: 'number',
  default: value,
  minimum,
  maximum,
  description,
});
const positive = (value: number, maximum: number, description: string): NumberOption => ({
  ...number(value, 0, maximum, description),
  minimumExcluded: true,
});
const whole = (value: number, minimum: number, maximum: number, description: string): NumberOption => ({
  ...number(value, minimum, maximum, description),
  whole: true,
});
const nullable = (option: Omit<NumberOption, 'default' | 'nullable'>): NullableNumberOption => ({
  ...option,
  default: null,
  nullable: true,
});
const boolean = (value: boolean, description: string): BooleanOption => ({
  kind: 'boolean',
  default: value,
  description,
});
const choice = <const Choice extends string>(
  choices: readonly [Choice, ...Choice[]],
  description: string,
): ChoiceOption<Choice> => ({ kind: 'choice', default: choices[0], choices, description });
const widths = (value: readonly number[], description: string): WidthsOption => ({
  kind: 'widths',
  default: Object.freeze(value),
  description,
});

/** Activations of the MLPs. */
export type Activation = 'tanh' | 'relu' | 'elu' | 'softplus' | 'sigmoid' | 'swish' | 'identity';
const activation = (description: string): ChoiceOption<Activation> =>
  choice(['tanh', 'relu', 'elu', 'softplus', 'sigmoid', 'swish', 'identity'], description);

/** What an MLP policy is a distribution of; `default` is the usual one for the environment's actions. */
export type PolicyDistribution =
  | 'default'
  | 'categorical'
  | 'multiCategorical'
  | 'bernoulli'
  | 'diagonalGaussian'
  | 'stateDependentGaussian'
  | 'fullGaussian'
  | 'stateDependentFullGaussian'
  | 'squashedGaussian';

/** The type of {@link options}, spelt out: each entry decides the type of its field in `TrpoConfig`. */
export interface OptionTable {
  readonly gamma: NumberOption;
  readonly lambda: NumberOption;
  readonly normaliseAdvantages: BooleanOption;
  readonly entropyBonus: NumberOption;
  readonly delta: NumberOption;
  readonly klKind: ChoiceOption<'mean' | 'max'>;
  readonly adaptiveDelta: ChoiceOption<'off' | 'improvement' | 'kl'>;
  readonly deltaTarget: NullableNumberOption;
  readonly deltaBand: NumberOption;
  readonly deltaMinimum: NumberOption;
  readonly deltaMaximum: NumberOption;
  readonly deltaDecaySteps: NullableNumberOption;
  readonly fisher: ChoiceOption<'gaussNewton' | 'hessian'>;
  readonly fisherRows: NullableNumberOption;
  readonly fisherChunk: NullableNumberOption;
  readonly preconditioner: ChoiceOption<'none' | 'diagonal' | 'kfac'>;
  readonly cgIterations: NumberOption;
  readonly cgTolerance: NumberOption;
  readonly cgWarmStart: BooleanOption;
  readonly damping: NumberOption;
  readonly dampingKind: ChoiceOption<'constant' | 'relative'>;
  readonly stepSize: ChoiceOption<'boundary' | 'undamped' | 'damped'>;
  readonly shrink: NumberOption;
  readonly maxTries: NumberOption;
  readonly acceptRatio: NumberOption;
  readonly policyOptimiser: ChoiceOption<'adam' | 'plain'>;
  readonly policyLearningRate: NumberOption;
  readonly policyGradientClip: NullableNumberOption;
  readonly policyEpochs: NumberOption;
  readonly policyMinibatch: NullableNumberOption;
  readonly clipRange: NumberOption;
  readonly targetKl: NullableNumberOption;
  readonly klPenalty: NumberOption;
  readonly costLimit: NumberOption;
  readonly costGamma: NumberOption;
  readonly costLambda: NumberOption;
  readonly valueFit: ChoiceOption<'adam' | 'trustRegion'>;
  readonly valueEpochs: NumberOption;
  readonly valueMinibatch: NullableNumberOption;
  readonly valueLearningRate: NumberOption;
  readonly valueDecaySteps: NullableNumberOption;
  readonly valueGradientClip: NullableNumberOption;
  readonly valueDelta: NumberOption;
  readonly valueCgIterations: NumberOption;
  readonly valueDamping: NumberOption;
  readonly network: ChoiceOption<'mlp' | 'recurrent'>;
  readonly historySteps: NumberOption;
  readonly hidden: WidthsOption;
  readonly valueHidden: WidthsOption;
  readonly activation: ChoiceOption<Activation>;
  readonly valueActivation: ChoiceOption<Activation>;
  readonly sharedLayers: NumberOption;
  readonly valueCoefficient: NumberOption;
  readonly checkpointing: BooleanOption;
  readonly initialisation: ChoiceOption<'orthogonal' | 'lecun'>;
  readonly outputScale: NumberOption;
  readonly distribution: ChoiceOption<PolicyDistribution>;
  readonly initialLogDeviation: NumberOption;
  readonly normaliseObservations: BooleanOption;
  readonly observationClip: NumberOption;
  readonly scaleRewards: BooleanOption;
  readonly rewardClip: NumberOption;
  readonly normaliseReturns: BooleanOption;
  readonly dtype: ChoiceOption<'f64' | 'f32'>;
  readonly engine: ChoiceOption<'default' | 'wasm' | 'blas' | 'interpreter'>;
  readonly deterministic: BooleanOption;
  readonly threads: NumberOption;
  readonly batchSize: NumberOption;
  readonly environments: NumberOption;
  readonly wholeEpisodes: BooleanOption;
  readonly clipActions: BooleanOption;
}

/** The table of all options. */
export const options: OptionTable = Object.freeze({
  gamma: number(0.99, 0, 1, 'γ: discount per step'),
  lambda: number(0.95, 0, 1, 'λ of generalised advantage estimation: 0 trusts the critic, 1 the rewards'),
  normaliseAdvantages: boolean(true, 'shift and scale the advantages of a batch to mean 0 and deviation 1'),
  entropyBonus: number(0, 0, 1e6, 'β: weight of the mean entropy in the surrogate objective'),
  delta: positive(0.01, 100, 'δ: largest mean KL(old ‖ new) of a step, in nats'),
  klKind: choice(['mean', 'max'], 'what δ bounds: the mean KL over the states of the batch, or the largest'),
  adaptiveDelta: choice(
    ['off', 'improvement', 'kl'],
    'after each step δ times 1.5 or divided by it, to hold near a target: the share of the promised gain that came true, or the KL of the step',
  ),
  deltaTarget: nullable({
    ...positive(1, 1e6, 'that target; null for 0.5 of the promised gain, or for a KL of the delta given'),
  }),
  deltaBand: {
    ...positive(1.5, 1000, 'δ stays while what is measured is within this factor of its target'),
    minimum: 1,
  },
  deltaMinimum: positive(1e-4, 100, 'δ does not adapt or fall below this'),
  deltaMaximum: positive(0.1, 100, 'δ does not adapt above this'),
  deltaDecaySteps: nullable({
    ...whole(1, 1, 1e15, 'environment steps over which δ falls linearly, to deltaMinimum; null for a constant δ'),
  }),
  fisher: choice(['gaussNewton', 'hessian'], 'Fisher-vector product: JᵀMJ, or the exact Hessian of the mean KL'),
  fisherRows: nullable({
    ...whole(1, 1, 1e9, 'rows of the batch that F is a mean over, drawn afresh at each step; null for all'),
  }),
  fisherChunk: nullable({
    ...whole(
      1,
      1,
      1e9,
      'rows at a time in which the policy is differentiated, to bound memory; null for the batch as one',
    ),
  }),
  preconditioner: choice(
    ['none', 'diagonal', 'kfac'],
    'of conjugate gradient: the diagonal of F, or Kronecker factors of its dense layers',
  ),
  cgIterations: whole(10, 1, 10_000, 'most products of one conjugate gradient'),
  cgTolerance: number(1e-10, 0, 1, 'relative residual at which conjugate gradient stops'),
  cgWarmStart: boolean(false, 'start conjugate gradient from the solution of the step before'),
  damping: number(0.1, 0, 1e6, 'added to the diagonal of the Fisher matrix'),
  dampingKind: choice(
    ['constant', 'relative'],
    'damping as it is, or times the mean diagonal of the distribution’s own metric (1/σ² for a Gaussian)',
  ),
  stepSize: choice(
    ['boundary', 'undamped', 'damped'],
    'step onto KL = δ by root finding, or √(2δ/xᵀFx), or the same with damping (the textbook’s)',
  ),
  shrink: { ...positive(0.8, 1, 'factor between two tries of the line search'), maximum: 0.999 },
  maxTries: whole(10, 1, 1000, 'most tries of the line search'),
  acceptRatio: number(0, 0, 1, 'least share of the expected gain that a try must bring'),
  policyOptimiser: choice(
    ['adam', 'plain'],
    'what makes steps of gradients in the vanilla policy gradient, PPO and KL-penalised TRPO: Adam, or the learning rate times the gradient',
  ),
  policyLearningRate: positive(3e-4, 1e6, 'learning rate of that optimiser'),
  policyGradientClip: nullable({ ...positive(1, 1e12, 'largest gradient norm in it; null for none') }),
  policyEpochs: whole(10, 0, 10_000, 'passes of PPO and KL-penalised TRPO over the batch'),
  policyMinibatch: {
    ...nullable({ ...whole(1, 1, 1e9, 'rows in a minibatch of these passes; null for the whole batch') }),
    default: 64,
  },
  clipRange: positive(0.2, 1e12, 'ε of PPO: probability ratios count as far as they lie within [1 − ε, 1 + ε]'),
  targetKl: nullable({ ...positive(1, 1e6, 'mean KL after which PPO makes no further pass; null for none') }),
  klPenalty: positive(
    1,
    1e12,
    'first β of KL-penalised TRPO; after each step it is doubled or halved to hold KL near δ',
  ),
  costLimit: number(25, 0, 1e12, 'd of CPO: largest mean cost of an episode, a plain sum over its steps'),
  costGamma: number(0.99, 0, 1, 'γ of the advantages of costs'),
  costLambda: number(0.95, 0, 1, 'λ of the advantages of costs'),
  valueFit: choice(
    ['adam', 'trustRegion'],
    'how the critic learns: passes of Adam, or one Gauss-Newton step in a trust region of its own',
  ),
  valueEpochs: whole(5, 0, 10_000, 'passes of the value fit over the batch'),
  valueMinibatch: nullable({ ...whole(1, 1, 1e9, 'rows in a minibatch of the value fit; null for the whole batch') }),
  valueLearningRate: positive(1e-3, 10, 'learning rate of Adam in the value fit'),
  valueDecaySteps: nullable({
    ...whole(1, 1, 1e15, 'environment steps over which that rate falls linearly to 0; null for a constant rate'),
  }),
  valueGradientClip: nullable({ ...positive(1, 1e12, 'largest gradient norm in the value fit; null for none') }),
  valueDelta: positive(
    0.1,
    100,
    'ε of the trust-region value fit: largest mean square change of the values over twice their mean square error',
  ),
  valueCgIterations: whole(10, 1, 10_000, 'most products of conjugate gradient in the trust-region value fit'),
  valueDamping: number(1e-3, 0, 1e6, 'added to the diagonal of JᵀJ / N in the trust-region value fit'),
  network: choice(
    ['mlp', 'recurrent'],
    'of policy and critic: perceptrons, or a gated recurrent unit over the episode so far (its width is the first in hidden) and layers after it',
  ),
  historySteps: whole(
    32,
    1,
    100_000,
    'with a recurrent network: most observations that it looks back on, itself included',
  ),
  hidden: widths([64, 64], 'widths of the policy’s hidden layers'),
  valueHidden: widths([64, 64], 'widths of the critic’s hidden layers'),
  activation: activation('activation of the policy'),
  valueActivation: activation('activation of the critic'),
  sharedLayers: whole(
    0,
    0,
    64,
    'experimental: hidden layers of the policy, from the first, that the critic shares; its own come after them',
  ),
  valueCoefficient: number(
    0.5,
    0,
    1e6,
    'with shared layers: weight of the mean squared error of the critic in the objective of the policy’s step',
  ),
  checkpointing: boolean(
    false,
    'compute the activations of the policy’s layers again where derivatives need them, instead of keeping them: memory for time',
  ),
  initialisation: choice(
    ['orthogonal', 'lecun'],
    'of weights: orthogonal with gain √2, or normal with variance 1 / inputs',
  ),
  outputScale: positive(0.01, 100, 'gain of the policy’s last layer: small, so that the first policy prefers nothing'),
  distribution: choice(
    [
      'default',
      'categorical',
      'multiCategorical',
      'bernoulli',
      'diagonalGaussian',
      'stateDependentGaussian',
      'fullGaussian',
      'stateDependentFullGaussian',
      'squashedGaussian',
    ],
    'of actions: the usual one for the environment (diagonal Gaussian for numbers), σ or a full covariance from the state or not, or squashed into bounds by tanh',
  ),
  initialLogDeviation: number(0, -20, 5, 'log σ of a Gaussian policy at the beginning'),
  normaliseObservations: boolean(false, 'shift and scale observations by running statistics, frozen during a batch'),
  observationClip: positive(10, 1e9, 'normalised observations are clipped to ± this'),
  scaleRewards: boolean(false, 'divide rewards by the running deviation of the discounted return'),
  rewardClip: positive(10, 1e9, 'scaled rewards are clipped to ± this'),
  normaliseReturns: boolean(
    false,
    'the critic learns returns shifted and scaled by running statistics; its values are scaled back',
  ),
  dtype: choice(['f64', 'f32'], 'precision of parameters and training'),
  engine: choice(
    ['default', 'wasm', 'blas', 'interpreter'],
    'what runs the computations: compiled WebAssembly with matrix products by the system’s BLAS, or with its own, or the interpreter; by default the first of these that runs here',
  ),
  deterministic: boolean(
    false,
    'compiled programs without instructions that round differently from processor to processor: slower, and the same bits on every machine',
  ),
  threads: whole(
    0,
    0,
    64,
    'threads that the large programs of a step run on, any number with the same bits; 0: as many as there are cores, at most 4',
  ),
  batchSize: whole(2048, 1, 1e9, 'environment steps in a batch'),
  environments: whole(8, 1, 65_536, 'environments that are stepped side by side'),
  wholeEpisodes: boolean(
    false,
    'go on until every episode in the batch has ended, so that batches are whole trajectories of at least batchSize steps',
  ),
  clipActions: boolean(
    true,
    'pass continuous actions to the environment clipped to its bounds; the batch keeps the sampled ones',
  ),
});
