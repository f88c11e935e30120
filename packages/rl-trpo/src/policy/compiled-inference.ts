/** Acting through a policy's traced function, as compiled programs. */
import type { Engine, Prepared } from '@natgrad/autodiff';
import { type CachedCall, cachedTrace, executable } from '@natgrad/autodiff/internal';
import { type Tensor, type TypedArray, treeLeaves, treeUnflatten, zeros } from '@natgrad/tensor';
import { adopt, allocate, elements } from '@natgrad/tensor/internal';
import type { Inference, Model, ParameterTree } from '../model.js';

export type TracedModel = Pick<Model, 'observationWidth' | 'distribution' | 'policy'>;

/** A policy with its weights: rows of observations in, and out the parameters of their distributions, in the order of their names. */
type Acting = (observations: Float64Array) => readonly TypedArray[];

type Trace = (args: readonly [ParameterTree, Tensor]) => CachedCall;

/** Traces of policies, and programs of engines, kept as long as what they are of: what acts with one state lives for a rollout only. */
const traces = new WeakMap<TracedModel, Trace>();
const programs = new WeakMap<Engine, WeakMap<CachedCall['traced'], Prepared>>();

const traceOf = (model: TracedModel): Trace => {
  const known = traces.get(model);
  if (known !== undefined) return known;
  const made: Trace = cachedTrace('policy', (parameters: ParameterTree, observations: Tensor) =>
    model.policy(parameters, observations),
  );
  traces.set(model, made);
  return made;
};

/** A program of an engine by the quickest way that it has to call one. */
const preparedOn = (engine: Engine, traced: CachedCall['traced']): Prepared => {
  const known = programs.get(engine) ?? new WeakMap<CachedCall['traced'], Prepared>();
  programs.set(engine, known);
  const make = (): Prepared => {
    if (engine.prepare !== undefined) return engine.prepare(traced.graph);
    const { inputs } = traced.graph;
    const { run } = executable(engine, traced.graph);
    return (given) => (rest) => {
      let next = 0;
      const args = given.map((tensor, k) => {
        if (tensor !== null) return tensor;
        const { dtype, shape } = inputs[k] as (typeof inputs)[number];
        const values = rest[next] as ArrayLike<number>;
        const data = allocate(dtype, values.length);
        data.set(values);
        next += 1;
        return adopt(data, dtype, shape);
      });
      return run(args).map((tensor) => elements(tensor));
    };
  };
  const program = known.get(traced) ?? make();
  known.set(traced, program);
  return program;
};

/**
 * Rows go through programs of 1, 2, 4 … rows, at most `together` at a time. A row's result does not depend on the rows beside it if
 * `together` is 1, or if the policy treats each row by itself: this project's own products add up a row in one order, however many
 * there are. Those of a native library do not, and get one row at a time.
 */
export const compiledInference = (
  model: TracedModel,
  parameters: ParameterTree,
  engine: Engine,
  together: number,
): Inference => {
  const trace = traceOf(model);
  const weights = treeLeaves(parameters);
  const dtype = weights[0]?.dtype === 'f32' ? 'f32' : 'f64';
  const width = model.observationWidth;
  const sizes = Object.entries(model.distribution.parameterShapes).map(
    ([name, shape]) => [name, shape.reduce((product, extent) => product * extent, 1)] as const,
  );
  const actingOn = (rows: number): Acting => {
    const { traced } = trace([parameters, zeros([rows, width], dtype)]);
    const call = preparedOn(engine, traced)([...weights, null, ...traced.captures]);
    const places = treeUnflatten(traced.structure, [...traced.graph.outputs.keys()]) as Readonly<
      Record<string, number>
    >;
    const order = sizes.map(([name]) => places[name] as number);
    return (observations) => {
      const found = call([observations]);
      return order.map((at) => found[at] as TypedArray);
    };
  };
  const most = engine.name === 'blas' ? 1 : together;
  const byRows = new Map<number, Acting>();
  const acting = (rows: number): Acting => {
    const made = byRows.get(rows) ?? actingOn(rows);
    byRows.set(rows, made);
    return made;
  };
  return (observations, rows) => {
    const packed = sizes.map(([, size]) => new Float64Array(rows * size));
    let row = 0;
    while (row < rows) {
      const count = Math.min(most, 2 ** (31 - Math.clz32(rows - row)));
      const own = count === rows ? observations : observations.subarray(row * width, (row + count) * width);
      const found = acting(count)(own);
      for (let k = 0; k < packed.length; k += 1) {
        const [from, out] = [found[k] as TypedArray, packed[k] as Float64Array];
        const first = (out.length / rows) * row;
        for (let i = 0; i < from.length; i += 1) out[first + i] = from[i] as number;
      }
      row += count;
    }
    return Object.fromEntries(sizes.map(([name], k) => [name, packed[k] as Float64Array]));
  };
};
