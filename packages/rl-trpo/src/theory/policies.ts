/** Policies as tables of probabilities. */
import { dot, largest, type Row, type Table, total, zip } from './tables.js';

const softmaxRow = (logits: Row): Row => {
  const most = largest(logits);
  const weights = logits.map((x) => Math.exp(x - most));
  const sum = total(weights);
  return weights.map((w) => w / sum);
};

/** π(a|s) ∝ exp(logits[s][a]), for finite logits of any size. */
export const softmaxPolicy = (logits: Table): Table => logits.map(softmaxRow);

/** (1 − α)·π + α·π′ (Kakade and Langford 2002, equation 4.1). */
export const mixture = (policy: Table, target: Table, alpha: number): Table =>
  zip(policy, target, (row, other) => zip(row, other, (p, q) => (1 - alpha) * p + alpha * q));

/** Certainty of the best action of each row, the first among equals. */
export const greedy = (scores: Table): Table =>
  scores.map((row) => {
    const best = row.indexOf(largest(row));
    return row.map((_, a) => (a === best ? 1 : 0));
  });

/** Σ_a π′(a|s) A(s, a) for each state. */
export const expectedAdvantages = (advantages: Table, policy: Table): Row => zip(policy, advantages, dot);
