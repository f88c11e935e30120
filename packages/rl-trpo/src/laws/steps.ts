/** What laws of whole steps share: states and batches as trees, batches with costs, and steps that must succeed. */
import { absolute, multiply, sum } from '@natgrad/autodiff';
import { key, normal, type Tensor } from '@natgrad/tensor';
import type fc from 'fast-check';
import { isLeft } from 'fp-ts/lib/Either.js';
import type { Batch } from '../batch.js';
import type { StepResult } from '../finish.js';
import type { Algorithm } from '../frame.js';
import type { StepReport } from '../report.js';
import type { StepConfig } from '../setup.js';
import type { TrpoState } from '../state.js';
import { type BatchOptions, type Problem, problems } from './problems.js';

/** All tensors of a state. */
export const treesOf = (state: TrpoState): readonly unknown[] => [
  state.policy,
  state.value,
  state.valueOptimiser.first,
  state.valueOptimiser.second,
  state.observationStatistics.mean,
  state.observationStatistics.squares,
  state.returnStatistics.mean,
  state.returnStatistics.squares,
  state.valueStatistics.mean,
  state.valueStatistics.squares,
  state.previousSolution,
  state.memory,
];

export const batchTrees = ({ segments: _, ...tensors }: Batch): unknown => tensors;

/** A critic that always says 0, so that advantages are proportional to rewards. */
export const withoutCritic = (config: StepConfig): StepConfig => ({
  ...config,
  valueEpochs: 0,
  model: {
    ...config.model,
    initialise: (k) => config.model.initialise(k),
    value: (_parameters, observations: Tensor): Tensor => multiply(sum(observations, 1), 0),
  },
});

/** The same batch with random costs, most of them between 0 and 2. */
export const withCosts = (batch: Batch, seed: number): Batch => ({
  ...batch,
  costs: absolute(normal(key(seed), [batch.rewards.size])),
});

/** Problems whose batches have costs, for algorithms that need them; the others do not look at them. */
export const costProblems = (config: StepConfig, options: BatchOptions = {}): fc.Arbitrary<Problem> =>
  problems(config, options).map((problem) => ({
    ...problem,
    batch: withCosts(problem.batch, problem.state.key.low >>> 0),
  }));

/** A step that must succeed. It is made once: what it compiles serves all problems of one size. */
export const stepper = <Report extends StepReport>(
  algorithm: Algorithm<Report>,
  config: StepConfig,
): ((problem: Pick<Problem, 'state' | 'batch'>) => StepResult<Report>) => {
  const step = algorithm(config);
  return ({ state, batch }) => {
    const result = step(state, batch);
    if (isLeft(result)) throw new Error(result.left.message);
    return result.right;
  };
};
