/** Chapter 7: bias and noise of generalised advantage estimation by λ, exactly, for a critic that is half right. */
import { evaluatePolicy, finiteMdp, softmaxPolicy, type Table } from '@natgrad/rl-trpo/theory';
import { chart, range } from '../chart/chart.js';
import { orThrow } from '../or-throw.js';
import { corridor, corridorLogits, corridorTables, evaluated } from './worlds.js';

/** Samples whose mean the total error is of. */
const SAMPLES = 30;

const { gamma, transitions, rewards } = corridorTables;
const policy = softmaxPolicy(corridorLogits);

/** Q of the corridor with other rewards and another discount. */
const actionValues = (given: Table, discount: number): Table =>
  orThrow(evaluatePolicy(orThrow(finiteMdp({ ...corridorTables, rewards: given, gamma: discount })), policy))
    .actionValues;

const tableOf = (f: (s: number, a: number) => number): Table => rewards.map((row, s) => row.map((_, a) => f(s, a)));
const meanOf = (row: readonly number[], s: number): number =>
  row.reduce((total, x, a) => total + (policy[s]?.[a] as number) * x, 0);

interface Errors {
  readonly bias: number;
  readonly deviation: number;
}

/**
 * Of Â = δ + γλ Â′. Its mean is an action value for the rewards E[δ] and the discount γλ; its mean square is one for the rewards
 * E[δ² + 2γλ δ E Â′] and the discount (γλ)². Both errors are root mean squares over the policy's states and actions, and a bias that is
 * the same for all actions of a state counts as none.
 */
const errorsAt = (lambda: number): Errors => {
  const truth = evaluated(corridor(), policy);
  const critic = truth.values.map((value) => value / 2);
  const discount = gamma * lambda;
  const following = (s: number, a: number, f: (t: number) => number): number =>
    (transitions[s]?.[a] ?? []).reduce((total, p, t) => total + p * f(t), 0);
  const delta = (s: number, a: number, t: number): number =>
    (rewards[s]?.[a] as number) + gamma * (critic[t] as number) - (critic[s] as number);
  const means = actionValues(
    tableOf((s, a) => following(s, a, (t) => delta(s, a, t))),
    discount,
  );
  const later = means.map(meanOf);
  const squares = actionValues(
    tableOf((s, a) =>
      following(s, a, (t) => delta(s, a, t) ** 2 + 2 * discount * delta(s, a, t) * (later[t] as number)),
    ),
    discount ** 2,
  );
  const visits = truth.visitation.map((each) => each * (1 - gamma));
  const rootMean = (f: (s: number, a: number) => number): number =>
    Math.sqrt(visits.reduce((total, visit, s) => total + visit * meanOf(tableOf(f)[s] as readonly number[], s), 0));
  const error = tableOf((s, a) => (means[s]?.[a] as number) - (truth.advantages[s]?.[a] as number));
  return {
    bias: rootMean((s, a) => ((error[s]?.[a] as number) - meanOf(error[s] as readonly number[], s)) ** 2),
    deviation: rootMean((s, a) => (squares[s]?.[a] as number) - (means[s]?.[a] as number) ** 2),
  };
};

export const gaeFigure = (): string => {
  const found = range(0, 1, 51).map((lambda) => ({ lambda, ...errorsAt(lambda) }));
  const noise = (deviation: number): number => deviation / Math.sqrt(SAMPLES);
  const total = found.map(({ lambda, bias, deviation }) => [lambda, Math.hypot(bias, noise(deviation))] as const);
  const best = total.reduce((least, each) => (each[1] < least[1] ? each : least));
  return chart({
    title: 'Bias against noise',
    subtitle: `Advantages in the corridor by a critic that is half right, means of ${SAMPLES} samples`,
    panels: [
      {
        x: { title: 'λ', low: 0, high: 1, ticks: [0, 0.25, 0.5, 0.75, 1] },
        y: { title: 'error of Â', low: 0, high: 0.2, ticks: [0, 0.05, 0.1, 0.15, 0.2] },
        marks: [
          {
            label: 'bias',
            colour: 'amber',
            points: found.map(({ lambda, bias }) => [lambda, bias] as const),
            dash: '7 4',
          },
          {
            label: 'noise',
            colour: 'red',
            points: found.map(({ lambda, deviation }) => [lambda, noise(deviation)] as const),
            dash: '2 3',
          },
          { label: 'both', colour: 'blue', points: total, width: 2.5 },
          { colour: 'blue', points: [best], kind: 'dots' },
        ],
        notes: [{ at: best, words: `least at λ = ${best[0].toFixed(2)}`, anchor: 'middle', shift: [0, -14] }],
      },
    ],
  });
};
