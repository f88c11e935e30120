/** Laws of a trust region that finds its own size. */
import { type Law, law } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import type { AdaptiveDeltaOptions } from '../adaptive-delta.js';
import type { LineSearchOutcome } from '../line-search.js';
import { numbers, require, requireClose } from './check.js';

export type NextDelta = (options: AdaptiveDeltaOptions, delta: number, outcome: LineSearchOutcome) => number;

const settings: fc.Arbitrary<AdaptiveDeltaOptions> = fc.record({
  adaptiveDelta: fc.constantFrom('improvement', 'kl'),
  delta: fc.constantFrom(0.005, 0.01, 0.02),
  deltaTarget: fc.oneof(fc.constant(null), numbers(0.01, 1)),
  deltaBand: numbers(1.1, 4),
  deltaMinimum: fc.constantFrom(1e-5, 0.004),
  deltaMaximum: fc.constantFrom(0.03, 1),
});

const inside: fc.Arbitrary<number> = numbers(1e-3, 0.1);

/** A step whose gain is `ratio` times what was expected. */
const accepted = (ratio: number, kl: number): LineSearchOutcome => ({
  status: 'accepted',
  fraction: 1,
  kl,
  gain: 0.02 * ratio,
  expectedGain: 0.02,
  tries: 1,
});

/** What is held near a target, and a step for which it is `factor` times that target. */
const stepAt = (options: AdaptiveDeltaOptions, factor: number): LineSearchOutcome => {
  const target = options.deltaTarget ?? (options.adaptiveDelta === 'kl' ? options.delta : 0.5);
  return options.adaptiveDelta === 'kl' ? accepted(1, factor * target) : accepted(factor * target, 0.01);
};

/** +1 where more of what is measured lets δ grow, −1 where it makes it shrink. */
const sense = ({ adaptiveDelta }: AdaptiveDeltaOptions): number => (adaptiveDelta === 'kl' ? -1 : 1);

const clamp = ({ deltaMinimum, deltaMaximum }: AdaptiveDeltaOptions, delta: number): number =>
  Math.min(deltaMaximum, Math.max(deltaMinimum, delta));

/** Laws for `nextDelta`. */
export const adaptiveDeltaLaws = (next: NextDelta): readonly Law[] => [
  law(
    'adaptive δ: stays within the band, and moves by 1.5 outside it, in the right direction',
    fc.tuple(settings, inside, numbers(0.01, 20)),
    ([options, delta, factor]) => {
      const found = next(options, delta, stepAt(options, factor));
      const { deltaBand: band } = options;
      // At the edges rounding decides.
      if ([band, 1 / band].some((edge) => Math.abs(factor / edge - 1) < 1e-9)) return;
      const turn = sense(options) * (factor > band ? 1 : factor < 1 / band ? -1 : 0);
      requireClose('δ', found, clamp(options, delta * 1.5 ** turn), 1e-12);
    },
  ),
  law(
    'adaptive δ: within its bounds after any step, wherever it was before',
    fc.tuple(settings, numbers(1e-9, 100), numbers(0, 20), fc.boolean()),
    ([options, delta, factor, rejected]) => {
      const outcome: LineSearchOutcome = rejected
        ? { status: 'rejected', reason: 'klExceeded', tries: 10 }
        : stepAt(options, factor);
      const found = next(options, delta, outcome);
      require(found >= options.deltaMinimum && found <= options.deltaMaximum, () => `δ is ${found}`);
    },
  ),
  law(
    'adaptive δ: a step that was tried in vain makes it smaller, one that was not tried changes nothing',
    fc.tuple(settings, inside),
    ([options, delta]) => {
      const after = (reason: Extract<LineSearchOutcome, { status: 'rejected' }>['reason']): number =>
        next(options, delta, { status: 'rejected', reason, tries: 0 });
      const [same, smaller] = [clamp(options, delta), clamp(options, delta / 1.5)];
      const vain = options.adaptiveDelta === 'improvement' ? smaller : same;
      require(after('zeroGradient') === same && after('negativeCurvature') === same, () => 'δ moved without a step');
      require(after('klExceeded') === smaller && after('nonFinite') === smaller, () => 'δ did not shrink');
      require(after('noImprovement') === vain, () => `δ is ${after('noImprovement')} after no improvement`);
    },
  ),
  law(
    'adaptive δ: held where the step obeys it: it ends within the band of its target and stays there',
    fc.tuple(settings, inside, numbers(0.2, 5)),
    ([options, start, share]) => {
      // The KL of a step is a fixed share of δ, and the share of the gain that comes true falls as δ grows.
      const measure = (delta: number): LineSearchOutcome => accepted(1 / (1 + (delta * share) / 0.01), share * delta);
      const wide = { ...options, deltaTarget: null, deltaBand: 1.5, deltaMinimum: 1e-9, deltaMaximum: 100 };
      let delta = start;
      for (let n = 0; n < 60; n += 1) delta = next(wide, delta, measure(delta));
      require(next(wide, delta, measure(delta)) === delta, () => `δ is still moving at ${delta}`);
    },
  ),
  law(
    'adaptive δ: off, it is never touched',
    fc.tuple(settings, inside, numbers(0, 20)),
    ([options, delta, factor]) => {
      require(next({ ...options, adaptiveDelta: 'off' }, delta, stepAt(options, factor)) === delta, () => 'δ moved');
    },
  ),
];
