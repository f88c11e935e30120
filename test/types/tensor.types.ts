/** What must and must not compile. Checked by `npm run types`; nothing here runs. */
import * as api from '@natgrad/tensor';
import {
  add,
  argmax,
  asScalar,
  cast,
  type DType,
  dot,
  equal,
  exp,
  isTensor,
  item,
  logsumexp,
  type MapLeaves,
  matmul,
  max,
  mean,
  multiply,
  type Nested,
  negate,
  ones,
  type ravel,
  reshape,
  type Scalar,
  scalar,
  sum,
  type Tensor,
  tensor,
  treeMap,
  variance,
  zeros,
} from '@natgrad/tensor';
import {
  arbitraryTensor,
  arbitraryTree,
  checkLaw,
  elementwiseLaws,
  type Law,
  law,
  lawRuns,
} from '@natgrad/tensor/laws';

// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- two generic signatures are assignable only if A and B are identical
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const take = (_value: unknown): void => undefined;
const same = <A, B>(_proof: Equal<A, B>): void => undefined;

const x: Tensor = tensor([
  [1, 2],
  [3, 4],
]);

// Full reductions are scalars, partial ones are not, even where they happen to have rank 0.
const reductions: readonly Scalar[] = [
  sum(x),
  mean(x),
  max(x),
  variance(x),
  logsumexp(x),
  dot(x, x),
  asScalar(x),
  scalar(1),
];
// @ts-expect-error one axis is left
const rows: Scalar = sum(x, 0);
// @ts-expect-error a list of axes says nothing about rank
const both: Scalar = sum(x, [0, 1]);
// @ts-expect-error axes are kept
const kept: Scalar = mean(x, undefined, true);
// @ts-expect-error indices along an axis
const best: Scalar = argmax(x);
// @ts-expect-error a product of matrices
const product: Scalar = matmul(x, x);
// @ts-expect-error rank 0 by value, not by type: asScalar checks it
const shaped: Scalar = reshape(x, []);

// Elementwise functions of scalars and numbers give scalars; one tensor makes a tensor of the result.
const loss = sum(x);
const scalars: readonly Scalar[] = [
  exp(loss),
  negate(2),
  add(loss, 1),
  add(1, loss),
  multiply(loss, loss),
  equal(loss, 3),
];
// @ts-expect-error an operand is a tensor
const scaled: Scalar = multiply(loss, x);
// @ts-expect-error a function of a tensor
const mapped: Scalar = exp(x);
same<ReturnType<typeof item>, number>(true);

// A scalar is a tensor; a tensor is no scalar, and neither can be made by hand.
const general: Tensor = loss;
// @ts-expect-error a tensor is not known to have rank 0
const special: Scalar = x;
// @ts-expect-error a tensor is made by functions only
const forged: Tensor = { dtype: 'f64', shape: [1], rank: 1, size: 1 };

// Nothing can be changed, and nothing leads to storage.
// @ts-expect-error the dtype is read-only
x.dtype = 'f32';
// @ts-expect-error extents are read-only
x.shape[0] = 3;
// @ts-expect-error the list of extents is read-only
x.shape.length = 1;
// @ts-expect-error there is no storage to be had
take(x.data);
// @ts-expect-error there is no view either
take(x.view);
// @ts-expect-error trusted constructors are not exported from the root
take(api.adopt);
// @ts-expect-error nor is access to storage
take(api.viewOf);
// @ts-expect-error nor elements without a copy
take(api.elements);

// dtypes and literals are checked.
zeros([2], 'f32');
// @ts-expect-error no such dtype
zeros([2], 'float32');
// @ts-expect-error no such dtype
cast(x, 'f16');
// @ts-expect-error text is no number
add(x, '1');
// @ts-expect-error nor is it nested in arrays
tensor([['1']]);
// @ts-expect-error a shape is a list
ones(3);
const nested: Nested = [[1, true], [0.5]];

// Trees keep their type, be it an alias or an interface.
interface Parameters {
  readonly weight: Tensor;
  readonly layers: readonly [{ readonly bias: Tensor }, Scalar];
  readonly none: null;
}
declare const parameters: Parameters;
same<ReturnType<typeof ravel<Parameters>>['unravel'], (vector: Tensor) => Parameters>(true);
const doubled: Parameters = treeMap((leaf) => multiply(leaf, 2), parameters);
same<
  MapLeaves<{ readonly w: Tensor; readonly list: readonly Tensor[]; readonly none: null }, DType>,
  { readonly w: DType; readonly list: readonly DType[]; readonly none: null }
>(true);
// @ts-expect-error a leaf stays a tensor
treeMap((leaf) => item(leaf), parameters);
// @ts-expect-error trees of different types
treeMap((leaf) => leaf, parameters, { weight: x });

const narrowed = (value: unknown): Tensor | undefined => (isTensor(value) ? value : undefined);

// Laws are values.
const laws: readonly Law[] = [
  ...elementwiseLaws({ name: 'twice', apply: (t: Tensor) => add(t, t), reference: (t) => t + t }),
  law('sizes are counts', arbitraryTensor(), (t) => t.size >= 0),
];
for (const each of laws) checkLaw(each, { numRuns: lawRuns(10) });
// @ts-expect-error the check must take what the arbitrary gives
law('mismatch', arbitraryTree(), (t: number) => t > 0);

export const used: readonly unknown[] = [
  reductions,
  rows,
  both,
  kept,
  best,
  product,
  shaped,
  scalars,
  scaled,
  mapped,
  general,
  special,
  forged,
  nested,
  doubled,
  narrowed,
];
