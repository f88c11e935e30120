/** The parts of a step that know nothing of policies keep their laws. */
import { boundaryStep, conjugateGradient, gae, lineSearch } from '@natgrad/rl-trpo';
import {
  conjugateGradientLaws,
  gaeLaws,
  lineSearchLaws,
  runningStatisticsLaws,
  stepSizeLaws,
} from '@natgrad/rl-trpo/laws';
import { checkLaw } from '@natgrad/tensor/laws';
import { test } from 'vitest';

const laws = [
  ...conjugateGradientLaws(conjugateGradient),
  ...lineSearchLaws(lineSearch),
  ...stepSizeLaws(boundaryStep),
  ...gaeLaws(gae),
  ...runningStatisticsLaws(),
];

test.each(laws)('$name', (law) => checkLaw(law));
