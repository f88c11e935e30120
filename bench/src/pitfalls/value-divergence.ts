/** Pitfall: a critic that diverges, or never arrives. */
import { type TrpoConfig, type TrpoReport, trpoStep } from '@natgrad/rl-trpo';
import { type Finding, late, type Pitfall, pendulum, returns, settingOf, wanted } from './pitfall.js';
import { reportsOf } from './run.js';

const raw: Partial<TrpoConfig> = { scaleRewards: false };

const VARIANTS: readonly (readonly [string, Partial<TrpoConfig>])[] = [
  ['`valueLearningRate` 10', { valueLearningRate: 10 }],
  ['raw rewards, `valueLearningRate` 0.001', { ...raw, valueLearningRate: 0.001 }],
  ['raw rewards, `valueLearningRate` 0.1', { ...raw, valueLearningRate: 0.1 }],
  ['raw rewards, `normaliseReturns`', { ...raw, normaliseReturns: true }],
  ['raw rewards, `valueFit` by trust region', { ...raw, valueFit: 'trustRegion' }],
  ['`scaleRewards`, `valueLearningRate` 0.003', {}],
];

const finding = (variant: string, runs: readonly (readonly TrpoReport[])[]): Finding => ({
  variant,
  values: {
    return: returns(runs),
    explainedVarianceBefore: late(runs, (report) => report.explainedVarianceBefore),
    explainedVarianceAfter: late(runs, (report) => report.explainedVarianceAfter),
    'valueLossAfter / valueLossBefore': late(runs, (report) => report.valueLossAfter / report.valueLossBefore),
    klShare: late(runs, (report) => report.klShare),
    improvementRatio: late(runs, (report) => report.improvementRatio),
  },
});

export const valueDivergence: Pitfall = {
  name: 'value-divergence',
  setting: settingOf(pendulum),
  measure: (effort) =>
    wanted(VARIANTS, effort).map(([name, options]) =>
      finding(name, reportsOf({ ...pendulum, options: { ...pendulum.options, ...options } }, trpoStep, effort)),
    ),
};
