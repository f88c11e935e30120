/** Trees: taken apart and put together again, whatever their keys; one vector and back. */
import {
  add,
  cast,
  describeStructure,
  identical,
  isNatgradError,
  isTensor,
  item,
  multiply,
  ones,
  promote,
  ravel,
  scalar,
  type Tensor,
  type Tree,
  tensor,
  toNested,
  treeFlatten,
  treeLeaves,
  treeMap,
  treeUnflatten,
  zeros,
} from '@natgrad/tensor';
import { flattenWith, sameStructure } from '@natgrad/tensor/internal';
import { arbitraryTensor, arbitraryTree, checkLaw, fingerprint, isomorphismLaws, law } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorOf, expectError } from '../errors.js';
import { check, itHolds } from './layouts.js';

/** A tree for comparison: keys in order, since `{a, b}` and `{b, a}` are one tree. */
const sorted = (tree: Tree<Tensor>): unknown => {
  if (tree === null || isTensor(tree)) return tree;
  if (Array.isArray(tree)) return (tree as readonly Tree<Tensor>[]).map(sorted);
  const entries = Object.entries(tree as Readonly<Record<string, Tree<Tensor>>>);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, each]) => [key, sorted(each)]));
};
const sameTree = (a: Tree<Tensor>, b: Tree<Tensor>): boolean => fingerprint(sorted(a)) === fingerprint(sorted(b));

describe('flatten and unflatten', () => {
  itHolds(
    isomorphismLaws({
      name: 'treeFlatten and treeUnflatten',
      there: (tree: Tree<Tensor>) => treeFlatten(tree),
      back: ({ structure, leaves }) => treeUnflatten(structure, leaves),
      values: arbitraryTree(),
      equals: sameTree,
    }),
  );

  it('does not see the order of keys, and sees everything else', () => {
    const pair = fc.tuple(arbitraryTree(arbitraryTensor({ shape: [] })), arbitraryTree(arbitraryTensor({ shape: [] })));
    checkLaw(
      law('structures', pair, ([a, b]) => {
        const reversed = (tree: Tree<Tensor>): Tree<Tensor> => {
          if (tree === null || isTensor(tree)) return tree;
          if (Array.isArray(tree)) return tree.map(reversed);
          return Object.fromEntries(
            Object.entries(tree)
              .reverse()
              .map(([key, each]) => [key, reversed(each)]),
          );
        };
        const [one, other] = [treeFlatten(a), treeFlatten(reversed(a))];
        expect(sameStructure(one.structure, other.structure)).toBe(true);
        expect(fingerprint(one.leaves)).toBe(fingerprint(other.leaves));
        const blank = (tree: Tree<Tensor>): string => fingerprint(sorted(treeMap(() => scalar(0), tree)));
        expect(sameStructure(one.structure, treeFlatten(b).structure)).toBe(blank(a) === blank(b));
      }),
    );
  });

  it('orders leaves by sorted key and by index', () => {
    const [w, b, head] = [ones([2, 2]), zeros([2]), scalar(3)];
    expect(treeLeaves({ w, b, layers: [head, null, { a: w }] })).toEqual([b, head, w, w]);
    // As text, so "10" comes before "9".
    expect(treeLeaves({ 9: w, 10: b })).toEqual([b, w]);
  });

  it('keeps a key named __proto__ as data', () => {
    const tree = JSON.parse('{"__proto__": 0, "a": 1}') as Record<string, unknown>;
    Object.defineProperty(tree, '__proto__', {
      value: scalar(5),
      enumerable: true,
      configurable: true,
      writable: true,
    });
    tree['a'] = scalar(6);
    const mapped = treeMap((x) => add(x, 1), tree);
    expect(Object.keys(mapped).sort()).toEqual(['__proto__', 'a']);
    expect(Object.getPrototypeOf(mapped)).toBe(Object.prototype);
    expect(item(Object.getOwnPropertyDescriptor(mapped, '__proto__')?.value as Tensor)).toBe(6);
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  it('takes keys that look like structure for what they are', () => {
    const one = treeFlatten({ a: scalar(1), b: scalar(2) }).structure;
    const other = treeFlatten({ 'a: *, b': scalar(1) }).structure;
    expect(describeStructure(one)).toBe(describeStructure(other));
    expect(sameStructure(one, other)).toBe(false);
    expectError(
      () => treeMap((x) => x, { a: scalar(1), b: scalar(2) }, { 'a: *, b': scalar(1) }),
      'TreeMismatch',
      'tree 2',
    );
  });

  it('wants as many leaves as the structure has', () => {
    const { structure } = treeFlatten([scalar(1), { a: scalar(2) }]);
    expectError(() => treeUnflatten(structure, [1]), 'TreeMismatch', '[*, {a: *}] needs more than 1 leaves');
    expectError(() => treeUnflatten(structure, [1, 2, 3]), 'TreeMismatch', '[*, {a: *}] has 2 leaves, found 3');
    expect(treeUnflatten(structure, [1, 2])).toEqual([1, { a: 2 }]);
  });
});

describe('what is no tree', () => {
  class Layer {
    readonly w: Tensor = ones([1]);
  }
  it.each<[unknown, string, string]>([
    [{ w: [scalar(1), 3] }, 'tree.w[1]', 'the number 3'],
    [{ a: { b: 'x' } }, 'tree.a.b', 'the string x'],
    [undefined, 'tree', 'undefined'],
    [[scalar(1), undefined], 'tree[1]', 'undefined'],
    [[scalar(1), , scalar(2)], 'tree[1]', 'undefined'],
    [{ layer: new Layer() }, 'tree.layer', 'keys {w}'],
    [new Map([['a', scalar(1)]]), 'tree', 'keys {}'],
    [new Float64Array(2), 'tree', 'keys {0, 1}'],
    [{ f: () => 1 }, 'tree.f', 'function'],
    [Promise.resolve(scalar(1)), 'tree', 'keys {}'],
  ])('%o at its path', (tree, path, found) => {
    expectError(() => treeFlatten(tree), 'TreeMismatch', `at ${path} there is`, found);
  });

  it('one that contains itself', () => {
    const loop: Record<string, unknown> = { a: scalar(1) };
    loop['b'] = [loop];
    expectError(() => treeFlatten(loop), 'TreeMismatch', 'the tree contains itself at tree.b[0]');
    const list: unknown[] = [];
    list.push(list);
    expectError(() => treeLeaves(list), 'TreeMismatch', 'treeLeaves', 'tree[0]');
  });

  it('but a part may occur twice', () => {
    const shared = { w: scalar(2) };
    expect(treeLeaves([shared, shared]).length).toBe(2);
  });

  it('the error names the number to wrap', () => {
    expect(errorOf(() => treeFlatten([0.5])).expected).toBe('scalar(0.5)');
  });
});

describe('treeMap', () => {
  it('is a functor: the identity, and composition', () => {
    check(arbitraryTree(), (tree) => {
      expect(
        sameTree(
          treeMap((x) => x, tree),
          tree,
        ),
      ).toBe(true);
      const f = (x: Tensor): Tensor => cast(x, 'f64');
      const g = (x: Tensor): Tensor => multiply(x, 2);
      expect(
        sameTree(
          treeMap((x) => g(f(x)), tree),
          treeMap(g, treeMap(f, tree)),
        ),
      ).toBe(true);
    });
  });

  it('maps corresponding leaves of several trees', () => {
    const a = { w: ones([2]), b: [scalar(1)] };
    const b = { b: [scalar(10)], w: tensor([5, 6]) };
    const total = treeMap((x, y) => add(x, y), a, b);
    expect([toNested(total.w), item(total.b[0] as Tensor)]).toEqual([[6, 7], 11]);
    expectError(
      () => treeMap((x) => x, a, { w: ones([2]), b: [] }),
      'TreeMismatch',
      'tree 2 has the structure {b: [], w: *}, expected {b: [*], w: *}',
    );
  });

  it('gives plain objects for objects without a prototype', () => {
    const bare = Object.assign(Object.create(null) as Record<string, Tensor>, { w: scalar(1) });
    expect(item(treeMap((x) => add(x, 1), bare)['w'] as Tensor)).toBe(2);
  });
});

describe('ravel', () => {
  it('holds the leaves in order, in their common dtype, and cuts them out again', () => {
    // i32 in f32 would be rounded; the other meetings of dtypes lose nothing.
    const trees = arbitraryTree(arbitraryTensor({ dtype: fc.constantFrom('bool', 'i32', 'f64') }));
    check(trees, (tree) => {
      const leaves = treeLeaves(tree);
      const { vector, unravel } = ravel(tree);
      expect(vector.rank).toBe(1);
      expect(vector.dtype).toBe(leaves.length === 0 ? 'f64' : leaves.map((leaf) => leaf.dtype).reduce(promote));
      expect(vector.size).toBe(leaves.reduce((size, leaf) => size + leaf.size, 0));
      expect(sameTree(unravel(vector), tree)).toBe(true);
      expect(identical(ravel(unravel(vector)).vector, vector)).toBe(true);
      expect((toNested(vector) as number[]).map(Number)).toEqual(
        leaves.flatMap((leaf) => ([toNested(leaf)] as number[]).flat(Infinity).map(Number)),
      );
    });
  });

  it('is linear: what is done to the vector is done to the leaves', () => {
    const trees = arbitraryTree(arbitraryTensor({ dtype: 'f64' }));
    check(trees, (tree) => {
      const { vector, unravel } = ravel(tree);
      expect(
        sameTree(
          unravel(multiply(vector, 2)),
          treeMap((x) => multiply(x, 2), tree),
        ),
      ).toBe(true);
    });
  });

  it('refuses a vector of another length or rank', () => {
    const { unravel } = ravel({ w: ones([2, 2]), b: zeros([2]) });
    expectError(
      () => unravel(zeros([5])),
      'ShapeMismatch',
      'unravel: f64[5] does not fill {b: *, w: *}, which has 6 elements',
    );
    expectError(() => unravel(zeros([2, 3])), 'ShapeMismatch', 'unravel: f64[2,3]');
  });
});

it('flattenWith recognises any kind of leaf', () => {
  const isText = (value: unknown): value is string => typeof value === 'string';
  expect(flattenWith({ b: ['x'], a: 'y' }, isText).leaves).toEqual(['y', 'x']);
  expect(isNatgradError(errorOf(() => flattenWith([1], isText, 'mine')))).toBe(true);
  expectError(() => flattenWith([1], isText, 'mine'), 'TreeMismatch', 'mine: at tree[0]');
});
