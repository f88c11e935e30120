/** What every transform does first: flatten, check, trace. */
import { describe, isFloat, isTensor, NatgradError, type TreeStructure, treeUnflatten } from '@natgrad/tensor';
import { checkSameStructure, dtypeError, flattenWith, sameShape, shapeError } from '@natgrad/tensor/internal';
import { avalOf, type Value } from '../ir/aval.js';
import { type TracedTree, traceTree } from '../trace/trace.js';

/** A function traced at a tree, ready to be transformed: the primals of its graph are the leaves and the captures. */
export interface Prepared extends TracedTree {
  readonly input: TreeStructure;
  readonly leaves: readonly Value[];
  readonly primals: readonly Value[];
  /** Which primals are differentiated: the leaves, not the captures. */
  readonly active: readonly boolean[];
}

/** Only floats have derivatives. */
export const checkFloats = (operation: string, argument: string, leaves: readonly Value[]): void => {
  leaves.forEach((leaf, k) => {
    if (!isFloat(leaf.dtype))
      throw dtypeError(operation, `leaf ${k} of ${argument} is ${describe(leaf)}, and only floats have derivatives`, {
        argument: `${argument} leaf ${k}`,
        found: describe(leaf),
        expected: 'f32 or f64; pass integers and booleans as further arguments or in the closure',
      });
  });
};

export const prepare = (operation: string, f: (at: never) => unknown, at: unknown): Prepared => {
  const { leaves, structure } = flattenWith(at, isTensor, operation);
  checkFloats(operation, 'the argument', leaves);
  const traced = traceTree(operation, [structure], [leaves.map(avalOf)], f);
  return {
    ...traced,
    input: structure,
    leaves,
    primals: [...leaves, ...traced.captures],
    active: [...leaves.map(() => true), ...traced.captures.map(() => false)],
  };
};

/** Flattens a tangent or cotangent and checks it against what it belongs to: one structure, equal dtypes and shapes. */
export const flattenLike = (
  operation: string,
  argument: string,
  tree: unknown,
  structure: TreeStructure,
  like: readonly { readonly dtype: Value['dtype']; readonly shape: Value['shape'] }[],
): readonly Value[] => {
  const flat = flattenWith(tree, isTensor, operation);
  checkSameStructure(operation, argument, flat.structure, structure);
  flat.leaves.forEach((leaf, k) => {
    const expected = like[k];
    if (expected === undefined || leaf.dtype !== expected.dtype || !sameShape(leaf.shape, expected.shape))
      throw shapeError(
        operation,
        `leaf ${k} of ${argument} is ${describe(leaf)}, expected ${expected === undefined ? 'none' : describe(expected)}`,
        {
          argument: `${argument} leaf ${k}`,
          found: describe(leaf),
          ...(expected === undefined ? {} : { expected: describe(expected) }),
        },
      );
  });
  return flat.leaves;
};

/** The only leaf of a loss, which must be a float of rank 0. */
export const checkLoss = (
  operation: string,
  outs: readonly { readonly dtype: Value['dtype']; readonly shape: Value['shape'] }[],
  structure: TreeStructure,
): void => {
  const [loss] = outs;
  if (structure.kind !== 'leaf' || loss === undefined || loss.shape.length !== 0 || !isFloat(loss.dtype))
    throw new NatgradError(
      'NotScalar',
      `the function returned ${loss === undefined || structure.kind !== 'leaf' ? 'a tree' : describe(loss)}, and a gradient is of one number`,
      {
        operation,
        found: outs.map(describe).join(', '),
        expected:
          'a float of rank 0: sum or average the result; for the derivative of several numbers use vjp, jacrev or jacfwd',
      },
    );
};

/** Rebuilds a tree whose type the caller knows. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the type that flattening forgot
export const rebuild = <T>(structure: TreeStructure, leaves: readonly Value[]): T =>
  treeUnflatten(structure, leaves) as T;
