/** Pitfall: conjugate gradient that does not solve the system that it was given. */
import {
  type Algorithm,
  addScaled,
  type CompiledSetup,
  damped,
  drawRows,
  inner,
  iterationKeys,
  norm,
  type Operator,
  type StepInput,
  type TrpoConfig,
  type TrpoReport,
} from '@natgrad/rl-trpo';
import { foldIn } from '@natgrad/tensor';
import { orThrow } from '../or-throw.js';
import { median } from '../statistics.js';
import { cartPole, type Finding, late, type Pitfall, rejected, returns, settingOf, wanted } from './pitfall.js';
import { mapResult } from './result.js';
import { reportsOf } from './run.js';
import { type Found, type Replacement, SOUND, trpoWith } from './variant.js';

/** ‖g − (F + damping)x‖ / ‖g‖ with F as the options say, whatever the solver was given: what the solver should have made small. */
const trueResidual = (input: StepInput, { data, objective, natural, metric }: Found): number => {
  const { fisher } = orThrow(SOUND.policyMetric(input, data, objective.atOld));
  const product = damped(fisher, metric.damping)(natural.solve.x);
  return norm(addScaled(objective.gradient, -1, product)) / norm(objective.gradient);
};

/** F over other rows of the batch at each product: it is not one matrix, so no directions are conjugate. */
const freshRows =
  (rows: number) =>
  ({ compiled }: CompiledSetup): Replacement => ({
    policyMetric: (input, data, atOld) => {
      const { policy, key } = input.state;
      let product = 0;
      const fisher: Operator = (v) => {
        product += 1;
        const drawn = drawRows(data, rows, foldIn(iterationKeys(key).fisher, product));
        return compiled.linearisedPolicy(policy, drawn).fisher(v);
      };
      return mapResult(SOUND.policyMetric(input, data, atOld), (metric) => ({ ...metric, fisher }));
    },
  });

/** A warm start at x₀ whose residual is taken for g in place of g − (F + damping)x₀: it solves for x − x₀. */
const wrongResidual = (): Replacement => ({
  naturalDirection: (input, metric, gradient) => {
    const found = SOUND.naturalDirection(input, metric, gradient, null);
    const { previousSolution: start } = input.state;
    if (start === null) return found;
    const x = addScaled(found.solve.x, 1, start);
    const curvature = inner(x, metric.fisher(x));
    return {
      ...found,
      solve: { ...found.solve, x },
      slope: inner(gradient, x),
      curvature,
      dampedCurvature: curvature + metric.damping * inner(x, x),
    };
  },
});

const variant = (replace: (setup: CompiledSetup) => Replacement): Algorithm<TrpoReport> =>
  trpoWith('conjugate-gradient', (setup) => ({
    ...replace(setup),
    own: (input, found) => ({ residual: trueResidual(input, found) }),
  }));

const sound = variant(() => ({}));

const VARIANTS: readonly (readonly [string, Algorithm<TrpoReport>, Partial<TrpoConfig>])[] = [
  ['one product', sound, { cgIterations: 1 }],
  ['`damping` 1e−5', sound, { damping: 1e-5 }],
  ['`damping` 1e−5, 100 products', sound, { damping: 1e-5, cgIterations: 100 }],
  ['F over 4 fresh rows in each product', variant(freshRows(4)), {}],
  ['`fisherRows` 4: drawn once', sound, { fisherRows: 4 }],
  ['warm start, residual not updated', variant(wrongResidual), {}],
  ['`cgWarmStart`', sound, { cgWarmStart: true }],
  ['defaults: `damping` 0.1, 10 products', sound, {}],
];

const medianOf = (runs: readonly (readonly TrpoReport[])[], field: (report: TrpoReport) => number): number =>
  median(runs.flat().map(field));

const finding = (name: string, runs: readonly (readonly TrpoReport[])[]): Finding => ({
  variant: name,
  values: {
    return: returns(runs),
    cgResidual: medianOf(runs, (report) => report.cgResidual),
    'true residual': medianOf(runs, ({ own }) => own['residual'] as number),
    negativeCurvature: rejected(runs, 'negativeCurvature'),
    tries: late(runs, ({ lineSearch }) => (lineSearch.tries === 0 ? null : lineSearch.tries)),
    klShare: late(runs, (report) => report.klShare),
    improvementRatio: late(runs, (report) => report.improvementRatio),
  },
});

export const conjugateGradientFails: Pitfall = {
  name: 'conjugate-gradient',
  setting: settingOf(cartPole),
  measure: (effort) =>
    wanted(VARIANTS, effort).map(([name, algorithm, options]) =>
      finding(name, reportsOf({ ...cartPole, options: { ...cartPole.options, ...options } }, algorithm, effort)),
    ),
};
