/** K-FAC is what its paper says, for any policy that has dense layers. */
import { add, broadcastTo, checkpoint, interpreter, jit, matmul, reshape, tanh, transpose } from '@natgrad/autodiff';
import {
  categoricalDistribution,
  conjugateGradient,
  damped,
  type Model,
  mlpModel,
  naturalPolicyGradientStep,
  type ParameterTree,
  preconditioners,
  trpoStep,
} from '@natgrad/rl-trpo';
import { problemOf } from '@natgrad/rl-trpo/laws';
import {
  concatenate,
  eye,
  foldIn,
  key,
  multiply,
  normal,
  type Tensor,
  tensor,
  toNested,
  treeMap,
  zeros,
} from '@natgrad/tensor';
import { isLeft, isRight } from 'fp-ts/lib/Either.js';
import { describe, expect, test } from 'vitest';
import { at, close, fisherOf, numbersOf } from './operators.js';

/** tanh(x W₁ + b₁) W₂, by hand. */
const twoLayers: Model = {
  observationWidth: 3,
  distribution: categoricalDistribution(3),
  policy: (parameters, observations) => {
    const { w1, b1, w2 } = parameters as Readonly<Record<'w1' | 'b1' | 'w2', Tensor>>;
    return { logits: matmul(tanh(add(matmul(observations, w1), b1)), w2) };
  },
  value: (_none, observations) => zeros([observations.shape[0] as number]),
  initialise: (drawKey) => ({
    policy: {
      w1: normal(drawKey, [3, 4]),
      b1: normal(foldIn(drawKey, 1), [4]),
      w2: normal(foldIn(drawKey, 2), [4, 3]),
    },
    value: zeros([1]),
  }),
};

describe('K-FAC', () => {
  test('is (A + π√λ) ⊗ (G + √λ/π), from the definitions of A and G', () => {
    const [rows, damping] = [20, 0.3];
    const theta = twoLayers.initialise(key(8)).policy as Readonly<Record<'w1' | 'b1' | 'w2', Tensor>>;
    const x = normal(key(9), [rows, 3]);
    const r = treeMap((leaf) => normal(key(10 + leaf.size), leaf.shape), theta);
    const z = at(preconditioners.kfac, twoLayers, theta, x, damping)(r) as typeof theta;

    const h = tanh(add(matmul(x, theta.w1), theta.b1));
    const logits = toNested(matmul(h, theta.w2)) as number[][];
    const nested = { x: toNested(x), h: toNested(h), w2: toNested(theta.w2) } as Record<'x' | 'h' | 'w2', number[][]>;
    const row = (matrix: number[][], n: number): number[] => matrix[n] as number[];
    const square = (size: number): number[][] => Array.from({ length: size }, () => Array<number>(size).fill(0));
    const [a1, g1, a2, g2] = [square(4), square(4), square(4), square(3)];
    const addOuter = (to: number[][], left: readonly number[], right: readonly number[], weight: number): void =>
      left.forEach((p, i) =>
        right.forEach((q, j) => {
          (to[i] as number[])[j] = (to[i]?.[j] as number) + (weight * p * q) / rows;
        }),
      );
    for (let n = 0; n < rows; n += 1) {
      const weights = row(logits, n).map(Math.exp);
      const total = weights.reduce((sum, w) => sum + w, 0);
      const p = weights.map((w) => w / total);
      // ∂logits/∂z₁ for z₁ = x W₁ + b₁, column by column.
      const back = p.map((_, k) => row(nested.h, n).map((t, j) => (1 - t * t) * (nested.w2[j]?.[k] as number)));
      addOuter(a1, [...row(nested.x, n), 1], [...row(nested.x, n), 1], 1);
      addOuter(a2, row(nested.h, n), row(nested.h, n), 1);
      p.forEach((pk, k) =>
        p.forEach((pl, l) => {
          const m = (k === l ? pk : 0) - pk * pl;
          addOuter(g1, back[k] as number[], back[l] as number[], m);
          addOuter(
            g2,
            k === 0 ? [1, 0, 0] : k === 1 ? [0, 1, 0] : [0, 0, 1],
            l === 0 ? [1, 0, 0] : l === 1 ? [0, 1, 0] : [0, 0, 1],
            m,
          );
        }),
      );
    }
    const average = (matrix: number[][]): number =>
      matrix.reduce((sum, each, i) => sum + (each[i] as number), 0) / matrix.length;
    const applied = (a: number[][], g: number[][], v: Tensor): Tensor => {
      const pi = Math.sqrt(average(a) / average(g));
      const left = add(tensor(a), multiply(eye(a.length), pi * Math.sqrt(damping)));
      const right = add(tensor(g), multiply(eye(g.length), Math.sqrt(damping) / pi));
      return matmul(matmul(left, v), right);
    };
    const first = applied(a1, g1, concatenate([z.w1, reshape(z.b1, [1, 4])], 0));
    close(numbersOf(first), numbersOf(concatenate([r.w1, reshape(r.b1, [1, 4])], 0)), 1e-11);
    close(numbersOf(applied(a2, g2, z.w2)), numbersOf(r.w2), 1e-11);
  });

  /** One layer, and σ one number for all states: the metric is the same for each row, and F is A ⊗ G. */
  test('is F itself for one layer with a fixed σ: one or two products without damping', () => {
    const model = mlpModel(
      { observationSpace: { low: [0, 0, 0] }, actionSpace: { kind: 'box', low: [0, 0] } },
      { hidden: [], outputScale: 1, initialLogDeviation: -0.5 },
    );
    const theta = model.initialise(key(1)).policy;
    const observations = normal(key(2), [60, 3]);
    const f = fisherOf(model, theta, observations);
    const b = treeMap((leaf) => normal(key(leaf.size), leaf.shape), theta);
    const preconditioner = at(preconditioners.kfac, model, theta, observations, 0);
    // The square root of the least damping, 1e-8, and not rounding.
    close(numbersOf(preconditioner(f(b))), numbersOf(b), 1e-7);
    const solved = conjugateGradient(f, b, { preconditioner, tolerance: 1e-12 });
    expect(solved).toMatchObject({ status: 'converged' });
    expect(solved.iterations).toBeLessThanOrEqual(2);
    expect(solved.residuals[1]).toBeLessThan(1e-6);
    expect(conjugateGradient(f, b, { tolerance: 1e-12 }).iterations).toBeGreaterThan(2);
  });

  test('is not where the metric depends on the state', () => {
    const model = mlpModel(
      { observationSpace: { low: [0, 0, 0] }, actionSpace: { kind: 'discrete', n: 3 } },
      { hidden: [], outputScale: 1 },
    );
    const theta = model.initialise(key(1)).policy;
    const observations = multiply(normal(key(2), [60, 3]), 2);
    const b = fisherOf(model, theta, observations)(treeMap((leaf) => normal(key(leaf.size), leaf.shape), theta));
    const f = damped(fisherOf(model, theta, observations), 1e-6);
    const preconditioner = at(preconditioners.kfac, model, theta, observations, 1e-6);
    expect(conjugateGradient(f, b, { preconditioner, tolerance: 1e-6, iterations: 30 }).iterations).toBeGreaterThan(2);
  });

  /** P⁻¹ of `twoLayers` written another way is that of `twoLayers`. */
  test.each<readonly [string, Model['policy']]>([
    ['compiled', jit((p, x) => twoLayers.policy(p, x), { engine: interpreter })],
    ['checkpointed', checkpoint((p: ParameterTree, x: Tensor) => twoLayers.policy(p, x))],
    [
      'compiled layers in a compiled policy',
      jit((p, x) => jit((q: ParameterTree, y: Tensor) => twoLayers.policy(q, y), { engine: interpreter })(p, x), {
        engine: interpreter,
      }),
    ],
  ])('finds layers that are %s', (_name, policy) => {
    const theta = twoLayers.initialise(key(8)).policy;
    const x = normal(key(9), [20, 3]);
    const r = treeMap((leaf) => normal(key(10 + leaf.size), leaf.shape), theta);
    close(
      numbersOf(at(preconditioners.kfac, { ...twoLayers, policy }, theta, x, 0.1)(r)),
      numbersOf(at(preconditioners.kfac, twoLayers, theta, x, 0.1)(r)),
      1e-13,
    );
  });

  test('finds weights that are stored the other way round, and biases of one row', () => {
    const stored: Model = {
      ...twoLayers,
      policy: (parameters, x) => {
        const { w1, b1, w2 } = parameters as Readonly<Record<'w1' | 'b1' | 'w2', Tensor>>;
        return twoLayers.policy({ w1: transpose(w1), b1: reshape(b1, [4]), w2: reshape(w2, [4, 3]) }, x);
      },
    };
    const theta = twoLayers.initialise(key(8)).policy as Readonly<Record<'w1' | 'b1' | 'w2', Tensor>>;
    const move = ({ w1, b1, w2 }: typeof theta): typeof theta => ({
      w1: transpose(w1),
      b1: reshape(b1, [1, 4]),
      w2: reshape(w2, [2, 6]),
    });
    const x = normal(key(9), [20, 3]);
    const r = treeMap((leaf) => normal(key(10 + leaf.size), leaf.shape), theta);
    const found = at(preconditioners.kfac, stored, move(theta), x, 0.1)(move(r));
    const expected = move(at(preconditioners.kfac, twoLayers, theta, x, 0.1)(r) as typeof theta);
    close(numbersOf(found), numbersOf(expected), 1e-13);
  });

  /** A policy without a layer: one logit for each of two choices, whatever the state. */
  const stateless: Model = {
    observationWidth: 2,
    distribution: categoricalDistribution(2),
    policy: (logits, observations) => ({ logits: broadcastTo(logits as Tensor, [observations.shape[0] as number, 2]) }),
    value: (_none, observations) => zeros([observations.shape[0] as number]),
    initialise: () => ({ policy: zeros([2]), value: zeros([1]) }),
  };

  test.each([
    ['TRPO', trpoStep],
    ['the natural policy gradient', naturalPolicyGradientStep],
  ] as const)('for a policy without dense layers it is refused by %s, with field and fix', (_name, algorithm) => {
    const { state, batch } = problemOf({ model: stateless }, 1);
    const refused = algorithm({ model: stateless, preconditioner: 'kfac' })(state, batch);
    expect(refused).toMatchObject({
      _tag: 'Left',
      left: { code: 'InvalidConfig', issues: [{ code: 'contradiction', field: 'preconditioner' }] },
    });
    expect(isLeft(refused) && refused.left.message).toMatch(/dense layer, expected 'diagonal' or 'none', or a policy/);
    expect(isRight(algorithm({ model: stateless, preconditioner: 'diagonal' })(state, batch))).toBe(true);
  });
});
