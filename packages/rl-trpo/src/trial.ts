/** Points on the line θ_old + scale · x, measured. */
import { item, type Scalar } from '@natgrad/tensor';
import type { Trial } from './line-search.js';
import type { ParameterTree } from './model.js';
import { addScaled, isFiniteTree } from './vector.js';

/** A measured point on a line. */
export interface Candidate extends Trial {
  readonly parameters: ParameterTree;
}

/** A line in the space of parameters, and how to measure its points. */
export interface Line {
  readonly start: ParameterTree;
  readonly direction: ParameterTree;
  /** Mean KL(old ‖ π_θ), and the surrogate at θ. */
  readonly measure: (theta: ParameterTree) => { readonly kl: Scalar; readonly surrogate: Scalar };
  /** The surrogate at the start. */
  readonly surrogateAtStart: number;
}

/**
 * Measures candidates by their scale. Sizing and line search ask for some scales twice, so what was measured is kept; the
 * same scale gives the same candidate, to the bit.
 */
export const alongLine = (line: Line): ((scale: number) => Candidate) => {
  const known = new Map<number, Candidate>();
  const evaluate = (scale: number): Candidate => {
    const parameters = addScaled(line.start, scale, line.direction);
    if (!isFiniteTree(parameters)) return { parameters, kl: Infinity, gain: -Infinity, finite: false };
    const measured = line.measure(parameters);
    const kl = item(measured.kl);
    const gain = item(measured.surrogate) - line.surrogateAtStart;
    return { parameters, kl, gain, finite: Number.isFinite(kl) && Number.isFinite(gain) };
  };
  return (scale) => {
    const found = known.get(scale) ?? evaluate(scale);
    known.set(scale, found);
    return found;
  };
};
