/** The direction, the objective and the line, each on numbers that can be worked out by hand. */
import { grad, multiply } from '@natgrad/autodiff';
import {
  alongLine,
  categoricalDistribution,
  damped,
  gaussNewton,
  hessian,
  type Line,
  maxKl,
  meanKl,
  type NaturalGradient,
  naturalGradient,
  type Operator,
  reasonToStay,
  surrogate,
} from '@natgrad/rl-trpo';
import { item, type Tensor, tensor, toNested } from '@natgrad/tensor';
import { describe, expect, test } from 'vitest';
import { entropyBonusFault } from '../../packages/rl-trpo/src/entropy-bonus.js';
import { errorOf } from '../errors.js';

/** Parameters are a tree; here it is one tensor. */
const tree = (values: readonly number[]): never => ({ w: tensor(values) }) as never;
const numbers = (of: unknown): unknown => toNested((of as { readonly w: Tensor }).w);
const diagonal =
  (values: readonly number[]): Operator =>
  (v) => ({ w: multiply((v as unknown as { readonly w: Tensor }).w, tensor(values)) });

const OPTIONS = { iterations: 10, tolerance: 1e-12, damping: 0 };

describe('naturalGradient', () => {
  test('solves with damping, and has the curvatures with and without it', () => {
    // F = diag(1, 3), damping 1: x = (2/2, 8/4), gᵀx = 18, xᵀ(F + 1)x = 18, xᵀFx = 1 + 12.
    const found = naturalGradient(diagonal([1, 3]), tree([2, 8]), { ...OPTIONS, damping: 1 });
    expect(numbers(found.solve.x)).toEqual([1, 2]);
    expect(found).toMatchObject({ slope: 18, curvature: 13, dampedCurvature: 18, warnings: [] });
  });

  test('the curvatures are those of an iterate that is not the solution, too', () => {
    // After one step from 0: α = gᵀg / gᵀ(F + ½)g = 2 / (1.5 + 4.5), x = α(1, 1).
    const alpha = 2 / 6;
    const found = naturalGradient(diagonal([1, 4]), tree([1, 1]), { ...OPTIONS, iterations: 1, damping: 0.5 });
    expect(found.solve.status).toBe('maxIterations');
    expect(found.slope).toBeCloseTo(2 * alpha, 14);
    expect(found.curvature).toBeCloseTo(5 * alpha ** 2, 14);
    expect(found.dampedCurvature).toBeCloseTo(6 * alpha ** 2, 14);
  });

  test('begins where it is told, and solves with the preconditioner that it is given', () => {
    const at = (options: object): number =>
      naturalGradient(diagonal([1, 4]), tree([1, 4]), { ...OPTIONS, ...options }).solve.iterations;
    expect(at({})).toBe(2);
    expect(at({ initial: null })).toBe(2);
    expect(at({ initial: tree([1, 1]) })).toBe(0);
    expect(at({ preconditioner: diagonal([1, 1 / 4]) })).toBe(1);
  });

  test('a warm start that does not climb is repeated from 0', () => {
    const from = (initial: readonly number[], gradient: readonly number[] = [1, 1]): NaturalGradient =>
      naturalGradient(diagonal([1, 1]), tree(gradient), { ...OPTIONS, iterations: 0, initial: tree(initial) });
    // With no iterations at all x is where it begins.
    expect(from([2, 0])).toMatchObject({ slope: 2, warnings: [] });
    for (const away of [
      [-2, 0],
      [1, -1],
    ]) {
      const found = from(away);
      expect(found.warnings).toEqual(['notAscent']);
      expect(numbers(found.solve.x)).toEqual([0, 0]);
    }
    // Nothing climbs where the gradient is 0: that is not the start’s fault.
    expect(from([-2, 0], [0, 0])).toMatchObject({ solve: { status: 'zeroGradient' }, warnings: [] });
  });

  test('a solve that failed is a warning', () => {
    expect(naturalGradient(diagonal([-1, -1]), tree([1, 1]), OPTIONS)).toMatchObject({
      solve: { status: 'negativeCurvature' },
      warnings: ['conjugateGradientFailed'],
    });
    expect(naturalGradient(diagonal([Number.NaN, 1]), tree([1, 1]), OPTIONS)).toMatchObject({
      solve: { status: 'nonFinite' },
      warnings: ['conjugateGradientFailed'],
    });
  });
});

describe('reasonToStay', () => {
  const found = (status: string, slope: number): NaturalGradient => ({ solve: { status }, slope }) as NaturalGradient;
  test.each([
    ['zeroGradient', 1, 1, 'zeroGradient'],
    ['nonFinite', 1, 1, 'nonFinite'],
    ['converged', 1, 1, null],
    ['maxIterations', 1, 1, null],
    // A direction found before the negative curvature is as good as any.
    ['negativeCurvature', 1, 1, null],
    ['converged', 1, 0, 'negativeCurvature'],
    ['converged', 0, 1, 'negativeCurvature'],
    ['converged', 1, Number.NaN, 'negativeCurvature'],
  ] as const)('%s, slope %s, scale %s: %s', (status, slope, scale, reason) => {
    expect(reasonToStay(found(status, slope), scale)).toBe(reason);
  });
});

const distribution = categoricalDistribution(2);
/** Logits of rows with these probabilities of choice 1. */
const logits = (...p: readonly number[]): { readonly logits: Tensor } => ({
  logits: tensor(p.map((each) => [Math.log(1 - each), Math.log(each)])),
});

describe('the objective', () => {
  const old = logits(0.5, 0.2);
  const next = logits(0.6, 0.1);
  const data = {
    distribution,
    actions: tensor([1, 0], 'i32'),
    logProbabilities: tensor([Math.log(0.5), Math.log(0.8)]),
    advantages: tensor([3, -2]),
    entropyBonus: 0,
  };

  test('is the mean of ratios times advantages', () => {
    expect(item(surrogate(data)(next))).toBeCloseTo(((0.6 / 0.5) * 3 + (0.9 / 0.8) * -2) / 2, 14);
  });

  test('and β times the mean entropy', () => {
    const entropy = (p: number): number => -p * Math.log(p) - (1 - p) * Math.log(1 - p);
    const bonus = item(surrogate({ ...data, entropyBonus: 0.5 })(next)) - item(surrogate(data)(next));
    expect(bonus).toBeCloseTo((0.5 * (entropy(0.6) + entropy(0.1))) / 2, 14);
  });

  test('a bonus on an entropy that nobody knows is refused; none is fine', () => {
    const mute = Object.fromEntries(Object.entries(distribution).filter(([name]) => name !== 'entropy')) as never;
    expect(item(surrogate({ ...data, distribution: mute })(next))).toBeCloseTo(item(surrogate(data)(next)), 15);
    const error = errorOf(() => surrogate({ ...data, distribution: mute, entropyBonus: 0.5 })(next));
    expect(error).toMatchObject({ code: 'InvalidArgument', argument: 'entropyBonus' });
    expect(error.found).toContain("0.5 for the distribution 'categorical'");
    expect(entropyBonusFault(mute, 0)).toBeNull();
    expect(entropyBonusFault(distribution, 0.5)).toBeNull();
    expect(entropyBonusFault(mute, 0.5)).toEqual({
      code: 'contradiction',
      field: 'entropyBonus',
      found: error.found,
      expected: '0, or a distribution with entropy',
    });
  });

  test('KL is from old to new: its mean, its largest', () => {
    const kl = (p: number, q: number): number => p * Math.log(p / q) + (1 - p) * Math.log((1 - p) / (1 - q));
    const [first, second] = [kl(0.5, 0.6), kl(0.2, 0.1)];
    expect(item(meanKl(distribution, old, next))).toBeCloseTo((first + second) / 2, 14);
    expect(item(maxKl(distribution, old, next))).toBeCloseTo(Math.max(first, second), 14);
  });
});

describe('the Fisher operator', () => {
  // One row, the policy is its logits: M = p(1 − p) [[1, −1], [−1, 1]].
  const policy = (parameters: unknown): { readonly logits: Tensor } => parameters as never;
  const at = logits(0.2);
  const v = { logits: tensor([[1, 3]]) } as never;
  const product = [[-0.32, 0.32]];
  const close = (found: unknown): void => {
    const rows = toNested((found as { readonly logits: Tensor }).logits) as number[][];
    rows.forEach((row, i) => row.forEach((x, j) => expect(x).toBeCloseTo((product[i] as number[])[j] as number, 14)));
  };

  test('both forms, by hand', () => {
    const same = (tangent: never): never => tangent;
    close(gaussNewton(distribution, { value: at, apply: same, transpose: same } as never)(v));
    close(hessian(distribution, policy, at, at)(v));
  });

  test('is a mean over rows', () => {
    const same = (tangent: never): never => tangent;
    const [at2, v2] = [
      logits(0.2, 0.2),
      {
        logits: tensor([
          [1, 3],
          [1, 3],
        ]),
      } as never,
    ];
    const found = gaussNewton(distribution, { value: at2, apply: same, transpose: same } as never)(v2);
    const rows = toNested((found as unknown as { readonly logits: Tensor }).logits) as number[][];
    for (const row of rows) expect(row[1]).toBeCloseTo(0.32 / 2, 14);
  });

  test('the Hessian takes the old parameters as data', () => {
    const [old, there] = [logits(0.5), logits(0.2)];
    const direct = grad((theta: { readonly logits: Tensor }) => meanKl(distribution, old, theta))(there);
    // Away from the old policy the gradient is not 0, but the product is the same p(1 − p): KL is Σ p_old log softmax.
    expect((toNested(direct.logits) as number[][])[0]?.[0]).toBeCloseTo(0.8 - 0.5, 14);
    close(hessian(distribution, policy, old, there)(v));
  });

  test('damping is added along v', () => {
    const half = damped(diagonal([1, 2]), 0.5);
    expect(numbers(half(tree([2, 2])))).toEqual([3, 5]);
    const operator = diagonal([1, 2]);
    expect(damped(operator, 0)).toBe(operator);
  });
});

describe('alongLine', () => {
  const line = (measure: Line['measure']): Line => ({
    start: tree([1, 2]),
    direction: tree([10, -10]),
    measure,
    surrogateAtStart: 5,
  });
  const scalar = (x: number): never => tensor(x) as never;

  test('measures start + scale · direction, against the surrogate at the start', () => {
    const at = alongLine(line(() => ({ kl: scalar(0.25), surrogate: scalar(7) })))(0.5);
    expect(numbers(at.parameters)).toEqual([6, -3]);
    expect(at).toMatchObject({ kl: 0.25, gain: 2, finite: true });
  });

  test('measures a scale once', () => {
    const measured: unknown[] = [];
    const at = alongLine(
      line((theta) => {
        measured.push(numbers(theta));
        return { kl: scalar(0), surrogate: scalar(0) };
      }),
    );
    expect(at(1)).toBe(at(1));
    at(2);
    expect(measured).toEqual([
      [11, -8],
      [21, -18],
    ]);
  });

  test('what is not finite is said, and parameters that are not are not measured', () => {
    const never = alongLine(
      line(() => {
        throw new Error('not to be measured');
      }),
    );
    expect(never(Infinity)).toMatchObject({ kl: Infinity, gain: -Infinity, finite: false });
    const of = (kl: number, value: number): unknown =>
      alongLine(line(() => ({ kl: scalar(kl), surrogate: scalar(value) })))(1).finite;
    expect([of(Number.NaN, 1), of(1, Infinity), of(1, 1)]).toEqual([false, false, true]);
  });
});
