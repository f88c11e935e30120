/** Small random problems for the laws: models, states, and batches that their own policies drew. */
import { foldIn, type Key, key, multiply, normal, split, type Tensor, treeMap, uniformAt } from '@natgrad/tensor';
import { adopt, elements } from '@natgrad/tensor/internal';
import fc from 'fast-check';
import { actor } from '../act.js';
import { type Batch, bootstrapRows, type Segment } from '../batch.js';
import { initialState } from '../initial-state.js';
import { actionKey } from '../keys.js';
import type { Model, ParameterTree } from '../model.js';
import type { PolicyDistribution } from '../options.js';
import type { ActionSpace } from '../policy/head.js';
import { heads } from '../policy/heads.js';
import { mlpModel, type Spaces } from '../policy/mlp-model.js';
import type { StepConfig } from '../setup.js';
import type { TrpoState } from '../state.js';

/** Drawn rows: `[rows, width]` standard normal. */
export const observationsOf = (drawKey: Key, rows: number, width: number): Tensor => normal(drawKey, [rows, width]);

/** A random vector with the shapes of the parameters. */
export const directionOf = (parameters: ParameterTree, seed: number): ParameterTree => {
  let drawn = 0;
  return treeMap((leaf) => normal(key(seed * 64 + drawn++), leaf.shape), parameters);
};

export interface BatchOptions {
  /** Rows of each segment. Default: 4, 7 and 5. */
  readonly lengths?: readonly number[];
  /** Share of rows that end an episode, half of them by truncation. Default 0.2. */
  readonly endings?: number;
  readonly rewardScale?: number;
}

/** A batch whose actions the policy of the state drew on random observations, with random rewards and episode ends. */
export const sampledBatch = (config: StepConfig, state: TrpoState, drawKey: Key, options: BatchOptions = {}): Batch => {
  const { lengths = [4, 7, 5], endings = 0.2, rewardScale = 1 } = options;
  const { distribution, observationWidth: width } = config.model;
  const segments = lengths.map((length, environment): Segment => ({ environment, length }));
  const rows = lengths.reduce((a, b) => a + b, 0);
  const [observationKey, rewardKey, endKey, finalKey] = split(drawKey, 4) as readonly [Key, Key, Key, Key];
  const observations = observationsOf(observationKey, rows, width);
  const keys = segments.flatMap(({ environment, length }) =>
    Array.from({ length }, (_, step) => actionKey(state.key, environment, step)),
  );
  const acted = actor(config, state).sample(elements(observations), keys);
  const flag = (low: number, high: number): Uint8Array =>
    Uint8Array.from({ length: rows }, (_, i) => {
      const u = uniformAt(endKey, i);
      return u >= low && u < high ? 1 : 0;
    });
  const [terminated, truncated] = [flag(0, endings / 2), flag(endings / 2, endings)];
  const finals = bootstrapRows(segments, terminated, truncated).length;
  const { action, parameterShapes } = distribution;
  return {
    observations,
    actions: adopt(
      action.dtype === 'i32' ? Int32Array.from(acted.actions) : acted.actions,
      action.dtype === 'i32' ? 'i32' : 'f64',
      [rows, ...action.shape],
    ),
    logProbabilities: adopt(acted.logProbabilities, 'f64', [rows]),
    oldParameters: Object.fromEntries(
      Object.entries(parameterShapes).map(([name, shape]) => [
        name,
        adopt(acted.parameters[name] as Float64Array, 'f64', [rows, ...shape]),
      ]),
    ),
    rewards: multiply(normal(rewardKey, [rows]), rewardScale),
    terminated: adopt(terminated, 'bool', [rows]),
    truncated: adopt(truncated, 'bool', [rows]),
    finalObservations: observationsOf(finalKey, finals, width),
    segments,
  };
};

/** Two choices of policy, so that laws hold for both kinds of actions. */
export const exampleSpaces: readonly Spaces[] = [
  { observationSpace: { low: [0, 0, 0] }, actionSpace: { kind: 'discrete', n: 3 } },
  { observationSpace: { low: [0, 0] }, actionSpace: { kind: 'box', low: [0, 0] } },
  { observationSpace: { low: [0] }, actionSpace: { kind: 'box', low: [0] } },
];

/** Small networks of which every option but the sizes is a default. */
export const exampleModels: readonly Model[] = exampleSpaces.map((spaces) =>
  // The last layer is not small here, so that policies differ from row to row.
  mlpModel(spaces, { hidden: [5, 4], valueHidden: [4], outputScale: 1 }),
);

export interface Problem {
  readonly config: StepConfig;
  readonly state: TrpoState;
  readonly batch: Batch;
}

/** A problem from a seed; the state’s own numbers are all drawn from it. */
export const problemOf = (config: StepConfig, seed: number, options: BatchOptions = {}): Problem => {
  const start = initialState(config, key(seed));
  if (start._tag === 'Left') throw new Error(start.left.message);
  return { config, state: start.right, batch: sampledBatch(config, start.right, foldIn(key(seed), 1), options) };
};

export const problems = (config: StepConfig, options: BatchOptions = {}): fc.Arbitrary<Problem> =>
  fc.nat(1e6).map((seed) => problemOf(config, seed, options));

/** Small spaces of every kind of action; bounded, so that every distribution fits. */
const spacesByKind: Readonly<Record<ActionSpace['kind'], readonly Spaces[]>> = {
  discrete: [{ observationSpace: { low: [0, 0] }, actionSpace: { kind: 'discrete', n: 3 } }],
  multiDiscrete: [{ observationSpace: { low: [0, 0] }, actionSpace: { kind: 'multiDiscrete', counts: [2, 3] } }],
  multiBinary: [{ observationSpace: { low: [0, 0] }, actionSpace: { kind: 'multiBinary', n: 2 } }],
  box: [
    { observationSpace: { low: [0, 0] }, actionSpace: { kind: 'box', low: [-2], high: [1] } },
    { observationSpace: { low: [0] }, actionSpace: { kind: 'box', low: [-1, 0], high: [1, 3] } },
  ],
};

/** A small network for every distribution that `mlpModel` knows, on each space that it fits. */
export const everyPolicy: readonly Model[] = Object.entries(heads).flatMap(([name, { kind }]) =>
  spacesByKind[kind].map((spaces) =>
    mlpModel(spaces, {
      distribution: name as PolicyDistribution,
      hidden: [4],
      valueHidden: [4],
      outputScale: 1,
    }),
  ),
);
