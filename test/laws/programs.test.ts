/** The laws of differentiation on random programs. */
import { checkLaw, randomProgramLaws } from '@natgrad/autodiff/laws';
import { describe, test } from 'vitest';

describe('random programs', () => {
  test.each(randomProgramLaws().map((law) => [law.name, law] as const))('%s', (_, law) => {
    checkLaw(law, { numRuns: 60 });
  });
});

describe('random programs with while loops, forward', () => {
  test.each(randomProgramLaws({ while: true }).map((law) => [law.name, law] as const))('%s', (_, law) => {
    checkLaw(law, { numRuns: 30 });
  });
});
