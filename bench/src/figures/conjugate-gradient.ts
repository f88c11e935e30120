/** Chapter 5: residual and error of conjugate gradient on a policy's Fisher matrix. */
import { addScaled, conjugateGradient, damped, inner, type ParameterTree } from '@natgrad/rl-trpo';
import { chart, decades } from '../chart/chart.js';
import type { Colour, Points } from '../chart/svg.js';
import { type Miniature, miniature } from './worlds.js';

const MOST = 30;

interface Run {
  readonly residuals: Points;
  readonly errors: Points;
}

const solve = ({ fisher, gradient }: Miniature, damping: number): Run => {
  const operator = damped(fisher, damping);
  const best = conjugateGradient(operator, gradient, { iterations: 400, tolerance: 1e-13 }).x;
  const iterates: ParameterTree[] = [];
  const { residuals } = conjugateGradient(operator, gradient, {
    iterations: MOST,
    tolerance: 1e-9,
    onIterate: (x) => iterates.push(x),
  });
  const size = (x: ParameterTree): number => Math.sqrt(inner(x, operator(x)));
  const errors = iterates.map((x) => size(addScaled(x, -1, best)) / size(best));
  return {
    residuals: residuals.map((each, k) => [k, each] as const),
    errors: [1, ...errors].map((each, k) => [k, each] as const),
  };
};

const SYSTEMS: readonly {
  readonly damping: number;
  readonly label: string;
  readonly colour: Colour;
  readonly dash?: string;
}[] = [
  { damping: 0, label: 'F', colour: 'red' },
  { damping: 0.01, label: 'F + 0.01·I', colour: 'amber', dash: '7 4' },
  { damping: 0.1, label: 'F + 0.1·I', colour: 'blue' },
];

export const conjugateGradientFigure = (): string => {
  const problem = miniature();
  const runs = SYSTEMS.map((system) => ({ ...system, run: solve(problem, system.damping) }));
  const panel = (title: string, of: 'residuals' | 'errors', yTitle: string) => ({
    title,
    x: { title: 'products', low: 0, high: MOST, ticks: [0, 10, 20, 30] },
    y: { title: yTitle, low: 1e-9, high: 10, logarithmic: true, ticks: decades(-8, 0, 2) },
    marks: runs.map(({ label, colour, dash, run }) => ({
      label,
      colour,
      points: run[of],
      ...(dash === undefined ? {} : { dash }),
    })),
  });
  return chart({
    title: 'Conjugate gradient on a policy of 50 weights',
    subtitle: 'The residual may rise, the error in the norm of A never does; damping makes both fall faster',
    panels: [panel('‖b − Ax‖ / ‖b‖', 'residuals', 'relative'), panel('Error in the norm of A', 'errors', '')],
  });
};
