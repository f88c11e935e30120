/** Compilation: a function becomes one node that an engine runs. */
import { describe, describeStructure, isTensor, NatgradError, type TreeStructure } from '@natgrad/tensor';
import { flattenWith, isConcrete } from '@natgrad/tensor/internal';
import * as Either from 'fp-ts/lib/Either.js';
import { defaultEngine } from '../backends/default.js';
import type { Engine } from '../backends/engine.js';
import { interpreter } from '../backends/interpreter.js';
import { avalOf, type Value } from '../ir/aval.js';
import { printGraph } from '../ir/print.js';
import { sameGraph } from '../ir/same.js';
import { callPrimitive } from '../primitives/call.js';
import { checkpointPrimitive } from '../primitives/checkpoint.js';
import { bind } from '../trace/bind.js';
import { type TracedTree, traceCall, traceTree } from '../trace/trace.js';
import { rebuild } from './prepare.js';

/** Which engine compiles a function. */
export interface JitOptions {
  /** What runs the program; `defaultEngine()` unless told. */
  readonly engine?: Engine;
  /**
   * Trace again at every call and compare with the program in the cache: throws `StaleTrace` when the function has come to
   * mean something else, because a variable that it captures was changed. For tests and debugging: it costs a trace.
   */
  readonly verify?: boolean;
}

/**
 * Compiles a function of trees of tensors. It is traced once for each combination of structures, dtypes and shapes, and from
 * then on the program runs without it.
 *
 * The function must be pure: what it captures is read when it is traced. A tensor held in a variable that is later
 * reassigned keeps its first value in the program; pass it as an argument, or find such captures with `verify: true`.
 *
 * @example
 * ```ts
 * const norm = jit((x: Tensor) => sqrt(sum(square(x))));
 * console.log(item(norm(tensor([3, 4])))); // 5
 * ```
 */
export const jit = <Args extends readonly unknown[], Out>(
  f: (...args: Args) => Out,
  options: JitOptions = {},
): ((...args: Args) => Out) => {
  const { engine = defaultEngine(), verify = false } = options;
  const program = cachedTrace(f.name === '' ? 'jit' : f.name, f, verify);
  return (...args) => {
    const { name, leaves, traced } = program(args);
    const outs = bind(callPrimitive, [...leaves, ...traced.captures], { graph: traced.graph, name, engine });
    return rebuild<Out>(traced.structure, outs);
  };
};

export interface CachedCall {
  readonly name: string;
  /** Leaves of all arguments, in order. */
  readonly leaves: readonly Value[];
  /** Of each argument. */
  readonly structures: readonly TreeStructure[];
  readonly counts: readonly number[];
  readonly traced: TracedTree;
}

/** Programs of one function that are kept; those used least recently go first. Batches of ever new sizes need a bound. */
const MOST_PROGRAMS = 256;

/** Traces a function once for each combination of structures, dtypes and shapes of its arguments. */
export const cachedTrace = (
  name: string,
  f: (...args: never) => unknown,
  verify = false,
): ((args: readonly unknown[]) => CachedCall) => {
  const cache = new Map<string, TracedTree>();
  return (args) => {
    const flat = args.map((arg) => flattenWith(arg, isTensor, name));
    const structures = flat.map(({ structure }) => structure);
    const key = flat
      .map(({ structure, leaves }) => `${describeStructure(structure)} ${leaves.map(describe).join(' ')}`)
      .join('; ');
    const trace = (): TracedTree =>
      traceTree(
        name,
        structures,
        flat.map((each) => each.leaves.map(avalOf)),
        f,
      );
    let traced = cache.get(key);
    if (traced !== undefined && verify) checkFresh(name, traced, trace());
    traced ??= trace();
    // A program with captured traced values is valid only inside their trace: it is not kept.
    if (traced.captures.every(isConcrete)) {
      // Used now: the last to go.
      cache.delete(key);
      cache.set(key, traced);
      for (const oldest of cache.keys()) {
        if (cache.size <= MOST_PROGRAMS) break;
        cache.delete(oldest);
      }
    }
    const leaves = flat.flatMap((each) => each.leaves);
    return { name, leaves, structures, counts: flat.map((each) => each.leaves.length), traced };
  };
};

const checkFresh = (name: string, cached: TracedTree, fresh: TracedTree): void => {
  const sameResult = describeStructure(cached.structure) === describeStructure(fresh.structure);
  if (!sameResult || !sameGraph(cached.graph, fresh.graph))
    throw new NatgradError('StaleTrace', 'the function no longer means what it meant when it was compiled', {
      operation: name,
      found:
        printGraph(cached.graph) === printGraph(fresh.graph) ? 'another captured tensor or number' : 'another program',
      expected: 'a pure function: pass what changes as an argument, or make a new jit of the function',
    });
};

/**
 * `f` with its intermediate values forgotten after the forward pass and computed again for the derivative: memory for time.
 * Inside a compiled function its engine runs `f`; outside, like every operation, it is evaluated by the interpreter unless
 * `engine` says otherwise.
 *
 * @example
 * ```ts
 * const layer = checkpoint((x: Tensor) => tanh(sin(x)));
 * console.log(item(grad((x: Scalar) => sum(layer(x)))(scalar(0)))); // 1
 * ```
 */
export const checkpoint =
  <Args extends readonly unknown[], Out>(
    f: (...args: Args) => Out,
    options: { readonly engine?: Engine } = {},
  ): ((...args: Args) => Out) =>
  (...args) => {
    const name = f.name === '' ? 'checkpoint' : f.name;
    const traced = traceCall(name, f, args);
    const engine = options.engine ?? interpreter;
    const outs = bind(checkpointPrimitive, [...traced.leaves, ...traced.captures], {
      graph: traced.graph,
      name,
      engine,
    });
    return rebuild<Out>(traced.structure, outs);
  };

/**
 * Traces a function at examples of its arguments (only their dtypes and shapes matter): the program as data.
 *
 * @example
 * ```ts
 * const { graph } = traceGraph((x: Tensor) => add(sin(x), 1), zeros([3]));
 * console.log(graph.nodes.map((node) => node.primitive.name).join(' ')); // sin add
 * ```
 */
export const traceGraph = <Args extends readonly unknown[]>(
  f: (...args: Args) => unknown,
  ...examples: Args
): TracedTree => traceCall(f.name === '' ? 'traceGraph' : f.name, f, examples);

const attempt = <T>(run: () => T): Either.Either<NatgradError, T> =>
  Either.tryCatch(run, (error) => {
    if (error instanceof NatgradError) return error;
    throw error;
  });

/** As `traceGraph`, with a typed error as a value instead of an exception; errors that are not ours still throw. */
export const tryTrace = <Args extends readonly unknown[]>(
  f: (...args: Args) => unknown,
  ...examples: Args
): Either.Either<NatgradError, TracedTree> => attempt(() => traceGraph(f, ...examples));

/** As `jit`, with a typed error as a value instead of an exception; errors that are not ours still throw. */
export const tryJit = <Args extends readonly unknown[], Out>(
  f: (...args: Args) => Out,
  options: JitOptions = {},
): ((...args: Args) => Either.Either<NatgradError, Out>) => {
  const compiled = jit(f, options);
  return (...args) => attempt(() => compiled(...args));
};
