/** What transposition promises about arguments that are known. */
import { traceFlat, transposeGraph } from '@natgrad/autodiff/internal';
import { tensor, toNested } from '@natgrad/tensor';
import { expect, test } from 'vitest';

test('a known input that is an output has no cotangent', () => {
  const aval = { dtype: 'f64', shape: [2] } as const;
  const { graph } = traceFlat('pair', [aval, aval], (x, y) => [x, y] as const);
  const [known, cotangent] = [tensor([1, 2]), tensor([3, 4])];
  const [toLinear, toKnown] = transposeGraph(graph, [true, false], [null, known], [cotangent, cotangent]);
  expect(toLinear == null ? null : toNested(toLinear)).toEqual([3, 4]);
  expect(toKnown).toBeNull();
});
