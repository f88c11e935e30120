import type { Tensor } from '@natgrad/tensor';
import { describe } from '@natgrad/tensor';
import { elements } from '@natgrad/tensor/internal';
import { sameParams } from '../ir/same.js';
import { addPrimitive } from '../primitives/add.js';
import { checkpointPrimitive } from '../primitives/checkpoint.js';
import { equalPrimitive } from '../primitives/equal.js';
import { logicalAndPrimitive } from '../primitives/logical-and.js';
import { logicalOrPrimitive } from '../primitives/logical-or.js';
import { maximumPrimitive } from '../primitives/maximum.js';
import { minimumPrimitive } from '../primitives/minimum.js';
import { multiplyPrimitive } from '../primitives/multiply.js';
import { notEqualPrimitive } from '../primitives/not-equal.js';
import type { Pass } from './pass.js';
import { type Operation, rewrite } from './rewrite.js';

/** f(x, y) = f(y, x), to the bit. */
const commutative: ReadonlySet<unknown> = new Set<unknown>([
  addPrimitive,
  multiplyPrimitive,
  maximumPrimitive,
  minimumPrimitive,
  equalPrimitive,
  notEqualPrimitive,
  logicalAndPrimitive,
  logicalOrPrimitive,
]);

/** Constants with more elements are one only where they are one tensor: reading them all would cost more than it gains. */
const SMALL = 64;

const constantKey = (value: Tensor): string =>
  `${describe(value)} ${Array.from(elements(value), (x) => (Object.is(x, -0) ? '-0' : String(x))).join(' ')}`;

interface Known extends Operation {
  readonly outs: readonly number[];
}

/**
 * Equal operations on equal values are done once: the same primitive with equal parameters, the operands of commutative ones
 * in any order. So are small equal constants.
 */
export const commonSubexpressions: Pass = {
  name: 'commonSubexpressions',
  run: (graph) => {
    const constants = new Map<string, number>();
    const known = new Map<string, Known[]>();
    const numbers = new Map<unknown, number>();
    const keyOf = ({ primitive, inputs }: Operation): string => {
      const number = numbers.get(primitive) ?? numbers.size;
      numbers.set(primitive, number);
      const ids = commutative.has(primitive) ? inputs.toSorted((a, b) => a - b) : inputs;
      return `${number}:${ids.join(' ')}`;
    };
    return rewrite(
      graph,
      (operation, rebuild, source) => {
        // What is checkpointed is to be computed again: a result shared with a later use would have to be kept until then.
        if ((operation.primitive as unknown) === checkpointPrimitive) return undefined;
        const key = keyOf(operation);
        const alike = known.get(key) ?? [];
        const same = alike.find(({ params }) => sameParams(params, operation.params));
        if (same !== undefined) return same.outs;
        const outs = rebuild.keep(operation, source);
        known.set(key, [...alike, { ...operation, outs }]);
        return outs;
      },
      (value, rebuild) => {
        if (value.size > SMALL) return rebuild.constant(value);
        const key = constantKey(value);
        const id = constants.get(key) ?? rebuild.constant(value);
        constants.set(key, id);
        return id;
      },
    );
  },
};
