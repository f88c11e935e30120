/** Laws of a critic that learns returns in units of their own. */
import { add, multiply as traced } from '@natgrad/autodiff';
import { foldIn, fromTypedArray, key, multiply, normal, reshape, type Tensor } from '@natgrad/tensor';
import { elements } from '@natgrad/tensor/internal';
import { type Law, law } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import { isLeft } from 'fp-ts/lib/Either.js';
import type { Batch } from '../batch.js';
import type { StepResult } from '../finish.js';
import type { ParameterTree } from '../model.js';
import { toTargets, toValues, valueScaleOf } from '../return-normalisation.js';
import { emptyStatistics, mergeStatistics, type RunningStatistics, statisticsOf } from '../running-statistics.js';
import type { StepConfig } from '../setup.js';
import type { TrpoState } from '../state.js';
import { numbers, require, requireClose, requireIdenticalTrees } from './check.js';
import { problemOf, sampledBatch } from './problems.js';
import type { StepMaker } from './trust-region-laws.js';

const statisticsOfNumbers = (x: Tensor): RunningStatistics => statisticsOf(reshape(x, [x.size, 1]));

const normalNumbers = (seed: number): ArrayLike<number> => elements(normal(key(seed), [20]));

/** Returns of many sizes, whose mean may be large beside their deviation. */
const streams: fc.Arbitrary<Tensor> = fc
  .tuple(fc.nat(1e6), numbers(-100, 100), fc.constantFrom(1e-3, 1, 1e5))
  .map(([seed, shift, unit]) => fromTypedArray(Float64Array.from(normalNumbers(seed), (x) => unit * (x + shift))));

const numbersOf = (x: Tensor): readonly number[] => Array.from(elements(x));
const meanOf = (x: readonly number[]): number => x.reduce((sum, each) => sum + each / x.length, 0);

/** Laws of the scale itself. */
export const valueScaleLaws = (): readonly Law[] => [
  law('return normalisation: targets have mean 0 and deviation 1', streams, (returns) => {
    const targets = numbersOf(toTargets(valueScaleOf(statisticsOfNumbers(returns)), returns));
    // 100 deviations away from 0 two digits are lost.
    requireClose('mean', meanOf(targets), 0, 1e-12);
    requireClose('mean square', meanOf(targets.map((x) => x * x)), 1, 1e-10);
  }),
  law(
    'return normalisation: values undo targets, whatever was seen before',
    fc.tuple(streams, streams),
    ([before, returns]) => {
      const scale = valueScaleOf(mergeStatistics(statisticsOfNumbers(before), statisticsOfNumbers(returns)));
      const back = numbersOf(toValues(scale, toTargets(scale, returns)));
      // Rounding is that of the largest number on the way.
      const size = Math.abs(scale.mean) + scale.deviation;
      numbersOf(returns).forEach((x, i) => requireClose(`return ${i}`, (back[i] as number) / size, x / size, 1e-14));
    },
  ),
  law('return normalisation: no unit before the first return, and none where all are the same', streams, (said) => {
    const all = (x: Tensor, expected: number, what: string): void =>
      numbersOf(x).forEach((each) => require(each === expected, () => `${what}: ${each}, not ${expected}`));
    all(toValues(valueScaleOf(emptyStatistics(1)), said), 0, 'a value before the first return');
    const same = valueScaleOf(statisticsOfNumbers(fromTypedArray(new Float64Array(7).fill(3))));
    all(toValues(same, said), 3, 'a value');
    all(toTargets(same, said), 0, 'a target');
    require(toValues(valueScaleOf(null), said) === said && toTargets(valueScaleOf(null), said) === said, () =>
      'switched off it is not the identity');
  }),
];

/** Laws of a step whose critic learns so. */
export const returnNormalisationLaws = (make: StepMaker, given: StepConfig): readonly Law[] => {
  const config: StepConfig = { ...given, normaliseReturns: true };
  const label = `step, ${config.model.distribution.name}`;
  const step = make(config);
  const run = (of: StepConfig, state: TrpoState, batch: Batch): StepResult => {
    const result = (of === config ? step : make(of))(state, batch);
    if (isLeft(result)) throw new Error(result.left.message);
    return result.right;
  };
  const valuesOf = (state: TrpoState, observations: Tensor): Tensor =>
    toValues(valueScaleOf(state.valueStatistics), config.model.value(state.value, observations));
  return [
    law(
      `${label}: rewards in another unit give values in that unit and the same policy, step after step`,
      fc.tuple(fc.nat(1e6), fc.constantFrom(2 ** -12, 2 ** 15)),
      ([seed, unit]) => {
        const { state } = problemOf(config, seed);
        let [plain, scaled] = [state, state];
        for (let n = 0; n < 3; n += 1) {
          const batch = sampledBatch(config, plain, foldIn(key(seed), n));
          const [one, other] = [
            run(config, plain, batch),
            run(config, scaled, { ...batch, rewards: multiply(batch.rewards, unit) }),
          ];
          [plain, scaled] = [one.state, other.state];
          // Units that are powers of two change no digit.
          requireIdenticalTrees(`policies after step ${n + 1}`, scaled.policy, plain.policy);
          requireIdenticalTrees(`critics after step ${n + 1}`, scaled.value, plain.value);
          const [values, inUnit] = [plain, scaled].map((each) => valuesOf(each, batch.observations)) as [
            Tensor,
            Tensor,
          ];
          requireIdenticalTrees(`values after step ${n + 1}`, inUnit, multiply(values, unit));
          require(other.report.valueLossAfter === one.report.valueLossAfter * unit ** 2, () =>
            'the reported error is not in raw units');
          require(other.report.explainedVarianceAfter === one.report.explainedVarianceAfter, () =>
            'the explained variance depends on the unit');
        }
      },
    ),
    law(
      `${label}: advantages are those of a critic in raw units`,
      fc.tuple(fc.nat(1e6), numbers(-50, 50), numbers(0.1, 20)),
      ([seed, mean, deviation]) => {
        const { state: fresh, batch } = problemOf(config, seed);
        const seen = fromTypedArray(Float64Array.from([mean - deviation, mean + deviation]));
        const state = { ...fresh, valueStatistics: statisticsOfNumbers(seen) };
        const scale = valueScaleOf(state.valueStatistics);
        const raw: StepConfig = {
          ...config,
          normaliseReturns: false,
          model: {
            ...config.model,
            initialise: (k) => config.model.initialise(k),
            value: (parameters: ParameterTree, observations: Tensor): Tensor =>
              add(scale.mean, traced(config.model.value(parameters, observations), scale.deviation)),
          },
        };
        const [one, other] = [run(config, state, batch), run(raw, state, batch)];
        // The same sums in another program: rounding, which the solve of the step magnifies.
        requireClose('gradient norms', one.report.gradientNorm, other.report.gradientNorm, 1e-9);
        requireClose('errors before', one.report.valueLossBefore, other.report.valueLossBefore, 1e-9);
        require(one.state.valueStatistics.count === 2 + batch.rewards.size, () => 'the returns were not counted');
        require(other.state.valueStatistics.count === 2, () => 'returns were counted while it was off');
      },
    ),
    law(`${label}: the critic comes nearer to the returns`, fc.nat(1e6), (seed) => {
      const problem = problemOf(config, seed, { rewardScale: 1000 });
      const eager = { ...config, valueEpochs: 200, valueLearningRate: 0.01 };
      const { report } = run(eager, problem.state, problem.batch);
      require(report.valueLossAfter < 0.9 * report.valueLossBefore, () =>
        `from ${report.valueLossBefore} to ${report.valueLossAfter}`);
    }),
  ];
};
