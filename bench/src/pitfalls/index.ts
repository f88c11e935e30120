/** The pitfalls, in the order of the page. */
import { conjugateGradientFails } from './conjugate-gradient.js';
import { doneMasks } from './done-masks.js';
import { forwardGae } from './forward-gae.js';
import { klDirection } from './kl-direction.js';
import { lineSearchFails } from './line-search.js';
import { memory } from './memory.js';
import type { Pitfall } from './pitfall.js';
import { smallBatch } from './small-batch.js';
import { undetached } from './undetached.js';
import { unnormalised } from './unnormalised.js';
import { valueDivergence } from './value-divergence.js';

export const pitfalls: readonly Pitfall[] = [
  smallBatch,
  forwardGae,
  conjugateGradientFails,
  lineSearchFails,
  valueDivergence,
  memory,
  undetached,
  doneMasks,
  klDirection,
  unnormalised,
];
