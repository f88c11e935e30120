/** A trust region that bounds the largest KL of a state. */
import { type Model, maxKl, meanKl, trpoStep } from '@natgrad/rl-trpo';
import { exampleModels, maxKlLaws, problemOf } from '@natgrad/rl-trpo/laws';
import { item, tensor } from '@natgrad/tensor';
import { checkLaw } from '@natgrad/tensor/laws';
import { isLeft } from 'fp-ts/lib/Either.js';
import { expect, test } from 'vitest';

test.each(exampleModels.slice(0, 3).flatMap((model) => maxKlLaws(trpoStep, { model })))('$name', (law) =>
  checkLaw(law, { numRuns: 8 }),
);

const [choices, continuous] = exampleModels as [Model, Model];

test('is that of the state that moved most', () => {
  const [even, odd] = [
    [0, 0, 0],
    [0, 0, Math.log(2)],
  ];
  const old = { logits: tensor([even, even, even]) };
  const next = { logits: tensor([even, odd, even]) };
  // KL of (1/3, 1/3, 1/3) to (1/4, 1/4, 1/2).
  const kl = (2 * Math.log(4 / 3) + Math.log(2 / 3)) / 3;
  expect(item(maxKl(choices.distribution, old, next))).toBeCloseTo(kl, 14);
  expect(item(meanKl(choices.distribution, old, next))).toBeCloseTo(kl / 3, 14);
});

test('a step under it is shorter than one under the mean, along the same direction', () => {
  const { state, batch } = problemOf({ model: continuous }, 4);
  const of = (klKind: 'mean' | 'max') => {
    const result = trpoStep({ model: continuous, klKind })(state, batch);
    if (isLeft(result)) throw new Error(result.left.message);
    return result.right.report;
  };
  expect(of('max').stepSize).toBeLessThan(of('mean').stepSize);
  expect(of('max').gradientNorm).toBe(of('mean').gradientNorm);
  expect(of('max').klShare).toBeGreaterThan(0.95);
});
