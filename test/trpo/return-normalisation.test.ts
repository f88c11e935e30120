/** A critic that learns returns in units of their own. */
import { type Model, type StepConfig, type TrpoState, trpoStep } from '@natgrad/rl-trpo';
import {
  exampleModels,
  problemOf,
  returnNormalisationLaws,
  trustRegionLaws,
  valueScaleLaws,
} from '@natgrad/rl-trpo/laws';
import { checkLaw } from '@natgrad/tensor/laws';
import { isLeft } from 'fp-ts/lib/Either.js';
import { expect, test } from 'vitest';
import { decodeData, encodeData } from '../../packages/rl-trpo/src/shell/runs/codec.js';

test.each(valueScaleLaws())('$name', (law) => checkLaw(law));

const some = exampleModels.slice(0, 2);

test.each(some.flatMap((model) => returnNormalisationLaws(trpoStep, { model })))('$name', (law) =>
  checkLaw(law, { numRuns: 5 }),
);

test.each(some.flatMap((model) => returnNormalisationLaws(trpoStep, { model, valueFit: 'trustRegion' })).slice(0, 1))(
  'trust region, $name',
  (law) => checkLaw(law, { numRuns: 5 }),
);

test.each(some.slice(1).flatMap((model) => trustRegionLaws(trpoStep, { model, normaliseReturns: true })))(
  '$name',
  (law) => checkLaw(law, { numRuns: 2 }),
);

test('statistics and δ that were saved and loaded go on to the same bits', () => {
  const [, model] = some as [Model, Model];
  const config: StepConfig = { model, normaliseReturns: true, adaptiveDelta: 'improvement', valueFit: 'trustRegion' };
  const step = trpoStep(config);
  const { state, batch } = problemOf(config, 6);
  const taken = (from: TrpoState): TrpoState => {
    const result = step(from, batch);
    if (isLeft(result)) throw new Error(result.left.message);
    return result.right.state;
  };
  const first = taken(state);
  expect(first.valueStatistics.count).toBe(batch.rewards.size);
  const { json, tensors } = encodeData(first);
  const loaded = decodeData(JSON.parse(JSON.stringify(json)), tensors) as TrpoState;
  expect(encodeData(taken(loaded))).toEqual(encodeData(taken(first)));
});
