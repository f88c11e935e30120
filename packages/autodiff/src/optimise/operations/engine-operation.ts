/** Operations that only optimised programs have. */
import { NatgradError } from '@natgrad/tensor';
import { definePrimitive, type Primitive, type PrimitiveRecord } from '../../ir/primitive.js';

/** The part of a record that is about running. */
export type EngineOperation<P> = Pick<PrimitiveRecord<P>, 'name' | 'domain' | 'shape' | 'evaluate' | 'lower' | 'print'>;

/**
 * A primitive that optimiser passes put into programs. Programs are differentiated and batched first and optimised last, so
 * it has no rules for that: they throw `NotDifferentiable` and `Unsupported`.
 */
export const engineOperation = <P>(record: EngineOperation<P>): Primitive<P> => {
  const refuse = (code: 'NotDifferentiable' | 'Unsupported', transform: string) => (): never => {
    throw new NatgradError(code, 'optimised programs are run, not transformed', {
      operation: `${transform} of ${record.name}`,
      expected: `${transform} of the program before it is optimised`,
    });
  };
  return definePrimitive<P>({
    ...record,
    jvp: refuse('NotDifferentiable', 'jvp'),
    transpose: refuse('NotDifferentiable', 'transpose'),
    batch: refuse('Unsupported', 'vmap'),
  });
};
