/** Laws of a backtracking line search and of the step sizes. */
import { type Law, law } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import type { LineSearchOptions, LineSearchOutcome, Trial } from '../line-search.js';
import { type BoundaryOptions, quadraticStep, type StepSize } from '../step-size.js';
import { numbers, require, requireClose } from './check.js';

export type LineSearch = (evaluate: (fraction: number) => Trial, options: LineSearchOptions) => LineSearchOutcome;

/** A trial that lies anywhere: inside, outside, without gain, or not finite. */
const trials: fc.Arbitrary<Trial> = fc.record({
  kl: fc.oneof(numbers(0, 0.03), fc.constantFrom(NaN, Infinity, 0.01)),
  gain: fc.oneof(numbers(-1, 1), fc.constantFrom(NaN, Infinity, -Infinity, 0)),
  finite: fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  feasible: fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
});

const settings: fc.Arbitrary<Required<LineSearchOptions>> = fc.record({
  delta: fc.constantFrom(0.01, 0.02),
  expectedGain: numbers(-1, 2),
  shrink: numbers(0.1, 0.95),
  maxTries: fc.integer({ min: 1, max: 12 }),
  acceptRatio: fc.constantFrom(0, 0, 0.1, 0.5),
});

const passes = ({ kl, gain, finite, feasible }: Trial, fraction: number, o: Required<LineSearchOptions>): boolean =>
  finite &&
  feasible !== false &&
  Number.isFinite(kl) &&
  Number.isFinite(gain) &&
  kl <= o.delta &&
  gain > 0 &&
  gain > o.acceptRatio * fraction * o.expectedGain;

/** Laws for `lineSearch`. */
export const lineSearchLaws = (search: LineSearch): readonly Law[] => {
  const cases = fc.tuple(settings, fc.array(trials, { minLength: 12, maxLength: 12 }));
  const run = ([options, list]: readonly [Required<LineSearchOptions>, readonly Trial[]]): {
    readonly outcome: LineSearchOutcome;
    readonly asked: readonly number[];
  } => {
    const asked: number[] = [];
    const outcome = search((fraction) => list[asked.push(fraction) - 1] as Trial, options);
    return { outcome, asked };
  };
  return [
    law(
      'line search: accepted means KL ≤ δ, gain > 0, enough of what was expected, everything finite and feasible',
      cases,
      (each) => {
        const { outcome, asked } = run(each);
        if (outcome.status !== 'accepted') return;
        const trial = each[1][asked.length - 1] as Trial;
        require(passes(trial, outcome.fraction, each[0]), () => `accepted ${JSON.stringify(trial)}`);
        require(outcome.kl === trial.kl &&
          outcome.gain === trial.gain &&
          outcome.fraction === asked.at(-1) &&
          outcome.tries === asked.length, () => 'the outcome is not the trial');
        requireClose('expected gain', outcome.expectedGain, outcome.fraction * each[0].expectedGain, 1e-12);
      },
    ),
    law('line search: rejected means that every try failed, and the reason is the last one’s', cases, (each) => {
      const { outcome, asked } = run(each);
      if (outcome.status !== 'rejected') return;
      const [options, list] = each;
      require(asked.length === options.maxTries && outcome.tries === options.maxTries, () =>
        `${asked.length} tries of ${options.maxTries}`);
      asked.forEach((fraction, k) => require(!passes(list[k] as Trial, fraction, options), () => `try ${k} was good`));
      const { kl, gain, finite, feasible } = list[asked.length - 1] as Trial;
      const reason =
        !finite || !Number.isFinite(kl) || !Number.isFinite(gain)
          ? 'nonFinite'
          : kl > options.delta
            ? 'klExceeded'
            : feasible === false
              ? 'constraintViolated'
              : 'noImprovement';
      require(outcome.reason === reason, () => `reason ${outcome.reason}, expected ${reason}`);
    }),
    law('line search: the tries are 1, s, s², … and the first good one ends them', cases, (each) => {
      const { outcome, asked } = run(each);
      const [options, list] = each;
      asked.forEach((fraction, k) => requireClose(`try ${k}`, fraction, options.shrink ** k, 1e-12));
      asked
        .slice(0, -1)
        .forEach((fraction, k) =>
          require(!passes(list[k] as Trial, fraction, options), () => `went on after try ${k}`),
        );
      require((outcome.status === 'accepted') ===
        passes(list[asked.length - 1] as Trial, asked.at(-1) as number, options), () => 'the last try was misjudged');
    }),
  ];
};

export type Boundary = (evaluate: (scale: number) => Trial, options: BoundaryOptions) => StepSize;

/** KL along a line: quadratic at first, then more or less steep, not finite beyond a point. */
const curves: fc.Arbitrary<(scale: number) => Trial> = fc
  .record({
    curvature: numbers(1e-3, 1e3),
    bend: numbers(-0.5, 1.5),
    edge: fc.oneof(fc.constant(Infinity), numbers(0.5, 4)),
  })
  .map(({ curvature, bend, edge }) => (scale: number): Trial => {
    const z = scale * Math.sqrt(curvature);
    const kl = 0.5 * z * z * (1 + z) ** bend;
    return { kl: z > edge ? NaN : kl, gain: 0, finite: true };
  });

/** Laws for `boundaryStep` and {@link quadraticStep}. */
export const stepSizeLaws = (boundaryStep: Boundary): readonly Law[] => [
  law(
    'boundary: KL lies in [0.95 δ, δ] wherever it can',
    fc.tuple(curves, numbers(1e-4, 0.1), numbers(1e-3, 1e3)),
    ([evaluate, delta, initial]) => {
      const { scale } = boundaryStep(evaluate, { delta, initial });
      const { kl } = evaluate(scale);
      require(kl <= delta && kl >= 0.95 * delta, () => `KL/δ is ${kl / delta} at scale ${scale}`);
    },
  ),
  law(
    'boundary: no more than 6 evaluations from the quadratic guess on a nearly quadratic curve',
    fc.tuple(numbers(1e-3, 1e3), numbers(-0.5, 1.5), numbers(1e-4, 0.1)),
    ([curvature, bend, delta]) => {
      const evaluate = (scale: number): Trial => {
        const z = scale * Math.sqrt(curvature);
        return { kl: 0.5 * z * z * (1 + z) ** bend, gain: 0, finite: true };
      };
      const { evaluations } = boundaryStep(evaluate, { delta, initial: quadraticStep(delta, curvature) });
      require(evaluations <= 6, () => `${evaluations} evaluations`);
    },
  ),
  law(
    'boundary: never beyond δ, whatever the curve',
    fc.tuple(fc.func(fc.oneof(numbers(0, 1), fc.constantFrom(NaN, Infinity))), numbers(1e-3, 0.1), numbers(1e-3, 1e3)),
    ([f, delta, initial]) => {
      const evaluate = (scale: number): Trial => ({ kl: f(scale), gain: 0, finite: true });
      const { scale, evaluations } = boundaryStep(evaluate, { delta, initial });
      require(Number.isFinite(scale) && scale >= 0 && evaluations <= 30, () => `scale ${scale} after ${evaluations}`);
      require(scale === 0 || evaluate(scale).kl <= delta, () => `KL ${evaluate(scale).kl} beyond ${delta}`);
    },
  ),
  law(
    'boundary: where KL is bounded below the band it still ends inside',
    fc.tuple(numbers(0.01, 0.9), numbers(1e-3, 10)),
    ([share, initial]) => {
      const delta = 0.01;
      const evaluate = (scale: number): Trial => ({ kl: share * delta * Math.tanh(scale), gain: 0, finite: true });
      const { scale } = boundaryStep(evaluate, { delta, initial });
      require(scale > 0 && evaluate(scale).kl <= delta, () => `scale ${scale}`);
    },
  ),
  law(
    'the quadratic step solves ½ β² xᵀFx = δ, and is 0 without curvature',
    fc.tuple(numbers(1e-6, 1), numbers(1e-6, 1e6)),
    ([delta, curvature]) => {
      requireClose('½ β² xᵀFx', 0.5 * quadraticStep(delta, curvature) ** 2 * curvature, delta, 1e-12);
      [0, -curvature, NaN, Infinity].forEach((none) =>
        require(quadraticStep(delta, none) === 0, () => `a step for a curvature of ${none}`),
      );
    },
  ),
];
