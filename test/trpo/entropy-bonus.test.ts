/** The entropy bonus. */
import { trpoStep } from '@natgrad/rl-trpo';
import { entropyBonusLaws, exampleModels } from '@natgrad/rl-trpo/laws';
import { checkLaw } from '@natgrad/tensor/laws';
import { test } from 'vitest';

test.each(exampleModels.slice(0, 3).flatMap((model) => entropyBonusLaws(trpoStep, { model })))('$name', (law) =>
  checkLaw(law, { numRuns: 5 }),
);
