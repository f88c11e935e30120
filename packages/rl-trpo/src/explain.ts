/** The programs of a step as data, without running one. */
import { type Engine, type Graph, jit, linearize, traceGraph } from '@natgrad/autodiff';
import { outputAvals } from '@natgrad/autodiff/internal';
import { key, type Tensor, treeLeaves, zeros } from '@natgrad/tensor';
import { adamRates } from './adam.js';
import { compileModel, type PolicyData } from './compiled.js';
import { gaussNewton } from './fisher.js';
import type { Model, ParameterTree } from './model.js';
import { valueMove } from './value-fit.js';

/** A program of a step, to be looked at. */
export interface StepProgram {
  readonly name: string;
  readonly graph: Graph;
}

/**
 * The policy's Fisher-vector product for `rows` observations as one program: θ, the observations and v in, F·v out. A step makes the
 * forward pass once, because F is applied many times at one θ; here it is part of the program.
 *
 * @example
 * ```ts
 * const model = mlpModel({ observationSpace: { low: [0] }, actionSpace: { kind: 'discrete', n: 2 } }, { hidden: [8] });
 * const { graph } = fisherProduct(model, 16);
 * console.log(graph.outputs.length); // 4
 * ```
 */
export const fisherProduct = (model: Model, rows: number): StepProgram => {
  const { policy } = model.initialise(key(0));
  const dtype = treeLeaves(policy)[0]?.dtype ?? 'f64';
  const product = (theta: ParameterTree, observations: Tensor, v: ParameterTree): ParameterTree => {
    const linearised = linearize((each: ParameterTree) => model.policy(each, observations), theta);
    return gaussNewton(model.distribution, linearised)(v);
  };
  const { graph } = traceGraph(product, policy, zeros([rows, model.observationWidth], dtype), policy);
  return { name: 'F·v', graph };
};

/** An engine that computes nothing: it notes the programs, and every result is zero. */
const recording = (note: (graph: Graph) => void): Engine => ({
  name: 'recording',
  compile: (graph) => {
    note(graph);
    return { run: () => outputAvals(graph).map(({ dtype, shape }) => zeros(shape, dtype)) };
  },
});

/**
 * What `trpoStep` compiles for batches of `rows` observations, in the order of the step. No step is made: only shapes count.
 *
 * @example
 * ```ts
 * const model = mlpModel({ observationSpace: { low: [0] }, actionSpace: { kind: 'discrete', n: 2 } });
 * console.log(stepPrograms(model, 8).map(({ name }) => name)[1]); // F·v
 * ```
 */
export const stepPrograms = (model: Model, rows: number): readonly StepProgram[] => {
  const seen = new Set<Graph>();
  const engine = recording((graph) => seen.add(graph));
  const compiled = compileModel(model, { engine, entropyBonus: 0 });
  const { policy, value } = model.initialise(key(0));
  const dtype = treeLeaves(policy)[0]?.dtype ?? 'f64';
  const { action, parameterShapes } = model.distribution;
  const of = (shape: readonly number[], as: Tensor['dtype'] = dtype): Tensor => zeros([rows, ...shape], as);
  const parameters = Object.fromEntries(Object.entries(parameterShapes).map(([name, shape]) => [name, of(shape)]));
  const data: PolicyData = {
    observations: of([model.observationWidth]),
    actions: of(action.shape, action.dtype === 'i32' ? 'i32' : dtype),
    logProbabilities: of([]),
    oldParameters: parameters,
    advantages: of([]),
  };
  const linearised = compiled.linearisedPolicy(policy, data);
  const parts: readonly (readonly [string, () => unknown])[] = [
    ['F·v', () => linearised.fisher(policy)],
    ['surrogate and its gradient', () => compiled.objective(parameters, data)],
    ['Jᵀ·u', () => linearised.transpose(parameters)],
    ['KL and surrogate of a candidate', () => compiled.measure(policy, data)],
    ['V(s)', () => compiled.values(value, data.observations, policy)],
    [
      'update of the critic',
      () => {
        const from = { parameters: value, first: value, second: value };
        const inputs = compiled.criticInputs(policy, data.observations);
        // One, without the loop over minibatches around it.
        return jit(valueMove(model), { engine })(
          adamRates({ learningRate: 1 }, 0, value),
          from,
          inputs,
          data.advantages,
        );
      },
    ],
  ];
  const last = (): Graph => [...seen].at(-1) as Graph;
  const forward = { name: 'policy and what its derivatives need', graph: last() };
  const others = parts.map(([name, run]): StepProgram => {
    run();
    return { name, graph: last() };
  });
  return [forward, ...others];
};
