/** Pitfall: a line search that never finds a step. */
import { type Algorithm, scaled, type TrpoConfig, type TrpoReport, trpoStep } from '@natgrad/rl-trpo';
import { cartPole, type Finding, late, type Pitfall, rejected, returns, settingOf, share, wanted } from './pitfall.js';
import { mapResult } from './result.js';
import { reportsOf } from './run.js';
import { SOUND, trpoWith } from './variant.js';

/** The gradient of a loss, −∇L, for a search that wants L to rise. */
const ofLoss = trpoWith('gradient-of-loss', () => ({
  policyGradient: (input, data) =>
    mapResult(SOUND.policyGradient(input, data), (found) => ({ ...found, gradient: scaled(-1, found.gradient) })),
}));

const exact: Partial<TrpoConfig> = { damping: 0, cgIterations: 50 };

const VARIANTS: readonly (readonly [string, Algorithm<TrpoReport>, Partial<TrpoConfig>])[] = [
  ['gradient of the loss', ofLoss, {}],
  ['`acceptRatio` 1', trpoStep, { acceptRatio: 1 }],
  ['`damping` 0, 50 products, `undamped` size', trpoStep, { ...exact, stepSize: 'undamped' }],
  ['the same, size by `boundary`', trpoStep, exact],
  ['`undamped` size, with `damping` 0.1', trpoStep, { stepSize: 'undamped' }],
  ['defaults: `damping` 0.1, 10 products, `boundary`', trpoStep, {}],
];

const finding = (variant: string, runs: readonly (readonly TrpoReport[])[]): Finding => ({
  variant,
  values: {
    return: returns(runs),
    accepted: share(runs, ({ lineSearch }) => lineSearch.status === 'accepted'),
    noImprovement: rejected(runs, 'noImprovement'),
    klExceeded: rejected(runs, 'klExceeded'),
    tries: late(runs, ({ lineSearch }) => lineSearch.tries),
    klShare: late(runs, (report) => report.klShare),
    cgResidual: late(runs, (report) => report.cgResidual),
  },
});

export const lineSearchFails: Pitfall = {
  name: 'line-search',
  setting: settingOf(cartPole),
  measure: (effort) =>
    wanted(VARIANTS, effort).map(([name, algorithm, options]) =>
      finding(name, reportsOf({ ...cartPole, options: { ...cartPole.options, ...options } }, algorithm, effort)),
    ),
};
