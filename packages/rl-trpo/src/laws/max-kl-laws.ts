/** Laws of a trust region that bounds the largest KL of a state in place of the mean. */
import { elements } from '@natgrad/tensor/internal';
import { type Law, law } from '@natgrad/tensor/laws';
import type { StepResult } from '../finish.js';
import type { Algorithm } from '../frame.js';
import type { TrpoReport } from '../report.js';
import type { StepConfig } from '../setup.js';
import { require, requireClose } from './check.js';
import { type Problem, problems } from './problems.js';
import { stepper } from './steps.js';

/** Laws of a step with `klKind` max, for an algorithm that promises a trust region. */
export const maxKlLaws = (algorithm: Algorithm<TrpoReport>, given: StepConfig): readonly Law[] => {
  const config: StepConfig = { ...given, klKind: 'max' };
  const { model } = config;
  const cases = problems(config);
  const run = stepper(algorithm, config);
  const onBoundary = stepper(algorithm, { ...config, stepSize: 'boundary' });
  // Shrinking by 0.7 up to 60 times reaches any step at all.
  const guessed = stepper(algorithm, { ...config, stepSize: 'undamped', shrink: 0.7, maxTries: 60 });
  const label = `max KL, ${model.distribution.name}(${model.observationWidth})`;
  /** KL(old ‖ new) of each state, from the batch alone. */
  const klOf = ({ batch }: Problem, { state }: StepResult): readonly number[] =>
    Array.from(elements(model.distribution.kl(batch.oldParameters, model.policy(state.policy, batch.observations))));

  return [
    law(`${label}: no state moves by more than δ, and the one that moves most is reported`, cases, (problem) => {
      const result = run(problem);
      const largest = Math.max(...klOf(problem, result));
      require(largest <= problem.state.delta * (1 + 1e-9), () => `KL is ${largest}, δ ${problem.state.delta}`);
      // Compiled sums and these round differently: ulps of parameters of order 1, squared and subtracted.
      requireClose('reported KL', result.report.kl, largest, 1e-12);
      requireClose('KL/δ', result.report.klShare, largest / problem.state.delta, 1e-9);
    }),
    law(`${label}: boundary sizing brings the state that moves most to [0.95 δ, δ]`, cases, (problem) => {
      const result = onBoundary(problem);
      const { lineSearch } = result.report;
      if (lineSearch.status !== 'accepted' || lineSearch.fraction < 1) return;
      const share = Math.max(...klOf(problem, result)) / problem.state.delta;
      require(share >= 0.95 * (1 - 1e-9) && share <= 1 + 1e-9, () => `KL/δ is ${share}`);
    }),
    law(`${label}: the quadratic guess, which is of the mean, is cut until no state is beyond δ`, cases, (problem) => {
      const result = guessed(problem);
      const kls = klOf(problem, result);
      require(Math.max(...kls) <= problem.state.delta * (1 + 1e-9), () => `KL is ${Math.max(...kls)}`);
      require(result.report.lineSearch.status === 'accepted', () => JSON.stringify(result.report.lineSearch));
    }),
  ];
};
