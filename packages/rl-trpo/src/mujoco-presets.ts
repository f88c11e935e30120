/** Presets for the MuJoCo tasks, for a million steps. */
import type { TrpoConfig } from './config.js';
import type { Preset } from './presets.js';

const base: Partial<TrpoConfig> = {
  batchSize: 2048,
  // One, so that a batch holds whole episodes of 1000 steps, and about as much of each task as episodes are long.
  environments: 1,
  hidden: [64, 64],
  valueHidden: [64, 64],
  dtype: 'f32',
  delta: 0.02,
  initialLogDeviation: -0.5,
  normaliseObservations: true,
  observationClip: 10,
  scaleRewards: true,
  valueEpochs: 10,
  valueMinibatch: 64,
  valueLearningRate: 1e-3,
  valueDecaySteps: 1_000_000,
};

/** A smaller damping needs more products to be worth it. */
const exact: Partial<TrpoConfig> = { damping: 0.01, cgIterations: 20 };

/** As σ shrinks the Fisher matrix grows like 1/σ²: damping that does not grow with it vanishes, and the policy drifts. */
const relative: Partial<TrpoConfig> = { dampingKind: 'relative', damping: 0.1 };

const preset = (summary: string, options: Partial<TrpoConfig>): Preset => ({
  summary,
  options: { ...base, ...options },
});

export const mujocoPresets: Readonly<Record<string, Preset>> = Object.freeze({
  // Two environments, half of the rows in F and minibatches of 128 make an iteration cheaper: 6152, 7702, 5823 and 5655 (seeds 100 to
  // 103, last 100 episodes). All rows and minibatches of 64: 5244, 6152, 5900 and 6232; with one environment 6654, 6699 and 5862; with
  // eight, which begin together, so that a batch sees a quarter of each episode, 6332 and 5300.
  'HalfCheetah-v5': preset('for a million steps', {
    ...exact,
    delta: 0.04,
    initialLogDeviation: -1,
    environments: 2,
    fisherRows: 1024,
    valueMinibatch: 128,
  }),
  'Hopper-v5': preset('for a million steps', {
    delta: 0.04,
    cgIterations: 25,
    valueEpochs: 20,
    valueMinibatch: 128,
    valueDecaySteps: null,
  }),
  'Walker2d-v5': preset('for a million steps', { ...relative, cgIterations: 20, delta: 0.04, initialLogDeviation: -1 }),
  'Ant-v5': preset('for a million steps', { ...relative, delta: 0.07, initialLogDeviation: -2 }),
  // Motors take ±0.4: log 0.4 less than elsewhere.
  'Humanoid-v5': preset('for a million steps', {
    ...relative,
    cgIterations: 20,
    delta: 0.07,
    initialLogDeviation: -1.9,
  }),
  'Swimmer-v5': preset('for a million steps', { ...exact, delta: 0.04, gamma: 0.9999, lambda: 0.99 }),
  'Reacher-v5': preset('for a million steps', { ...relative, initialLogDeviation: -1 }),
  // From log σ = −0.5 one episode in a hundred still ended early.
  'InvertedPendulum-v5': preset('for a million steps', { ...relative, initialLogDeviation: -1 }),
  // A tenth of the damping left it to drift: 7899 and 8119 where this gave 8872 and 8064 (seeds 100 and 101, last 100 episodes).
  'InvertedDoublePendulum-v5': preset('for a million steps', { ...relative, damping: 1 }),
});
