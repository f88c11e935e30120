/** Presets: option values that are known to work, as data that a run saves. */

import { nearestNames } from '@natgrad/tensor/internal';
import { type Either, left } from 'fp-ts/lib/Either.js';
import { decodeConfig, type TrpoConfig } from './config.js';
import { issueError, type TrpoError } from './errors.js';
import { mujocoPresets } from './mujoco-presets.js';

/** Options that are known to work. */
export interface Preset {
  /** One line for lists. */
  readonly summary: string;
  /** What differs from the defaults. */
  readonly options: Partial<TrpoConfig>;
}

const classic: Partial<TrpoConfig> = {
  batchSize: 1024,
  environments: 8,
  hidden: [32, 32],
  valueHidden: [32, 32],
  valueEpochs: 20,
  valueMinibatch: 256,
};

/** The critic of the presets below: fewer and larger steps of Adam cost half the time and lose nothing there. */
const quickCritic: Partial<TrpoConfig> = { valueEpochs: 10, valueLearningRate: 0.003 };

/** Presets by name; an environment's id is the name of the preset for it. */
export const presets: Readonly<Record<string, Preset>> = Object.freeze({
  default: { summary: 'the defaults', options: {} },
  textbook: {
    summary: 'the literature’s: 256-256 tanh, batches of 5000, damped step sizing, 5 full-batch value epochs',
    options: {
      hidden: [256, 256],
      valueHidden: [256, 256],
      batchSize: 5000,
      stepSize: 'damped',
      shrink: 0.8,
      initialLogDeviation: 0,
      valueEpochs: 5,
      valueMinibatch: null,
    },
  },
  'CartPole-v1': {
    // Scaled rewards make the difference: without them the critic is too slow for values near 100, and when all episodes last to
    // the limit its errors are the advantages, which drive solved policies away. With them they stayed solved in 3 of 3 seeds.
    summary: 'solved within 100,000 steps',
    options: { ...classic, ...quickCritic, delta: 0.02, scaleRewards: true },
  },
  'Acrobot-v1': {
    summary: 'for 100,000 steps and more',
    options: { ...classic, ...quickCritic, delta: 0.02, normaliseObservations: true },
  },
  'MountainCar-v0': {
    summary: 'hard: reward comes only at the goal',
    options: { ...classic, normaliseObservations: true, entropyBonus: 0.01 },
  },
  'Pendulum-v1': {
    summary: 'swing up with scaled rewards',
    // γ 0.9 and large batches: of 2 or 4 seeds each with γ 0.95 or batches of 1024, one stayed below −300 after 100,000 steps.
    options: {
      ...classic,
      gamma: 0.9,
      delta: 0.05,
      batchSize: 2048,
      valueMinibatch: 512,
      normaliseObservations: true,
      scaleRewards: true,
    },
  },
  'Detour-v0': {
    summary: 'round the pond with --algorithm cpo, through it with trpo',
    options: { ...classic, ...quickCritic, delta: 0.02, initialLogDeviation: -0.5, costLimit: 1 },
  },
  'RepeatPrevious-v0': {
    // An answer has no consequences but its reward: γ = 0. A return of 0.89 after 80,000 steps (one seed).
    summary: 'needs a memory: a recurrent network over the whole episode',
    options: {
      network: 'recurrent',
      historySteps: 16,
      hidden: [32],
      valueHidden: [8],
      batchSize: 2048,
      environments: 16,
      gamma: 0,
      delta: 0.05,
      damping: 0.01,
      valueEpochs: 1,
      valueLearningRate: 0.01,
    },
  },
  'MountainCarContinuous-v0': {
    summary: 'hard: standing still is a local optimum',
    options: {
      ...classic,
      ...quickCritic,
      gamma: 0.999,
      normaliseObservations: true,
      scaleRewards: true,
      initialLogDeviation: 0.5,
    },
  },
  ...mujocoPresets,
});

/**
 * The complete configuration of a preset, with further options on top.
 *
 * @returns `Left` for an unknown name, with the nearest one, or for invalid options
 * @example
 * ```ts
 * const config = presetConfig('textbook', { delta: 0.02 });
 * console.log(config._tag === 'Right' && config.right.batchSize); // 5000
 * ```
 */
export const presetConfig = (name: string, given: unknown = {}): Either<TrpoError, TrpoConfig> => {
  const preset = Object.hasOwn(presets, name) ? presets[name] : undefined;
  if (preset !== undefined) {
    const base = decodeConfig(preset.options);
    return base._tag === 'Left' ? base : decodeConfig(given, base.right);
  }
  const names = Object.keys(presets);
  const [near] = nearestNames(name, names, 1);
  return left(
    issueError('InvalidConfig', {
      code: 'outOfRange',
      field: 'preset',
      found: `'${name.slice(0, 60)}'`,
      expected: `one of ${names.join(', ')}`,
      ...(near === undefined ? {} : { suggestion: `'${near}'` }),
    }),
  );
};
