/** Chapter 9: PPO's objective of one action against the surrogate, by the ratio of probabilities. */
import { log } from '@natgrad/autodiff';
import { categoricalDistribution, clippedSurrogate, surrogate } from '@natgrad/rl-trpo';
import { item, type Tensor, tensor } from '@natgrad/tensor';
import { chart, type Panel, range } from '../chart/chart.js';

const arms = categoricalDistribution(2);
const policy = (p: number): { readonly logits: Tensor } => ({ logits: log(tensor([[p, 1 - p]])) });

const panel = (title: string, advantage: number): Panel => {
  const rows = {
    observations: tensor([[0]]),
    actions: tensor([0], 'i32'),
    logProbabilities: log(tensor([0.4])),
    oldParameters: policy(0.4),
    advantages: tensor([advantage]),
  };
  const clipped = clippedSurrogate(arms, { clipRange: 0.2, entropyBonus: 0 });
  const plain = surrogate({ distribution: arms, entropyBonus: 0, ...rows });
  const ratios = range(0.02, 2, 100);
  const [low, high] = advantage > 0 ? [0, 2] : [-2, 0];
  return {
    title,
    x: { title: 'ratio π / π_old', low: 0, high: 2, ticks: [0, 0.8, 1.2, 2] },
    y: { title: advantage > 0 ? 'objective' : '', low, high, ticks: range(low, high, 5) },
    marks: [
      {
        label: 'surrogate',
        colour: 'amber',
        points: ratios.map((r) => [r, item(plain(policy(0.4 * r)))] as const),
        dash: '7 4',
      },
      {
        label: 'clipped',
        colour: 'blue',
        points: ratios.map((r) => [r, item(clipped(policy(0.4 * r), rows))] as const),
      },
      { colour: 'ink', points: [[1, advantage]], kind: 'dots' },
    ],
  };
};

export const ppo = (): string =>
  chart({
    title: 'What PPO climbs',
    subtitle: 'One action with ε = 0.2: beyond the range a better action earns nothing, a worse one costs nothing',
    height: 200,
    panels: [panel('A = 1: better than expected', 1), panel('A = −1: worse', -1)],
  });
