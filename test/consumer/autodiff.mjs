import assert from 'node:assert/strict';
import { grad, hvp, multiply, sum } from '@natgrad/autodiff';
import { isNatgradError, tensor, toNested } from '@natgrad/tensor';

const cube = (x) => sum(multiply(x, multiply(x, x)));
const at = tensor([1, 2]);
assert.deepEqual(toNested(grad(cube)(at)), [3, 12]);
assert.deepEqual(toNested(hvp(cube, at, tensor([1, 1]))), [6, 12]);

// One copy of the tensor package serves both: what autodiff throws is known to the other.
assert.throws(
  () => grad((x) => sum(multiply(x, tensor([1, 2, 3]))))(at),
  (error) => isNatgradError(error) && error.code === 'ShapeMismatch',
);
