import { describe, select as referenceSelect, type Tensor, type TensorLike, zeros } from '@natgrad/tensor';
import { dtypeError, shapeError } from '@natgrad/tensor/internal';
import type { Value } from '../ir/aval.js';
import { sameAval } from '../ir/aval.js';
import { boolean, real } from '../ir/domain.js';
import { definePrimitive, isLinear, type Primitive, type TransposeArgument } from '../ir/primitive.js';
import { bind1 } from '../trace/bind.js';
import { batchElementwise, commonShape, type None, operand, promoteTo } from './_elementwise.js';
import { instantiate } from './_zero.js';
import { broadcastTo } from './broadcast-to.js';

export const selectPrimitive: Primitive<None> = definePrimitive<None>({
  name: 'select',
  domain: (draw) => {
    const shape = draw.shape();
    return { args: [boolean(shape), real(shape), real(shape)], params: {} };
  },
  shape: (args) => {
    const [condition, x, y] = args as [Value, Value, Value];
    if (condition.dtype !== 'bool')
      throw dtypeError('select', `the condition ${describe(condition)} is not bool`, {
        argument: 'condition',
        found: describe(condition),
        expected: 'a bool tensor; compare first, e.g. greater(x, 0)',
      });
    if (!sameAval(x, y) || !sameAval({ dtype: x.dtype, shape: condition.shape }, x))
      throw shapeError('select', `${describe(condition)} ? ${describe(x)} : ${describe(y)}: shapes differ`, {
        found: args.map(describe).join(', '),
        expected: 'three arguments of one shape',
      });
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  evaluate: (args) => {
    const [condition, x, y] = args as [Tensor, Tensor, Tensor];
    return [referenceSelect(condition, x, y)];
  },
  jvp: (args, outs, tangents) => {
    const [condition] = args as [Value];
    const [, x, y] = tangents;
    const out = outs[0] as Value;
    return [select(condition, instantiate(x ?? null, out), instantiate(y ?? null, out))];
  },
  transpose: (cotangents, args) => {
    const [condition, x, y] = args as readonly [Value, TransposeArgument, TransposeArgument];
    const ct = cotangents[0] as Value;
    const zero = zeros(ct.shape, ct.dtype);
    return [null, isLinear(x) ? select(condition, ct, zero) : null, isLinear(y) ? select(condition, zero, ct) : null];
  },
  batch: batchElementwise(() => selectPrimitive),
  lower: { kind: 'elementwise', name: 'select' },
});

/**
 * `condition ? x : y`, elementwise with broadcasting of all three. Both sides are computed; where the side not chosen has an
 * infinite derivative, guard its argument with a `select` of its own, or 0·∞ gives NaN.
 *
 * @example
 * ```ts
 * const relu = (x: Tensor) => select(greater(x, 0), x, 0);
 * console.log(toNested(relu(tensor([-1, 2])))); // [ 0, 2 ]
 * ```
 */
export const select = (condition: TensorLike, x: TensorLike, y: TensorLike): Value => {
  const chosen = operand('select', condition);
  const [a, b] = promoteTo('select', [x, y], 'any') as [Value, Value];
  const shape = commonShape('select', [chosen, a, b]);
  return bind1(selectPrimitive, [broadcastTo(chosen, shape), broadcastTo(a, shape), broadcastTo(b, shape)], {});
};
