/** The Fisher operator of every kind of policy keeps its laws. */
import { exampleModels, fisherLaws } from '@natgrad/rl-trpo/laws';
import { checkLaw } from '@natgrad/tensor/laws';
import { test } from 'vitest';

test.each(exampleModels.flatMap(fisherLaws))('$name', (law) => checkLaw(law, { numRuns: 10 }));
