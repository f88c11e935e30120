/** Chapter 6: KL along the natural direction, and the three step sizes. */
import { addScaled, boundaryStep, naturalGradient, quadraticStep } from '@natgrad/rl-trpo';
import { chart, type Panel, range } from '../chart/chart.js';
import { type Miniature, miniature } from './worlds.js';

const DELTA = 0.01;

const panel = ({ weights, gradient, fisher, kl }: Miniature, damping: number, title: string, yTitle: string): Panel => {
  const natural = naturalGradient(fisher, gradient, { iterations: 10, tolerance: 1e-10, damping });
  const klAt = (scale: number): number => kl(addScaled(weights, scale, natural.solve.x));
  const undamped = quadraticStep(DELTA, natural.curvature);
  const dampedScale = quadraticStep(DELTA, natural.dampedCurvature);
  const boundary = boundaryStep((scale) => ({ kl: klAt(scale), gain: 0, finite: true }), {
    delta: DELTA,
    initial: undamped,
  }).scale;
  const share = (scale: number): readonly [number, number] => [scale / undamped, klAt(scale) / DELTA];
  const along = range(0, 1.6, 65);
  return {
    title,
    x: { title: 'step, 1 = √(2δ / xᵀFx)', low: 0, high: 1.6, ticks: [0, 0.5, 1, 1.5] },
    y: { title: yTitle, low: 0, high: 2, ticks: [0, 0.5, 1, 1.5, 2] },
    marks: [
      {
        colour: 'faint',
        points: [
          [0, 1],
          [1.6, 1],
        ],
        width: 1.5,
      },
      { label: 'KL', colour: 'ink', points: along.map((t) => share(t * undamped)) },
      { label: '½ ΔᵀFΔ', colour: 'faint', points: along.map((t) => [t, t * t] as const), dash: '5 4', width: 1.5 },
      { label: 'damped', colour: 'amber', points: [share(dampedScale)], kind: 'dots' },
      { label: 'undamped', colour: 'red', points: [share(undamped)], kind: 'dots' },
      { label: 'boundary', colour: 'blue', points: [share(boundary)], kind: 'dots' },
    ],
  };
};

export const stepSize = (): string => {
  const problem = miniature();
  return chart({
    title: 'Three step sizes',
    subtitle: 'KL along x, as a share of δ = 0.01, for the network of chapter 5',
    panels: [panel(problem, 0.1, 'x with damping 0.1', 'KL / δ'), panel(problem, 0.01, 'x with damping 0.01', '')],
  });
};
