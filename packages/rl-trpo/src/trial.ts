/** Points on the line θ_old + scale · x, measured. */
import { item, type Scalar } from '@natgrad/tensor';
import type { Trial } from './line-search.js';
import type { ParameterTree } from './model.js';
import type { DistributionParameters } from './policy/distribution.js';
import { addScaled, isFiniteTree } from './vector.js';

export interface Candidate extends Trial {
  readonly parameters: ParameterTree;
}

export interface Line {
  readonly start: ParameterTree;
  readonly direction: ParameterTree;
  readonly policy: (parameters: ParameterTree) => DistributionParameters;
  /** Surrogate of the distribution's parameters, and its value at the start. */
  readonly objective: (parameters: DistributionParameters) => Scalar;
  readonly objectiveAtStart: number;
  /** Mean KL(old ‖ given). */
  readonly divergence: (parameters: DistributionParameters) => Scalar;
}

/**
 * Measures candidates by their scale. Sizing and line search ask for some scales twice, so what was measured is kept; the
 * same scale gives the same candidate, to the bit.
 */
export const alongLine = (line: Line): ((scale: number) => Candidate) => {
  const known = new Map<number, Candidate>();
  const measure = (scale: number): Candidate => {
    const parameters = addScaled(line.start, scale, line.direction);
    if (!isFiniteTree(parameters)) return { parameters, kl: Infinity, gain: -Infinity, finite: false };
    const distributions = line.policy(parameters);
    const kl = item(line.divergence(distributions));
    const gain = item(line.objective(distributions)) - line.objectiveAtStart;
    return { parameters, kl, gain, finite: Number.isFinite(kl) && Number.isFinite(gain) };
  };
  return (scale) => {
    const found = known.get(scale) ?? measure(scale);
    known.set(scale, found);
    return found;
  };
};
