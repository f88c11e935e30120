/**
 * Typed pytrees: nested arrays and plain objects whose leaves are tensors. A set of parameters, a batch, a state are trees,
 * and functions over trees keep their type.
 */
import { cast, zeros } from './create.js';
import { promote } from './dtype.js';
import { NatgradError, shapeError } from './errors.js';
import { concatenate } from './join.js';
import { reshape, slice } from './movement.js';
import { describe } from './shape.js';
import { describeForeign, isTensor, type Tensor } from './tensor.js';

/** A tree whose leaves are `Leaf`s; `null` is a tree without leaves. */
export type Tree<Leaf> = Leaf | null | readonly Tree<Leaf>[] | { readonly [key: string]: Tree<Leaf> };

/** The same tree with every tensor replaced by `Leaf`. */
export type MapLeaves<T, Leaf> = T extends Tensor
  ? Leaf
  : T extends null
    ? null
    : { readonly [K in keyof T]: MapLeaves<T[K], Leaf> };

/** The shape of a tree without its leaves. Object keys are sorted, so that `{a, b}` and `{b, a}` are one structure. */
export type TreeStructure =
  | { readonly kind: 'leaf' }
  | { readonly kind: 'null' }
  | { readonly kind: 'array'; readonly children: readonly TreeStructure[] }
  | { readonly kind: 'object'; readonly keys: readonly string[]; readonly children: readonly TreeStructure[] };

const LEAF: TreeStructure = { kind: 'leaf' };
const NULL: TreeStructure = { kind: 'null' };

/** The leaves of a tree, and how to put them back. */
export interface Flattened<Leaf> {
  /** In the order of the structure: array index, or sorted key. */
  readonly leaves: readonly Leaf[];
  readonly structure: TreeStructure;
}

const isPlainObject = (value: unknown): value is Readonly<Record<string, unknown>> => {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

/** Flattens a tree whose leaves are recognised by `isLeaf`; `operation` names the caller in errors. */
export const flattenWith = <Leaf>(
  tree: unknown,
  isLeaf: (value: unknown) => value is Leaf,
  operation = 'treeFlatten',
): Flattened<Leaf> => {
  const leaves: Leaf[] = [];
  const open = new Set<unknown>();
  const visit = (node: unknown, path: string): TreeStructure => {
    if (isLeaf(node)) {
      leaves.push(node);
      return LEAF;
    }
    if (node === null) return NULL;
    if (!Array.isArray(node) && !isPlainObject(node))
      throw new NatgradError(
        'TreeMismatch',
        `at ${path} there is ${describeForeign(node)}, not a tensor, array or plain object`,
        {
          operation,
          argument: path,
          found: describeForeign(node),
          expected:
            typeof node === 'number' || typeof node === 'boolean'
              ? `scalar(${String(node)})`
              : 'tensors in nested arrays and plain objects',
        },
      );
    if (open.has(node))
      throw new NatgradError('TreeMismatch', `the tree contains itself at ${path}`, { operation, argument: path });
    open.add(node);
    const structure: TreeStructure = Array.isArray(node)
      ? // Not `map`, which leaves out the holes of a sparse array.
        { kind: 'array', children: Array.from(node, (child, i) => visit(child, `${path}[${i}]`)) }
      : objectStructure(node, path);
    open.delete(node);
    return structure;
  };
  const objectStructure = (node: Readonly<Record<string, unknown>>, path: string): TreeStructure => {
    const keys = Object.keys(node).sort();
    return { kind: 'object', keys, children: keys.map((key) => visit(node[key], `${path}.${key}`)) };
  };
  const structure = visit(tree, 'tree');
  return { leaves, structure };
};

/**
 * The tensors of a tree, and its structure.
 *
 * @throws `TreeMismatch` with the path of anything that is not a tensor, array or plain object.
 * @example
 * ```ts
 * const { leaves } = treeFlatten({ w: eye(2), b: zeros([2]) });
 * console.log(leaves.map((leaf) => leaf.rank)); // [ 1, 2 ]
 * ```
 */
export const treeFlatten = (tree: unknown, operation = 'treeFlatten'): Flattened<Tensor> =>
  flattenWith(tree, isTensor, operation);

/** Rebuilds a tree from its structure and leaves. */
export const treeUnflatten = <Leaf>(structure: TreeStructure, leaves: readonly Leaf[]): Tree<Leaf> => {
  let next = 0;
  const build = (node: TreeStructure): Tree<Leaf> => {
    switch (node.kind) {
      case 'leaf':
        if (next >= leaves.length)
          throw new NatgradError(
            'TreeMismatch',
            `${describeStructure(structure)} needs more than ${leaves.length} leaves`,
            {
              operation: 'treeUnflatten',
              argument: 'leaves',
            },
          );
        next += 1;
        return leaves[next - 1] as Leaf;
      case 'null':
        return null;
      case 'array':
        return node.children.map(build);
      case 'object': {
        // Own properties without a setter: a key such as `__proto__` stays data.
        const entries = node.keys.map((key, i): [string, Tree<Leaf>] => [
          key,
          build(node.children[i] as TreeStructure),
        ]);
        return Object.fromEntries(entries);
      }
    }
  };
  const tree = build(structure);
  if (next !== leaves.length)
    throw new NatgradError(
      'TreeMismatch',
      `${describeStructure(structure)} has ${next} leaves, found ${leaves.length}`,
      {
        operation: 'treeUnflatten',
        argument: 'leaves',
      },
    );
  return tree;
};

/** `{b: *, w: [*, *]}`: a structure for people. */
export const describeStructure = (structure: TreeStructure): string => {
  switch (structure.kind) {
    case 'leaf':
      return '*';
    case 'null':
      return 'null';
    case 'array':
      return `[${structure.children.map(describeStructure).join(', ')}]`;
    case 'object':
      return `{${structure.keys.map((key, i) => `${key}: ${describeStructure(structure.children[i] as TreeStructure)}`).join(', ')}}`;
  }
};

export const sameStructure = (a: TreeStructure, b: TreeStructure): boolean => {
  if (a === b) return true;
  if (a.kind === 'array' && b.kind === 'array') return sameChildren(a.children, b.children);
  if (a.kind !== 'object' || b.kind !== 'object') return a.kind === b.kind && a.kind !== 'array';
  return (
    a.keys.length === b.keys.length &&
    a.keys.every((key, i) => key === b.keys[i]) &&
    sameChildren(a.children, b.children)
  );
};

const sameChildren = (a: readonly TreeStructure[], b: readonly TreeStructure[]): boolean =>
  a.length === b.length && a.every((child, i) => sameStructure(child, b[i] as TreeStructure));

/** Throws `TreeMismatch` naming both structures unless they are one. */
export const checkSameStructure = (
  operation: string,
  argument: string,
  found: TreeStructure,
  expected: TreeStructure,
): void => {
  if (!sameStructure(found, expected))
    throw new NatgradError(
      'TreeMismatch',
      `${argument} has the structure ${describeStructure(found)}, expected ${describeStructure(expected)}`,
      {
        operation,
        argument,
        found: describeStructure(found),
        expected: describeStructure(expected),
      },
    );
};

/**
 * Applies `f` to every leaf, or to the corresponding leaves of several trees of one structure.
 *
 * @example
 * ```ts
 * const doubled = treeMap((x) => multiply(x, 2), { w: ones([2]), b: scalar(3) });
 * console.log(item(doubled.b)); // 6
 * ```
 */
export const treeMap = <T>(
  f: (leaf: Tensor, ...others: readonly Tensor[]) => Tensor,
  tree: T,
  ...rest: readonly T[]
): T => {
  const { leaves, structure } = treeFlatten(tree, 'treeMap');
  const others = rest.map((other, k) => {
    const flat = treeFlatten(other, 'treeMap');
    checkSameStructure('treeMap', `tree ${k + 2}`, flat.structure, structure);
    return flat.leaves;
  });
  const mapped = leaves.map((leaf, i) => f(leaf, ...others.map((flat) => flat[i] as Tensor)));
  return treeUnflatten(structure, mapped) as T;
};

/** The tensors of a tree, in the order of `treeFlatten`. */
export const treeLeaves = (tree: unknown): readonly Tensor[] => treeFlatten(tree, 'treeLeaves').leaves;

/** How a vector is cut into the leaves of a tree: computed once, used by every engine. */
export interface RavelLayout {
  readonly structure: TreeStructure;
  readonly leaves: readonly {
    readonly dtype: Tensor['dtype'];
    readonly shape: Tensor['shape'];
    readonly offset: number;
    readonly size: number;
  }[];
  readonly size: number;
  readonly dtype: Tensor['dtype'];
}

export const ravelLayout = (tree: unknown): RavelLayout => {
  const { leaves, structure } = treeFlatten(tree, 'ravel');
  let offset = 0;
  const cut = leaves.map((leaf) => {
    const place = { dtype: leaf.dtype, shape: leaf.shape, offset, size: leaf.size };
    offset += leaf.size;
    return place;
  });
  const dtype = leaves.reduce<Tensor['dtype']>(
    (widest, leaf) => promote(widest, leaf.dtype),
    leaves[0]?.dtype ?? 'f64',
  );
  return { structure, leaves: cut, size: offset, dtype };
};

/** Throws unless `vector` is what `layout` cuts. */
export const checkRavelled = (layout: RavelLayout, vector: Tensor): void => {
  if (vector.rank !== 1 || vector.size !== layout.size)
    throw shapeError(
      'unravel',
      `${describe(vector)} does not fill ${describeStructure(layout.structure)}, which has ${layout.size} elements`,
      {
        argument: 'vector',
        found: describe(vector),
        expected: `[${layout.size}]`,
      },
    );
};

/**
 * All leaves of a tree in one vector (in their common dtype), and the way back.
 *
 * @example
 * ```ts
 * const { vector, unravel } = ravel({ b: scalar(7), w: eye(2) });
 * console.log(toNested(vector)); // [ 7, 1, 0, 0, 1 ]
 * console.log(item(unravel(vector).b)); // 7
 * ```
 */
export const ravel = <T>(tree: T): { readonly vector: Tensor; readonly unravel: (vector: Tensor) => T } => {
  const layout = ravelLayout(tree);
  const parts = treeLeaves(tree).map((leaf) => cast(reshape(leaf, [leaf.size]), layout.dtype));
  const vector = parts.length === 0 ? zeros([0], layout.dtype) : concatenate(parts, 0);
  const unravel = (flat: Tensor): T => {
    checkRavelled(layout, flat);
    return treeUnflatten(
      layout.structure,
      layout.leaves.map(({ offset, size, shape, dtype }) =>
        cast(reshape(slice(flat, [offset], [offset + size]), shape), dtype),
      ),
    ) as T;
  };
  return { vector, unravel };
};
