/** Options that exclude each other, or that would do nothing: each with the field to change and what to change it to. */
import type { TrpoConfig } from './config.js';
import type { TrpoIssue } from './errors.js';
import type { Model } from './model.js';

type Rule = (config: TrpoConfig) => Omit<TrpoIssue, 'code'> | null;

const eachEnvironmentActs: Rule = ({ environments, batchSize }) =>
  environments <= batchSize
    ? null
    : {
        field: 'environments',
        found: `${environments} environments for a batch of ${batchSize} steps`,
        expected: `at most batchSize (${batchSize}), so that each environment makes a step`,
      };

const deltaWithinItsBounds: Rule = ({ adaptiveDelta, delta, deltaMinimum, deltaMaximum, deltaDecaySteps }) => {
  const isHigh = adaptiveDelta !== 'off' && delta > deltaMaximum;
  const isLow = (adaptiveDelta !== 'off' || deltaDecaySteps !== null) && delta < deltaMinimum;
  if (!isHigh && !isLow) return null;
  return {
    field: 'delta',
    found: String(delta),
    expected:
      delta < deltaMinimum
        ? `at least deltaMinimum (${deltaMinimum}), or another deltaMinimum`
        : `at most deltaMaximum (${deltaMaximum}), or another deltaMaximum`,
  };
};

const deltaMovesInOneWay: Rule = ({ adaptiveDelta, deltaDecaySteps }) =>
  adaptiveDelta === 'off' || deltaDecaySteps === null
    ? null
    : {
        field: 'deltaDecaySteps',
        found: `${deltaDecaySteps} with adaptiveDelta '${adaptiveDelta}', which moves δ by itself`,
        expected: "null, or adaptiveDelta 'off'",
      };

const klIsNotDelta: Rule = ({ adaptiveDelta, stepSize }) =>
  adaptiveDelta !== 'kl' || stepSize !== 'boundary'
    ? null
    : {
        field: 'adaptiveDelta',
        found: "'kl' with stepSize 'boundary', whose KL is δ whatever δ is",
        expected: "stepSize 'damped' or 'undamped', or adaptiveDelta 'improvement'",
      };

const trunkWithinPolicy: Rule = ({ sharedLayers, hidden }) =>
  sharedLayers <= hidden.length
    ? null
    : {
        field: 'sharedLayers',
        found: `${sharedLayers} of a policy with ${hidden.length} hidden layers`,
        expected: `at most ${hidden.length}, or more widths in hidden`,
      };

const somethingToRecompute: Rule = ({ checkpointing, hidden }) =>
  !checkpointing || hidden.length > 0
    ? null
    : {
        field: 'checkpointing',
        found: 'true for a policy without hidden layers, which has no activations to forget',
        expected: 'false, or widths in hidden',
      };

const windowsAsTheyAre: Rule = ({ network, normaliseObservations }) =>
  network === 'mlp' || !normaliseObservations
    ? null
    : {
        field: 'normaliseObservations',
        found:
          "true with network 'recurrent', whose windows of history begin each row with a flag that must stay 0 or 1",
        expected: 'false, and observations that the environment scales itself',
      };

const cellHasWidth: Rule = ({ network, hidden, valueHidden }) =>
  network === 'mlp' || (hidden.length > 0 && valueHidden.length > 0)
    ? null
    : {
        field: hidden.length > 0 ? 'valueHidden' : 'hidden',
        found: "[] with network 'recurrent'",
        expected: 'at least one width: the first is that of the recurrent cell',
      };

const perceptronsOnly: Rule = ({ network, sharedLayers, checkpointing }) => {
  if (network === 'mlp' || (sharedLayers === 0 && !checkpointing)) return null;
  return sharedLayers > 0
    ? { field: 'sharedLayers', found: `${sharedLayers} with network 'recurrent'`, expected: "0, or network 'mlp'" }
    : { field: 'checkpointing', found: "true with network 'recurrent'", expected: "false, or network 'mlp'" };
};

const rules: readonly Rule[] = [
  eachEnvironmentActs,
  deltaWithinItsBounds,
  deltaMovesInOneWay,
  klIsNotDelta,
  trunkWithinPolicy,
  somethingToRecompute,
  windowsAsTheyAre,
  cellHasWidth,
  perceptronsOnly,
];

/** All that does not go together in a configuration whose options are valid one by one. */
export const contradictions = (config: TrpoConfig): readonly TrpoIssue[] =>
  rules.flatMap((rule): readonly TrpoIssue[] => {
    const issue = rule(config);
    return issue === null ? [] : [{ code: 'contradiction', ...issue }];
  });

/** What options ask of a model that it was not built for. */
export const modelContradictions = (
  model: Pick<Model, 'features' | 'checkpointing'>,
  { sharedLayers, checkpointing }: TrpoConfig,
): readonly TrpoIssue[] => [
  ...(sharedLayers > 0 && model.features === undefined
    ? [
        {
          code: 'contradiction' as const,
          field: 'sharedLayers',
          found: `${sharedLayers} for a model without features`,
          expected: 'a model that was built with them, such as mlpModel(spaces, { sharedLayers }), or 0',
        },
      ]
    : []),
  ...(checkpointing && model.checkpointing !== true
    ? [
        {
          code: 'contradiction' as const,
          field: 'checkpointing',
          found: 'true for a model that keeps its activations all the same',
          expected: 'a model that was built with it, such as mlpModel(spaces, { checkpointing: true }), or false',
        },
      ]
    : []),
];

/** What an algorithm without a line search, or without a gradient of the joint objective, would leave undone. */
export const unsupportedBy =
  (name: string, { trunk }: { readonly trunk: boolean }) =>
  ({
    model,
    options,
  }: {
    readonly model: Pick<Model, 'features'>;
    readonly options: TrpoConfig;
  }): readonly TrpoIssue[] => [
    ...(options.adaptiveDelta === 'off'
      ? []
      : [
          {
            code: 'contradiction' as const,
            field: 'adaptiveDelta',
            found: `'${options.adaptiveDelta}' with ${name}, which searches no trust region`,
            expected: "'off', or the algorithm trpo or cpo",
          },
        ]),
    ...(trunk || model.features === undefined
      ? []
      : [
          {
            code: 'contradiction' as const,
            field: 'sharedLayers',
            found: `a model with a shared trunk for ${name}, whose objective does not have the critic in it`,
            expected: 'sharedLayers 0, or an algorithm that follows the gradient of the whole objective, such as trpo',
          },
        ]),
  ];
