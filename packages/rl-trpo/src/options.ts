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

/** The type of {@link options}, spelt out: each entry decides the type of its field in `TrpoConfig`. */
export interface OptionTable {
  readonly gamma: NumberOption;
  readonly lambda: NumberOption;
  readonly normaliseAdvantages: BooleanOption;
  readonly entropyBonus: NumberOption;
  readonly delta: NumberOption;
  readonly fisher: ChoiceOption<'gaussNewton' | 'hessian'>;
  readonly cgIterations: NumberOption;
  readonly cgTolerance: NumberOption;
  readonly cgWarmStart: BooleanOption;
  readonly damping: NumberOption;
  readonly dampingKind: ChoiceOption<'constant' | 'relative'>;
  readonly stepSize: ChoiceOption<'boundary' | 'undamped' | 'damped'>;
  readonly shrink: NumberOption;
  readonly maxTries: NumberOption;
  readonly acceptRatio: NumberOption;
  readonly valueEpochs: NumberOption;
  readonly valueMinibatch: NullableNumberOption;
  readonly valueLearningRate: NumberOption;
  readonly valueDecaySteps: NullableNumberOption;
  readonly valueGradientClip: NullableNumberOption;
  readonly hidden: WidthsOption;
  readonly valueHidden: WidthsOption;
  readonly activation: ChoiceOption<Activation>;
  readonly valueActivation: ChoiceOption<Activation>;
  readonly initialisation: ChoiceOption<'orthogonal' | 'lecun'>;
  readonly outputScale: NumberOption;
  readonly initialLogDeviation: NumberOption;
  readonly normaliseObservations: BooleanOption;
  readonly observationClip: NumberOption;
  readonly scaleRewards: BooleanOption;
  readonly rewardClip: NumberOption;
  readonly dtype: ChoiceOption<'f64' | 'f32'>;
  readonly engine: ChoiceOption<'default' | 'wasm' | 'interpreter'>;
  readonly deterministic: BooleanOption;
  readonly batchSize: NumberOption;
  readonly environments: NumberOption;
  readonly wholeEpisodes: BooleanOption;
  readonly clipActions: BooleanOption;
}

export const options: OptionTable = Object.freeze({
  gamma: number(0.99, 0, 1, 'γ: discount per step'),
  lambda: number(0.95, 0, 1, 'λ of generalised advantage estimation: 0 trusts the critic, 1 the rewards'),
  normaliseAdvantages: boolean(true, 'shift and scale the advantages of a batch to mean 0 and deviation 1'),
  entropyBonus: number(0, 0, 1e6, 'β: weight of the mean entropy in the surrogate objective'),
  delta: positive(0.01, 100, 'δ: largest mean KL(old ‖ new) of a step, in nats'),
  fisher: choice(['gaussNewton', 'hessian'], 'Fisher-vector product: JᵀMJ, or the exact Hessian of the mean KL'),
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
  valueEpochs: whole(5, 0, 10_000, 'passes of the value fit over the batch'),
  valueMinibatch: nullable({ ...whole(1, 1, 1e9, 'rows in a minibatch of the value fit; null for the whole batch') }),
  valueLearningRate: positive(1e-3, 10, 'learning rate of Adam in the value fit'),
  valueDecaySteps: nullable({
    ...whole(1, 1, 1e15, 'environment steps over which that rate falls linearly to 0; null for a constant rate'),
  }),
  valueGradientClip: nullable({ ...positive(1, 1e12, 'largest gradient norm in the value fit; null for none') }),
  hidden: widths([64, 64], 'widths of the policy’s hidden layers'),
  valueHidden: widths([64, 64], 'widths of the critic’s hidden layers'),
  activation: activation('activation of the policy'),
  valueActivation: activation('activation of the critic'),
  initialisation: choice(
    ['orthogonal', 'lecun'],
    'of weights: orthogonal with gain √2, or normal with variance 1 / inputs',
  ),
  outputScale: positive(0.01, 100, 'gain of the policy’s last layer: small, so that the first policy prefers nothing'),
  initialLogDeviation: number(0, -20, 5, 'log σ of a Gaussian policy at the beginning'),
  normaliseObservations: boolean(false, 'shift and scale observations by running statistics, frozen during a batch'),
  observationClip: positive(10, 1e9, 'normalised observations are clipped to ± this'),
  scaleRewards: boolean(false, 'divide rewards by the running deviation of the discounted return'),
  rewardClip: positive(10, 1e9, 'scaled rewards are clipped to ± this'),
  dtype: choice(['f64', 'f32'], 'precision of parameters and training'),
  engine: choice(
    ['default', 'wasm', 'interpreter'],
    'what runs the computations: compiled WebAssembly, or the interpreter; by default the fastest here',
  ),
  deterministic: boolean(
    false,
    'compiled programs without instructions that round differently from processor to processor: slower, and the same bits on every machine',
  ),
  batchSize: whole(2048, 1, 1e9, 'environment steps in a batch; rounded up to a multiple of environments'),
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
