/** Deferred tensors: like any other, but their elements come when somebody needs them. */
import { inspect } from 'node:util';
import {
  add,
  describe as describeTensor,
  encodeNpy,
  format,
  identical,
  isTensor,
  ravel,
  reshape,
  sum,
  type Tensor,
  tensor,
  toNested,
  toTypedArray,
  transpose,
  treeMap,
} from '@natgrad/tensor';
import { adopt, defer, elements, isConcrete, isLoaded, viewOf } from '@natgrad/tensor/internal';
import { arbitraryTensor, fingerprint } from '@natgrad/tensor/laws';
import { describe, expect, it } from 'vitest';
import { check } from './layouts.js';

/** The same tensor, deferred, and how often it was loaded. */
const deferred = (x: Tensor): { readonly twin: Tensor; readonly loads: () => number } => {
  let loads = 0;
  const twin = defer(x.dtype, x.shape, () => {
    loads += 1;
    return elements(x).slice();
  });
  return { twin, loads: () => loads };
};

/** Everything that looks at elements, by what it makes of them. */
const readers: Readonly<Record<string, (x: Tensor) => unknown>> = {
  elements: (x) => elements(x),
  viewOf: (x) => [viewOf(x).shape, viewOf(x).stride, viewOf(x).offset],
  toTypedArray,
  toNested,
  format: (x) => format(x),
  String: (x) => (x as { readonly toString: () => string }).toString(),
  inspect: (x) => inspect(x),
  encodeNpy,
  ravel: (x) => ravel({ x }).vector,
  add: (x) => add(x, 1),
  sum: (x) => sum(x),
  transpose: (x) => transpose(x),
  reshape: (x) => reshape(x, [x.size]),
};

describe('a deferred tensor', () => {
  it('is what the dense tensor is to every reader, and is loaded once', () => {
    check(arbitraryTensor(), (x) => {
      const dense = adopt(elements(x).slice(), x.dtype, x.shape);
      for (const [name, read] of Object.entries(readers)) {
        const { twin, loads } = deferred(x);
        expect(fingerprint(read(twin)), name).toBe(fingerprint(read(dense)));
        expect(fingerprint(read(twin)), name).toBe(fingerprint(read(dense)));
        expect(loads(), name).toBe(1);
        expect(identical(twin, dense)).toBe(true);
        expect(identical(dense, twin)).toBe(true);
        expect(identical(twin, twin)).toBe(true);
        expect(viewOf(twin)).toBe(viewOf(twin));
        expect(loads(), name).toBe(1);
      }
    });
  });

  it('is not loaded by those that look at its type only', () => {
    const { twin, loads } = deferred(tensor([[1, 2, 3]], 'f32'));
    expect([twin.dtype, twin.shape, twin.rank, twin.size]).toEqual(['f32', [1, 3], 2, 3]);
    expect([isTensor(twin), isConcrete(twin), describeTensor(twin)]).toEqual([true, true, 'f32[1,3]']);
    treeMap((leaf: Tensor) => leaf, { twin });
    expect(Object.isFrozen(twin) && Object.isFrozen(twin.shape)).toBe(true);
    expect([loads(), isLoaded(twin)]).toEqual([0, false]);
    toNested(twin);
    expect([loads(), isLoaded(twin)]).toEqual([1, true]);
    expect(Object.isFrozen(twin)).toBe(true);
  });

  it('keeps its shape when the list that it was made of changes', () => {
    const shape = [2, 1];
    const x = defer('f64', shape, () => new Float64Array([1, 2]));
    shape[0] = 1;
    expect(toNested(x)).toEqual([[1], [2]]);
  });

  it('can be tried again after loading failed', () => {
    let failures = 2;
    const x = defer('i32', [2], () => {
      if (failures > 0) {
        failures -= 1;
        throw new RangeError('no room');
      }
      return new Int32Array([4, 5]);
    });
    expect(() => toNested(x)).toThrow('no room');
    expect(isLoaded(x)).toBe(false);
    expect(() => format(x)).toThrow('no room');
    expect(toNested(x)).toEqual([4, 5]);
  });

  it('is loaded or not, while others are loaded from the start or are no tensors at all', () => {
    expect(isLoaded(tensor([1]))).toBe(true);
    expect(isLoaded({ dtype: 'f64' } as unknown as Tensor)).toBe(false);
  });
});
