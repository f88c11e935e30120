/** Chapter 8: return, surrogate and the bound of theorem 1 along the natural direction. */
import { maxKl, surrogateGain, theoremBound } from '@natgrad/rl-trpo/theory';
import { chart, type Panel, range } from '../chart/chart.js';
import { corridorLine } from './surrogate.js';
import { corridor, evaluated } from './worlds.js';

export const bound = (): string => {
  const mdp = corridor();
  const { policyAt, boundary } = corridorLine();
  const old = evaluated(mdp, policyAt(0));
  const panel = (title: string, most: number, y: Panel['y'], ticks: Panel['x']['ticks']): Panel => {
    const steps = range(0, most, 81);
    const along = (f: (t: number) => number): readonly (readonly [number, number])[] =>
      steps.map((step) => [step, f(step * boundary)] as const);
    return {
      title,
      x: { title: 'step, 1 = up to mean KL 0.01', low: 0, high: most, ticks },
      y,
      marks: [
        {
          label: 'return J',
          colour: 'blue',
          points: along((t) => evaluated(mdp, policyAt(t)).expectedReturn - old.expectedReturn),
        },
        { label: 'surrogate L', colour: 'amber', points: along((t) => surrogateGain(old, policyAt(t))), dash: '7 4' },
        {
          label: 'L − C·KL, the guarantee',
          colour: 'green',
          points: along((t) => theoremBound(old, policyAt(t)) - old.expectedReturn),
        },
      ],
    };
  };
  const shareOf = maxKl(policyAt(0), policyAt(boundary));
  return chart({
    title: 'What theorem 1 guarantees',
    subtitle: `Gain of return in the corridor; at step 1 the largest KL of a state is ${shareOf.toFixed(3)}`,
    panels: [
      panel(
        'Up to where the guarantee ends',
        0.05,
        { title: 'gain', low: -0.01, high: 0.02, ticks: [-0.01, 0, 0.01, 0.02] },
        [0, 0.01, 0.02, 0.03, 0.04, 0.05],
      ),
      panel(
        'Up to the step that TRPO takes',
        1,
        { title: '', low: -10, high: 2, ticks: [-10, -8, -6, -4, -2, 0, 2] },
        [0, 0.25, 0.5, 0.75, 1],
      ),
    ],
  });
};
