/** Chapter 4: policies of three arms within a KL, its ellipse, and where both gradients lead. */
import { concatenate, dot, expandDims, grad, jit, linearize, log, reshape, softmax } from '@natgrad/autodiff';
import {
  addScaled,
  boundaryStep,
  categoricalDistribution,
  conjugateGradient,
  inner,
  meanKl,
  norm,
  quadraticStep,
} from '@natgrad/rl-trpo';
import { item, type Scalar, type Tensor, tensor, toTypedArray, zeros } from '@natgrad/tensor';
import { chart, type Mark, range } from '../chart/chart.js';

const DELTA = 0.05;
const arms = categoricalDistribution(3);
const logits = (at: Tensor): { readonly logits: Tensor } => ({
  logits: expandDims(concatenate([at, zeros([1])], 0), 0),
});
const payment = (at: Tensor): Scalar => dot(softmax(reshape(logits(at).logits, [3]), 0), tensor([1, 8, 2]));

type Point = readonly [number, number];
const pointOf = (x: Tensor): Point => {
  const [a = 0, b = 0] = toTypedArray(x);
  return [a, b];
};

export const naturalGradientFigure = (): string => {
  const old = log(tensor([0.6 / 0.37, 0.03 / 0.37]));
  const kl = (at: Tensor): Scalar => meanKl(arms, logits(old), logits(at));
  const measured = jit(kl);
  const fisher = linearize(grad(kl), old).apply;
  /** Where KL reaches δ in a direction, for the true KL and for its quadratic. */
  const reached = (direction: Tensor): number => {
    const trial = (scale: number) => ({ kl: item(measured(addScaled(old, scale, direction))), gain: 0, finite: true });
    const initial = quadraticStep(DELTA, inner(direction, fisher(direction)));
    return boundaryStep(trial, { delta: DELTA, initial, share: 0.9999 }).scale;
  };
  const quadratic = (direction: Tensor): number => quadraticStep(DELTA, inner(direction, fisher(direction)));
  const around = (radius: (direction: Tensor) => number): readonly Point[] =>
    range(0, 2 * Math.PI, 241).map((angle) => {
      const direction = tensor([Math.cos(angle), Math.sin(angle)]);
      return pointOf(addScaled(old, radius(direction), direction));
    });
  const gradient = grad(payment)(old);
  const natural = conjugateGradient(fisher, gradient).x;
  const ball = reached(gradient) * norm(gradient);
  const step = (direction: Tensor): readonly Point[] => [
    pointOf(old),
    pointOf(addScaled(old, reached(direction), direction)),
  ];
  const level = (at: Point): number => item(payment(tensor([...at])));
  const [center, ends] = [pointOf(old), [step(gradient), step(natural)].map((line) => line[1] as Point)];
  const [x0, y0] = center;
  // Lines on which the payment is the same: for each abscissa the ordinate, in closed form.
  const sameAs = (value: number): readonly Point[] =>
    range(x0 - 3.4, x0 + 3.4, 137).flatMap((x) => {
      // (eˣ + 8eʸ + 2) / (eˣ + eʸ + 1) = value
      const e = (value * (Math.exp(x) + 1) - Math.exp(x) - 2) / (8 - value);
      return e > 0 ? [[x, Math.log(e)] as const] : [];
    });
  const levels = [level(center), ...ends.map(level)];
  const contours: readonly Mark[] = levels.map((value) => ({ colour: 'grid', points: sameAs(value), width: 1.5 }));
  const gains = levels.slice(1).map((value) => `+${(value - (levels[0] as number)).toFixed(2)}`);
  return chart({
    title: 'The same change of behaviour, two directions',
    subtitle: 'Three arms, two parameters; grey: policies that are paid the same',
    height: 440,
    panels: [
      {
        // One unit is as long on both axes: 636 by 440 pixels for 6.8 by 4.704.
        x: { title: 'θ₁', low: x0 - 3.4, high: x0 + 3.4, ticks: [-2, -1, 0, 1, 2, 3] },
        y: { title: 'θ₂', low: y0 - 2.8, high: y0 + 1.904, ticks: [-5, -4, -3, -2, -1] },
        marks: [
          ...contours,
          { label: 'KL = 0.05', colour: 'green', points: around(reached) },
          { label: '½ ΔᵀFΔ = 0.05', colour: 'green', points: around(quadratic), dash: '5 4', width: 1.5 },
          { label: 'a ball in θ', colour: 'faint', points: around(() => ball), dash: '2 4', width: 1.5 },
          { label: 'gradient', colour: 'amber', points: step(gradient), kind: 'arrow', width: 2.5 },
          { label: 'natural gradient', colour: 'blue', points: step(natural), kind: 'arrow', width: 2.5 },
          { colour: 'ink', points: [center], kind: 'dots' },
        ],
        notes: [
          { at: ends[0] as Point, words: gains[0] as string, anchor: 'end', shift: [-8, 4], colour: 'amber' },
          { at: ends[1] as Point, words: gains[1] as string, anchor: 'start', shift: [10, 12], colour: 'blue' },
        ],
      },
    ],
  });
};
