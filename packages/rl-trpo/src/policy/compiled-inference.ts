/** Acting through a policy's traced function, as a compiled program. */
import { type Engine, jit } from '@natgrad/autodiff';
import { type Tensor, treeLeaves } from '@natgrad/tensor';
import { adopt, allocate, elements } from '@natgrad/tensor/internal';
import type { Inference, Model, ParameterTree } from '../model.js';
import type { DistributionParameters } from './distribution.js';

export type TracedModel = Pick<Model, 'observationWidth' | 'distribution' | 'policy'>;

type Program = (parameters: ParameterTree, observations: Tensor) => DistributionParameters;

/** Policies as compiled programs, kept as long as their models: what acts with one state lives for a rollout only. */
const programs = new WeakMap<TracedModel, Map<Engine, Program>>();

const programOf = (model: TracedModel, engine: Engine): Program => {
  const known = programs.get(model) ?? new Map<Engine, Program>();
  programs.set(model, known);
  const program =
    known.get(engine) ??
    jit((parameters: ParameterTree, observations: Tensor) => model.policy(parameters, observations), { engine });
  known.set(engine, program);
  return program;
};

/**
 * Rows go through one program of a fixed number of rows, `together` at a time; what is missing in the last turn is filled up
 * with zeros. So a row's result does not depend on how many rows there are. It does not depend on the rows beside it either if
 * `together` is 1, or if the policy treats each row by itself.
 */
export const compiledInference = (
  model: TracedModel,
  parameters: ParameterTree,
  engine: Engine,
  together: number,
): Inference => {
  const program = programOf(model, engine);
  const dtype = treeLeaves(parameters)[0]?.dtype === 'f32' ? 'f32' : 'f64';
  const width = model.observationWidth;
  const sizes = Object.entries(model.distribution.parameterShapes).map(
    ([name, shape]) => [name, shape.reduce((product, extent) => product * extent, 1)] as const,
  );
  return (observations, rows) => {
    const packed = Object.fromEntries(sizes.map(([name, size]) => [name, new Float64Array(rows * size)]));
    for (let row = 0; row < rows; row += together) {
      const count = Math.min(together, rows - row);
      const input = allocate(dtype, together * width);
      input.set(observations.subarray(row * width, (row + count) * width));
      const found = program(parameters, adopt(input, dtype, [together, width]));
      for (const [name, size] of sizes)
        packed[name]?.set(elements(found[name] as Tensor).subarray(0, count * size), row * size);
    }
    return packed;
  };
};
