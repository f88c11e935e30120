import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { add, isNatgradError, matmul, NatgradError, tensor, toNested } from '@natgrad/tensor';

const a = tensor([
  [1, 2],
  [3, 4],
]);
assert.deepEqual(toNested(matmul(a, add(a, 1))), [
  [10, 13],
  [22, 29],
]);

// A mistake is reported at the consumer's own line.
const here = join(dirname(fileURLToPath(import.meta.url)), 'tensor.mjs');
try {
  matmul(a, tensor([1, 2, 3]));
  assert.fail('shapes that do not match were accepted');
} catch (error) {
  assert.ok(isNatgradError(error) && error instanceof NatgradError);
  assert.equal(error.code, 'ShapeMismatch');
  assert.ok(error.at?.startsWith(here), error.at);
}
