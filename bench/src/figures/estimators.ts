/** Chapter 1: the noise of three estimators of the policy gradient, from all sequences of pulls of a lever with two arms. */
import { chart } from '../chart/chart.js';

const POLICY = [0.75, 0.25] as const;
const PAYS = [1, 2] as const;
/** First component of ∇ log π(a). */
const SCORE = [0.25, -0.75] as const;
const EXPECTED = 1.25;

type Arm = 0 | 1;
type Weight = (sequence: readonly Arm[], t: number) => number;

const rewardFrom = (sequence: readonly Arm[], t: number): number =>
  sequence.slice(t).reduce<number>((total, a) => total + PAYS[a], 0);

/** Deviation of Σ_t score(a_t)·weight as a multiple of the gradient, over all sequences of so many pulls. */
const relativeDeviation = (pulls: number, weight: Weight): number => {
  const found = Array.from({ length: 2 ** pulls }, (_, code) => {
    const sequence = Array.from({ length: pulls }, (_t, t) => ((code >> t) & 1) as Arm);
    return {
      p: sequence.reduce<number>((product, a) => product * POLICY[a], 1),
      estimate: sequence.reduce<number>((total, a, t) => total + SCORE[a] * weight(sequence, t), 0),
    };
  });
  const mean = found.reduce((total, { p, estimate }) => total + p * estimate, 0);
  return Math.sqrt(found.reduce((total, { p, estimate }) => total + p * (estimate - mean) ** 2, 0)) / Math.abs(mean);
};

const PULLS = Array.from({ length: 10 }, (_, i) => i + 1);

export const estimators = (): string => {
  const curve = (weight: Weight): readonly (readonly [number, number])[] =>
    PULLS.map((pulls) => [pulls, relativeDeviation(pulls, weight)] as const);
  return chart({
    title: 'Three estimators of one gradient',
    subtitle: 'Standard deviation of a single sample, as a multiple of the gradient itself',
    panels: [
      {
        x: { title: 'pulls in an episode', low: 1, high: 10, ticks: [1, 2, 4, 6, 8, 10] },
        y: { title: 'deviation / gradient', low: 0, high: 12, ticks: [0, 4, 8, 12] },
        marks: [
          { label: 'whole return', colour: 'red', points: curve((sequence) => rewardFrom(sequence, 0)) },
          { label: 'reward to go', colour: 'amber', points: curve(rewardFrom), dash: '7 4' },
          {
            label: 'reward to go, less a baseline',
            colour: 'blue',
            points: curve((sequence, t) => rewardFrom(sequence, t) - EXPECTED * (sequence.length - t)),
          },
        ],
      },
    ],
  });
};
