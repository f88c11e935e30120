/** Tracing: a function of tensors becomes a graph. */
import { isTensor, NatgradError, type TreeStructure, treeUnflatten } from '@natgrad/tensor';
import { flattenWith } from '@natgrad/tensor/internal';
import { type Aval, avalOf, type Value } from '../ir/aval.js';
import { Builder, type Traced } from './builder.js';

/** Traces a function of values; outer traced values that it uses become `captures`. */
export const traceFlat = (
  name: string,
  avals: readonly Aval[],
  f: (...args: readonly Value[]) => readonly Value[],
): Traced => traceAside(name, avals, (...args) => ({ outs: f(...args), aside: undefined }));

/** The same for a function that finds out something besides its results, which the graph does not hold. */
export const traceAside = <T>(
  name: string,
  avals: readonly Aval[],
  f: (...args: readonly Value[]) => { readonly outs: readonly Value[]; readonly aside: T },
): Traced & { readonly aside: T } => {
  const builder = new Builder(name);
  try {
    const { outs, aside } = f(...avals.map((aval) => builder.input(aval)));
    return { ...builder.close(outs), aside };
  } finally {
    builder.seal();
  }
};

/** A traced function of trees: its graph and the structure of its result. */
export interface TracedTree extends Traced {
  readonly structure: TreeStructure;
}

const isThenable = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && typeof (value as { readonly then?: unknown }).then === 'function';

/** Flattens what a traced function returned; a Promise is refused. */
export const flattenResult = (
  name: string,
  result: unknown,
): { readonly leaves: readonly Value[]; readonly structure: TreeStructure } => {
  if (isThenable(result))
    throw new NatgradError('AsyncTrace', 'the traced function returned a Promise', {
      operation: name,
      found: 'a Promise',
      expected: 'a synchronous function: await data first and pass it as an argument',
    });
  return flattenWith(result, isTensor, name);
};

/** Traces a function of trees whose leaves have the given dtypes and shapes. */
export const traceTree = (
  name: string,
  structures: readonly TreeStructure[],
  avals: readonly (readonly Aval[])[],
  f: (...args: readonly never[]) => unknown,
): TracedTree => {
  const { aside: structure, ...traced } = traceAside(name, avals.flat(), (...values) => {
    let at = 0;
    const args = structures.map((each, k) => {
      const count = avals[k]?.length ?? 0;
      at += count;
      return treeUnflatten(each, values.slice(at - count, at)) as never;
    });
    const flat = flattenResult(name, f(...args));
    return { outs: flat.leaves, aside: flat.structure };
  });
  return { ...traced, structure };
};

/** A traced call: the leaves of its arguments beside what tracing gave. */
export interface TracedCall extends TracedTree {
  readonly leaves: readonly Value[];
}

/** Flattens arguments (trees of tensors) and traces `f` at their dtypes and shapes. */
export const traceCall = (
  name: string,
  f: (...args: readonly never[]) => unknown,
  args: readonly unknown[],
): TracedCall => {
  const flat = args.map((arg) => flattenWith(arg, isTensor, name));
  const avals = flat.map(({ leaves }) => leaves.map(avalOf));
  const traced = traceTree(
    name,
    flat.map(({ structure }) => structure),
    avals,
    f,
  );
  return { ...traced, leaves: flat.flatMap(({ leaves }) => leaves) };
};
