/** The single interception point: every operation, the user's or a rule's, comes through here. */
import { describe, isTensor, NatgradError } from '@natgrad/tensor';
import { describeForeign, registerInternalRoot } from '@natgrad/tensor/internal';
import type { Value } from '../ir/aval.js';
import type { AnyPrimitive, Primitive } from '../ir/primitive.js';
import { checkLive } from './builder.js';
import { Expr, type Trace } from './expr.js';

registerInternalRoot(new URL('..', import.meta.url).href);

/**
 * Applies a primitive. Tensors are evaluated at once; if any argument is a traced value, the operation is recorded by the
 * youngest trace among its arguments, so work on outer values stays outside even while an inner trace runs.
 *
 * @throws `ShapeMismatch`, `DTypeMismatch` from the primitive's shape rule; `LeakedTrace`; `NotATensor`.
 */
export const bind = <P>(primitive: Primitive<P>, args: readonly Value[], params: P): readonly Value[] => {
  let youngest: Trace | undefined;
  for (let i = 0; i < args.length; i += 1) {
    const arg = args[i];
    if (arg instanceof Expr) {
      checkLive(arg);
      if (youngest === undefined || arg.builder.stamp > youngest.stamp) youngest = arg.builder;
    } else if (!isTensor(arg)) {
      throw new NatgradError('NotATensor', `argument ${i} is ${describeForeign(arg)}, not a tensor`, {
        operation: primitive.name,
        argument: `argument ${i}`,
        found: describeForeign(arg),
        expected: 'a tensor',
      });
    }
  }
  const avals = primitive.shape(args, params);
  if (youngest === undefined) return primitive.evaluate(args, params);
  return youngest.record(primitive as AnyPrimitive, args, params, avals);
};

/** `bind` for the many primitives with one output. */
export const bind1 = <P>(primitive: Primitive<P>, args: readonly Value[], params: P): Value => {
  const [out] = bind(primitive, args, params);
  if (out === undefined)
    throw new NatgradError('InvalidGraph', 'the primitive has no output', {
      operation: primitive.name,
      found: args.map(describe).join(', '),
    });
  return out;
};
