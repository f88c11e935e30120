/** Distances of two policies, state by state. */
import { dot, largest, type Row, type Table, total, zip } from './tables.js';

/** KL(p ‖ q) in nats; infinite where q excludes what p does. */
const kl = (p: Row, q: Row): number => total(zip(p, q, (x, y) => (x === 0 ? 0 : x * Math.log(x / y))));

/** KL(π(·|s) ‖ π′(·|s)) for each state: old ‖ new. Rounding cannot make it negative. */
export const klByState = (old: Table, next: Table): Row => zip(old, next, (p, q) => Math.max(0, kl(p, q)));

/** KL_max = max_s KL(π(·|s) ‖ π′(·|s)). */
export const maxKl = (old: Table, next: Table): number => largest(klByState(old, next));

/** Mean KL(old ‖ new) over the states, weighted by how often the old policy visits them: the practical algorithm's constraint. */
export const meanKl = (visitation: Row, old: Table, next: Table): number =>
  dot(visitation, klByState(old, next)) / total(visitation);

/** Total variation ½ Σ_a |π(a|s) − π′(a|s)| for each state. */
export const variationByState = (old: Table, next: Table): Row =>
  zip(old, next, (p, q) => 0.5 * total(zip(p, q, (x, y) => Math.abs(x - y))));
