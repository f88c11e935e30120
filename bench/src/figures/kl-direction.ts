/** Chapter 3: both directions of KL as a policy of two actions gives up one of them. */
import { klByState } from '@natgrad/rl-trpo/theory';
import { chart, decades, range } from '../chart/chart.js';

export const klDirection = (): string => {
  const careful = [[0.5, 0.5]];
  const left = range(Math.log10(0.5), -4, 81).map((exponent) => 10 ** exponent);
  const kl = (from: 'old' | 'new') =>
    left.map((p) => {
      const next = [[1 - p, p]];
      const [found = 0] = from === 'old' ? klByState(careful, next) : klByState(next, careful);
      return [p, found] as const;
    });
  return chart({
    title: 'Giving up an action',
    subtitle: 'The old policy takes both actions half of the time; the new one hardly takes the second',
    panels: [
      {
        x: {
          title: 'probability that the new policy leaves to the second action',
          low: 0.5,
          high: 1e-4,
          logarithmic: true,
          ticks: [{ at: 0.5, label: '½' }, ...decades(-4, -1)],
        },
        y: { title: 'nats', low: 0, high: 4, ticks: [0, 1, 2, 3, 4] },
        marks: [
          { label: 'KL(old ‖ new)', colour: 'blue', points: kl('old') },
          { label: 'KL(new ‖ old)', colour: 'amber', points: kl('new'), dash: '7 4' },
        ],
        notes: [{ at: [1e-4, Math.log(2)], words: 'at most log 2', anchor: 'end', shift: [-6, -8], colour: 'faint' }],
      },
    ],
  });
};
