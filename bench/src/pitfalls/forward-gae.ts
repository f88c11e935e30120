/** Pitfall: generalised advantage estimation whose recursion runs the wrong way through time. */
import { type Algorithm, type GaeInput, type TrpoReport, trpoStep } from '@natgrad/rl-trpo';
import { advantagesBy, endsOf, temporalDifferences } from './advantages.js';
import { cartPole, type Finding, late, type Pitfall, type Problem, returns, settingOf } from './pitfall.js';
import { reportsOf } from './run.js';
import { trpoWith } from './variant.js';

/** A_t = δ_t + γλ A_{t−1}: an action is praised for what came before it. */
export const forwardAdvantages = (input: GaeInput): Float64Array => {
  const [deltas, ends] = [temporalDifferences(input), endsOf(input)];
  const sums = new Float64Array(deltas.length);
  let before = 0;
  deltas.forEach((delta, row) => {
    before = delta + input.gamma * input.lambda * before;
    sums[row] = before;
    if (ends.has(row)) before = 0;
  });
  return sums;
};

const broken = (teaches: boolean): Algorithm<TrpoReport> =>
  trpoWith('forward-gae', () => ({ estimateAdvantages: advantagesBy(forwardAdvantages, teaches) }));

const finding = (variant: string, runs: readonly (readonly TrpoReport[])[]): Finding => ({
  variant,
  values: {
    return: returns(runs),
    klShare: late(runs, (report) => report.klShare),
    improvementRatio: late(runs, (report) => report.improvementRatio),
    explainedVarianceBefore: late(runs, (report) => report.explainedVarianceBefore),
    valueLossBefore: late(runs, (report) => report.valueLossBefore),
    entropy: late(runs, (report) => report.entropy),
  },
});

/** What is left of forward sums when their noise from before the action is taken away. */
const oneStep: Problem = { ...cartPole, options: { ...cartPole.options, lambda: 0 } };

export const forwardGae: Pitfall = {
  name: 'forward-gae',
  setting: settingOf(cartPole),
  measure: (effort) => [
    finding('forward', reportsOf(cartPole, broken(true), effort)),
    finding('forward for the policy, sound returns for the critic', reportsOf(cartPole, broken(false), effort)),
    finding('backward, λ = 0', reportsOf(oneStep, trpoStep, effort)),
    finding('backward', reportsOf(cartPole, trpoStep, effort)),
  ],
};
