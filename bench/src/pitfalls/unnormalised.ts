/** Pitfall: advantages that are not normalised, in a task whose rewards come in other units. */
import type { Env } from '@natgrad/envs';
import {
  type Algorithm,
  type StepReport,
  type TrpoConfig,
  trpoStep,
  vanillaPolicyGradientStep,
} from '@natgrad/rl-trpo';
import { cartPole, type Finding, late, type Pitfall, returns, settingOf } from './pitfall.js';
import { reportsOf } from './run.js';

/** The same task with its rewards in another unit. */
export const inUnits = (env: Env, unit: number): Env => ({
  ...env,
  step: (state, action) => {
    const transition = env.step(state, action);
    return { ...transition, reward: transition.reward * unit };
  },
});

/** A critic that learns the same in every unit, so that the advantages alone differ. */
const common: Partial<TrpoConfig> = { scaleRewards: false, normaliseReturns: true };
const vanilla: Partial<TrpoConfig> = { policyOptimiser: 'plain', policyLearningRate: 1 };
const bonus: Partial<TrpoConfig> = { entropyBonus: 0.01 };

const ALGORITHMS: readonly (readonly [string, Algorithm, Partial<TrpoConfig>])[] = [
  ['TRPO', trpoStep, {}],
  ['TRPO with entropy bonus 0.01', trpoStep, bonus],
  ['vanilla policy gradient', vanillaPolicyGradientStep, vanilla],
];
const UNITS = [1, 0.001];

const finding = (variant: string, unit: number, runs: readonly (readonly StepReport[])[]): Finding => ({
  variant,
  values: {
    return: returns(runs, unit),
    gradientNorm: late(runs, (report) => report.gradientNorm),
    expectedImprovement: late(runs, (report) => report.expectedImprovement),
    kl: late(runs, (report) => report.kl),
    improvementRatio: late(runs, (report) => report.improvementRatio),
    entropy: late(runs, (report) => report.entropy),
  },
});

export const unnormalised: Pitfall = {
  name: 'unnormalised',
  setting: (effort) => `${settingOf(cartPole)(effort)}; returns in units of the original reward`,
  measure: (effort) =>
    ALGORITHMS.flatMap(([name, algorithm, own]) =>
      [false, true].flatMap((normaliseAdvantages) =>
        UNITS.map((unit) => {
          const options = { ...cartPole.options, ...common, ...own, normaliseAdvantages };
          const runs = reportsOf({ env: inUnits(cartPole.env, unit), options }, algorithm, effort);
          return finding(`${name}, ${normaliseAdvantages ? '' : 'not '}normalised, rewards × ${unit}`, unit, runs);
        }),
      ),
    ),
};
