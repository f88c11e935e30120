/** Chapter 2: return and surrogate, along the natural direction in the corridor, and where they part altogether. */
import { counterexample, softmaxPolicy, surrogateGain, type Table, trustRegionUpdate } from '@natgrad/rl-trpo/theory';
import { chart, range } from '../chart/chart.js';
import type { Points } from '../chart/svg.js';
import { orThrow } from '../or-throw.js';
import { corridor, corridorLogits, evaluated } from './worlds.js';

interface Gains {
  readonly real: Points;
  readonly surrogate: Points;
}

/** What policies gain over the first one, by J and by L. */
const gainsAlong = (mdp: ReturnType<typeof corridor>, policyAt: (t: number) => Table, ts: readonly number[]): Gains => {
  const old = evaluated(mdp, policyAt(0));
  return {
    real: ts.map((t) => [t, evaluated(mdp, policyAt(t)).expectedReturn - old.expectedReturn] as const),
    surrogate: ts.map((t) => [t, surrogateGain(old, policyAt(t))] as const),
  };
};

/** The corridor's policies along the natural gradient of its first one, and how far δ = 0.01 goes. */
export const corridorLine = (): {
  readonly policyAt: (t: number) => Table;
  readonly boundary: number;
} => {
  const { direction, logits } = orThrow(trustRegionUpdate(corridor(), corridorLogits, { damping: 0, delta: 0.01 }));
  const at = (t: number): Table =>
    corridorLogits.map((row, s) => row.map((x, a) => x + t * (direction[s]?.[a] as number)));
  const moved = (logits[2]?.[1] as number) - (corridorLogits[2]?.[1] as number);
  return { policyAt: (t) => softmaxPolicy(at(t)), boundary: moved / (direction[2]?.[1] as number) };
};

export const surrogate = (): string => {
  const { policyAt, boundary } = corridorLine();
  const inCorridor = gainsAlong(corridor(), policyAt, range(0, 20 * boundary, 61));
  const { mdp, policy, next } = counterexample();
  const shifted = (t: number): Table =>
    policy.map((row, s) => row.map((p, a) => p + 100 * t * ((next[s]?.[a] as number) - p)));
  const elsewhere = gainsAlong(mdp, shifted, range(0, 0.4, 61));
  const marks = ({ real, surrogate: promised }: Gains, scale: number) => {
    const scaled = (points: Points): Points => points.map(([x, y]) => [x / scale, y] as const);
    return [
      { label: 'return J', colour: 'blue' as const, points: scaled(real) },
      { label: 'surrogate L', colour: 'amber' as const, points: scaled(promised), dash: '7 4' },
    ];
  };
  return chart({
    title: 'What is gained, and what the surrogate says',
    subtitle: 'Both leave the old policy with the same value and slope; L may be too low or too high',
    panels: [
      {
        title: 'In the corridor',
        x: { title: 'step, 1 = up to KL 0.01', low: 0, high: 20, ticks: [0, 5, 10, 15, 20] },
        y: { title: 'gain', low: 0, high: 5, ticks: [0, 1, 2, 3, 4, 5] },
        marks: [
          {
            colour: 'faint',
            points: [
              [1, 0],
              [1, 5],
            ],
            dash: '2 3',
            width: 1,
          },
          ...marks(inCorridor, boundary),
        ],
      },
      {
        title: 'In another world',
        x: { title: 'probability moved', low: 0, high: 0.4, ticks: [0, 0.1, 0.2, 0.3, 0.4] },
        y: { title: '', low: -0.1, high: 0.04, ticks: [-0.08, -0.04, 0, 0.04] },
        marks: marks(elsewhere, 1),
      },
    ],
  });
};
