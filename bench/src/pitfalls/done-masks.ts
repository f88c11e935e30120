/** Pitfall: masks of episode ends that are ignored, or mistaken for each other. */
import { bootstrapRows, type GaeInput, gae, type TrpoReport } from '@natgrad/rl-trpo';
import { item, mean } from '@natgrad/tensor';
import { advantagesBy } from './advantages.js';
import { cartPole, type Effort, type Finding, late, type Pitfall, type Problem, pendulum, returns } from './pitfall.js';
import { reportsOf } from './run.js';
import { type Stages, trpoWith } from './variant.js';

/** One long episode for each segment: what follows the end of an episode is the start of the next. */
export const unmaskedAdvantages = (input: GaeInput): Float64Array => {
  const { segments, values, finalValues, terminated, truncated } = input;
  const none = new Uint8Array(terminated.length);
  const rows = bootstrapRows(segments, terminated, truncated);
  const known = new Map(rows.map((row, k) => [row, finalValues[k] as number]));
  // Where the last row of a segment ends an episode nothing follows that could be valued: its own value stands in.
  const last = bootstrapRows(segments, none, none).map((row) => known.get(row) ?? (values[row] as number));
  return gae({ ...input, terminated: none, truncated: none, finalValues: last }).advantages;
};

/** A time limit taken for the end of the task: nothing is bootstrapped where an episode was cut. */
export const cutAsEndAdvantages = (input: GaeInput): Float64Array => {
  const { segments, finalValues, terminated, truncated } = input;
  const rows = bootstrapRows(segments, terminated, truncated);
  const ended = Uint8Array.from({ length: terminated.length }, (_, row) =>
    terminated[row] === 1 || truncated[row] === 1 ? 1 : 0,
  );
  const left = rows.flatMap((row, k) => (truncated[row] === 1 ? [] : [finalValues[k] as number]));
  return gae({ ...input, terminated: ended, finalValues: left }).advantages;
};

/** With the mean of what the critic is taught, in units of raw rewards. */
const variant = (estimateAdvantages?: Stages['estimateAdvantages']): ReturnType<typeof trpoWith> =>
  trpoWith('masks', () => ({
    ...(estimateAdvantages === undefined ? {} : { estimateAdvantages }),
    own: (_input, { data }) => ({ target: item(mean(data.returns)) * data.rewardScale }),
  }));

const VARIANTS = [
  ['masks ignored', variant(advantagesBy(unmaskedAdvantages))],
  ['time limit as the end of the task', variant(advantagesBy(cutAsEndAdvantages))],
  ['both masks kept apart', variant()],
] as const;

const finding = (name: string, runs: readonly (readonly TrpoReport[])[]): Finding => ({
  variant: name,
  values: {
    return: returns(runs),
    'critic’s targets': late(runs, ({ own }) => own['target'] as number),
    explainedVarianceBefore: late(runs, (report) => report.explainedVarianceBefore),
    klShare: late(runs, (report) => report.klShare),
    improvementRatio: late(runs, (report) => report.improvementRatio),
    entropy: late(runs, (report) => report.entropy),
  },
});

/** γ 0.99, so that what comes after the limit of 200 steps matters. */
const patient: Problem = { ...pendulum, options: { ...pendulum.options, gamma: 0.99 } };

const measureIn = (problem: Problem, effort: Effort): readonly Finding[] =>
  VARIANTS.map(([name, algorithm]) => finding(`${problem.env.id}: ${name}`, reportsOf(problem, algorithm, effort)));

export const doneMasks: Pitfall = {
  name: 'done-masks',
  setting: ({ seeds, iterations }) =>
    `${seeds} seeds, ${iterations} iterations of ${cartPole.options.batchSize} (CartPole) and ${patient.options.batchSize} (Pendulum) steps, γ = 0.99`,
  measure: (effort) => [...measureIn(cartPole, effort), ...measureIn(patient, effort)],
};
