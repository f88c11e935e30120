/** What scan and while share. */
import type { Value } from '../ir/aval.js';
import type { Batched } from '../ir/primitive.js';
import { withBatchAxis } from './_elementwise.js';

/**
 * Which leaves of a loop's carry have a property (a tangent, a batch axis) once it has gone round: starting from the initial
 * carry's, `next` tells what one turn makes of it, and a property once there stays. At most one turn per leaf.
 */
export function carryFixpoint(
  initial: readonly boolean[],
  constants: number,
  next: (flags: readonly boolean[]) => readonly boolean[],
  carries: number = initial.length - constants,
): readonly boolean[] {
  const fixed = initial.slice(0, constants);
  const rest = initial.slice(constants + carries);
  let carried = initial.slice(constants, constants + carries);
  for (;;) {
    const out = next([...fixed, ...carried, ...rest]);
    const merged = carried.map((is, k) => is || out[k] === true);
    if (merged.every((is, k) => is === carried[k])) return carried;
    carried = merged;
  }
}

/** Gives the carry leaves in `carried` a batch axis where the body left them without. */
export function forceCarry(result: Batched, carried: readonly boolean[], size: number): readonly Value[] {
  return result.outs.map((out, k) =>
    carried[k] === true ? withBatchAxis(out, result.batched[k] === true, size) : out,
  );
}
