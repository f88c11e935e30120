/** What conjugate gradient, the line search and normalisation say when there is little to say. */

import { multiply } from '@natgrad/autodiff';
import { conjugateGradient, lineSearch, type Trial } from '@natgrad/rl-trpo';
import { type Tensor, tensor, toNested } from '@natgrad/tensor';
import { describe, expect, test } from 'vitest';
import { normaliseAdvantages } from '../../packages/rl-trpo/src/advantages.js';
import { constrainedStep } from '../../packages/rl-trpo/src/constrained-step.js';

const same = (v: Tensor): Tensor => v;

describe('conjugateGradient', () => {
  const solve = (
    apply: (v: Tensor) => Tensor,
    b: readonly number[],
    options: Parameters<typeof conjugateGradient<Tensor>>[2] = {},
  ): unknown => {
    const { x, residual, ...rest } = conjugateGradient(apply, tensor(b), options);
    return { ...rest, x: toNested(x), residual: toNested(residual) };
  };

  test('a right side that is not finite', () => {
    expect(solve(same, [1, Number.NaN])).toEqual({
      status: 'nonFinite',
      x: [0, 0],
      residual: [0, 0],
      iterations: 0,
      residuals: [],
    });
  });

  test('a right side of 0', () => {
    expect(solve(same, [0, 0])).toEqual({
      status: 'zeroGradient',
      x: [0, 0],
      residual: [0, 0],
      iterations: 0,
      residuals: [0],
    });
  });

  const unusable = { status: 'nonFinite', x: [0, 0], residual: [1, 2], iterations: 0, residuals: [1] };

  test('a warm start that is not finite, or whose residual is not', () => {
    // The operator hides the NaN of the start, then makes one of a finite start.
    expect(solve(() => tensor([1, 1]), [1, 2], { initial: tensor([Number.NaN, 0]) })).toEqual(unusable);
    expect(solve(() => tensor([Number.NaN, 0]), [1, 2], { initial: tensor([1, 1]) })).toEqual(unusable);
  });

  test('a tolerance that is met exactly is met: before the first product, and after one', () => {
    expect(solve(same, [3, 4], { tolerance: 1 })).toMatchObject({ status: 'converged', iterations: 0, residuals: [1] });
    expect(solve(same, [3, 4], { tolerance: 0 })).toMatchObject({ status: 'converged', iterations: 1, x: [3, 4] });
  });

  test('a preconditioner that is not positive definite is named negative curvature', () => {
    const negative = { status: 'negativeCurvature', iterations: 0, x: [0, 0] };
    expect(solve(same, [1, 2], { preconditioner: (r) => multiply(r, -1) })).toMatchObject(negative);
    expect(solve(same, [1, 0], { preconditioner: () => tensor([0, 1]) })).toMatchObject(negative);
  });

  test('an iterate that overflows is not taken, though its residual is small', () => {
    expect(solve((v) => multiply(v, 1e-300), [1e10, 0])).toMatchObject({
      status: 'nonFinite',
      x: [0, 0],
      iterations: 0,
    });
  });

  test('a residual that overflows is not taken either', () => {
    const apply = (v: Tensor): Tensor => tensor([(toNested(v) as number[])[0] as number, 1e300]);
    expect(solve(apply, [1e-10, 0])).toMatchObject({ status: 'nonFinite', x: [0, 0], iterations: 0 });
  });

  test('iterations are counted from 1', () => {
    const seen: number[] = [];
    solve((v) => multiply(v, tensor([1, 2])), [1, 1], { onIterate: (_, iteration) => seen.push(iteration) });
    expect(seen).toEqual([1, 2]);
  });
});

describe('lineSearch', () => {
  const flat: Trial = { kl: 0, gain: 1, finite: true };

  test('without another constraint every trial is feasible', () => {
    expect(lineSearch(() => flat, { delta: 1, expectedGain: 1 })).toMatchObject({ status: 'accepted', fraction: 1 });
  });

  test('a gain of just the share that is asked for is not enough', () => {
    const options = { delta: 1, expectedGain: 2, acceptRatio: 0.5, maxTries: 1 };
    expect(lineSearch(() => flat, options)).toEqual({ status: 'rejected', reason: 'noImprovement', tries: 1 });
    expect(lineSearch(() => ({ ...flat, gain: 1.001 }), options)).toMatchObject({ status: 'accepted' });
  });

  test.each([
    ['klExceeded', { ...flat, kl: 2 }],
    ['constraintViolated', { ...flat, feasible: false }],
    ['nonFinite', { ...flat, finite: false }],
    ['nonFinite', { ...flat, gain: Number.NaN }],
    ['nonFinite', { ...flat, kl: Number.NaN }],
  ])('%s is named after all tries', (reason, trial) => {
    expect(lineSearch(() => trial, { delta: 1, expectedGain: 1 })).toEqual({ status: 'rejected', reason, tries: 10 });
  });
});

describe('normaliseAdvantages', () => {
  const normalised = (...values: number[]): unknown => {
    const { advantages, constant } = normaliseAdvantages(Float64Array.from(values));
    return { advantages: Array.from(advantages, (a) => Number(a.toPrecision(12))), constant };
  };

  test('mean 0 and deviation 1, whatever the size', () => {
    const advantages = [-Math.sqrt(1.5), 0, Math.sqrt(1.5)].map((a) => Number(a.toPrecision(12)));
    expect(normalised(1, 2, 3)).toEqual({ advantages, constant: false });
    expect(normalised(-3e300, 0, 3e300)).toEqual({ advantages, constant: false });
    expect(normalised(-1e-300, 0, 1e-300)).toEqual({ advantages, constant: false });
  });

  test.each([[[0, 0]], [[7, 7, 7]], [[0.1, 0.1 + 1e-17, 0.1]]])('%j has nothing to prefer', (values) => {
    expect(normalised(...values)).toEqual({ advantages: values.map(() => 0), constant: true });
  });

  test('nor has an empty batch', () => {
    expect(normalised()).toEqual({ advantages: [], constant: true });
  });
});

describe('constrainedStep', () => {
  const disc = { q: 1, r: 0, s: 1, c: 0, delta: 0.5 };

  test('no gradient of the constraint: it is kept by every step, or by none', () => {
    expect(constrainedStep({ ...disc, s: 0, c: -1 })).toEqual({
      kind: 'inactive',
      alongGradient: 1,
      alongCost: 0,
      lambda: 1,
      nu: 0,
    });
    expect(constrainedStep({ ...disc, s: 0, c: 0 })).toMatchObject({ kind: 'inactive', alongGradient: 1 });
    expect(constrainedStep({ ...disc, s: 0, c: 1 })).toEqual({
      kind: 'recovery',
      alongGradient: 0,
      alongCost: 0,
      lambda: null,
      nu: null,
    });
  });

  test('a free step that ends on the constraint keeps it', () => {
    expect(constrainedStep({ ...disc, r: 0.5, c: -0.5 })).toMatchObject({ kind: 'inactive', alongGradient: 1 });
  });

  test('no gradient of the objective: stay, or go to the constraint', () => {
    expect(constrainedStep({ ...disc, q: 0, c: -0.5 })).toEqual({
      kind: 'inactive',
      alongGradient: 0,
      alongCost: 0,
      lambda: null,
      nu: 0,
    });
    expect(constrainedStep({ ...disc, q: 0, c: 0.5 })).toEqual({
      kind: 'active',
      alongGradient: 0,
      alongCost: -0.5,
      lambda: null,
      nu: null,
    });
  });

  test('a constraint that the ball just reaches is reached', () => {
    expect(constrainedStep({ ...disc, s: 4, c: 2 })).toMatchObject({
      kind: 'active',
      alongGradient: 0,
      alongCost: -0.5,
    });
    expect(constrainedStep({ ...disc, s: 4, c: 2.001 })).toMatchObject({ kind: 'recovery', alongCost: -0.5 });
  });

  test('multipliers: λ(x) = H⁻¹(g − νb)', () => {
    // g = (1, 1), b = (0, 1), H = I, within the unit disc x₂ ≤ −0.6: x = (0.8, −0.6).
    const { kind, alongGradient, alongCost, lambda, nu } = constrainedStep({ ...disc, q: 2, r: 1, c: 0.6 });
    expect(kind).toBe('active');
    expect(alongGradient).toBeCloseTo(0.8, 14);
    expect(alongCost).toBeCloseTo(-1.4, 14);
    expect(lambda).toBeCloseTo(1.25, 14);
    expect(nu).toBeCloseTo(1.75, 14);
  });

  test('lengths that are not 1: the step by hand, with the multipliers of its optimality conditions', () => {
    // g = (3, 0), b = (0, 2), H = I, within the disc of radius 2: x₂ ≤ −c/2.
    const problem = { q: 9, r: 0, s: 4, delta: 2 };
    expect(constrainedStep({ ...problem, c: -1 })).toMatchObject({
      kind: 'inactive',
      alongGradient: 2 / 3,
      lambda: 1.5,
    });
    const { kind, alongGradient, alongCost, lambda, nu } = constrainedStep({ ...problem, c: 2.4 });
    // x = (1.6, −1.2).
    expect(kind).toBe('active');
    expect(alongGradient).toBeCloseTo(1.6 / 3, 14);
    expect(alongCost).toBeCloseTo(-0.6, 14);
    // g = λx + νb.
    expect(lambda).toBeCloseTo(3 / 1.6, 14);
    expect(nu).toBeCloseTo((1.2 * 3) / 1.6 / 2, 14);
    expect(constrainedStep({ ...problem, c: 4.1 })).toMatchObject({ kind: 'recovery', alongCost: -1 });
  });

  test('a slanted constraint', () => {
    // g = (3, 2), b = (0, 2): the same disc and line; x is the same point, made of g and b otherwise.
    const { alongGradient, alongCost } = constrainedStep({ q: 13, r: 4, s: 4, c: 2.4, delta: 2 });
    expect([3 * alongGradient, 2 * alongGradient + 2 * alongCost].map((x) => Number(x.toFixed(12)))).toEqual([
      1.6, -1.2,
    ]);
  });

  test('parallel gradients leave nothing along the constraint', () => {
    expect(constrainedStep({ q: 4, r: 2, s: 1, c: 0.5, delta: 0.5 })).toEqual({
      kind: 'active',
      alongGradient: 0,
      alongCost: -0.5,
      lambda: null,
      nu: null,
    });
  });
});
