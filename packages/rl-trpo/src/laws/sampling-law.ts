/** Samples are distributed as the log-probabilities say. */
import { split } from '@natgrad/tensor';
import { elements } from '@natgrad/tensor/internal';
import type { Law } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import type { Distribution, DistributionParameters } from '../policy/distribution.js';
import { arbitraryKey, type Named, require } from './check.js';
import { measureOf, repeatRows } from './measure.js';

const SAMPLES = 4000;

/**
 * The share of samples up to each of a number of places, against the sum of the probabilities: for choices after each action,
 * for one number at its deciles. (Expectations over several numbers are means over samples anyway, in all other laws.)
 */
export const samplingLaw = (distribution: Distribution, named: Named, one: fc.Arbitrary<DistributionParameters>): Law =>
  named('as many samples as the probabilities say', fc.tuple(one, arbitraryKey), ([p, k]) => {
    const measure = measureOf(distribution, p, k);
    if (!measure.exact) return;
    const weights = measure.weights(p);
    const width = distribution.action.shape.reduce((size, extent) => size * extent, 1);
    const nodes = elements(measure.actions);
    const drawn = elements(distribution.sample(repeatRows(p, SAMPLES), split(k, SAMPLES)));
    /** True if sample `row` comes no later than node `i`, in the order of the nodes. */
    const upTo = (row: number, i: number): boolean => {
      for (let j = 0; j < width; j += 1) {
        const difference = (drawn[row * width + j] as number) - (nodes[i * width + j] as number);
        if (difference !== 0) return difference < 0;
      }
      return true;
    };
    let [cumulative, decile] = [0, 0];
    weights.forEach((weight, i) => {
      cumulative += weight;
      if (distribution.action.dtype === 'float' && cumulative < (decile + 1) / 10) return;
      decile = Math.floor(10 * cumulative);
      let found = 0;
      for (let row = 0; row < SAMPLES; row += 1) if (upTo(row, i)) found += 1;
      // A grid of numbers cuts between nodes, on average in the middle of the last one's weight.
      const share = distribution.action.dtype === 'float' ? cumulative - weight / 2 : cumulative;
      // Six standard errors, and what single samples of rare actions may add.
      const allowed = 6 * Math.sqrt(Math.max(0, share * (1 - share)) / SAMPLES) + 10 / SAMPLES;
      require(Math.abs(found / SAMPLES - share) <= allowed, () =>
        `${found} of ${SAMPLES} samples come up to place ${i}, expected a share of ${share} ± ${allowed}`);
    });
  });
