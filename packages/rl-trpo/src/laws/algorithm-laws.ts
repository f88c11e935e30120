/** Laws of every algorithm: what all steps promise, whatever they do to the policy. */
import { multiply } from '@natgrad/autodiff';
import { scalar } from '@natgrad/tensor';
import { type Law, law } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import { isLeft } from 'fp-ts/lib/Either.js';
import type { Algorithm } from '../frame.js';
import type { StepConfig } from '../setup.js';
import type { ActingState, TrpoState } from '../state.js';
import { isFiniteTree } from '../vector.js';
import { require, requireIdenticalTrees, requireUnchanged, snapshot } from './check.js';
import { type Problem, sampledBatch } from './problems.js';
import { batchTrees, costProblems, stepper, treesOf, withCosts, withoutCritic } from './steps.js';

const numbersIn = (value: unknown): readonly number[] =>
  typeof value === 'number'
    ? [value]
    : typeof value === 'object' && value !== null
      ? Object.values(value).flatMap(numbersIn)
      : [];

/**
 * Laws that every algorithm keeps, the package's own and yours: the same inputs give the same bits; no input is changed; the new
 * state is finite as a whole and counts on; the report is finite; a state that was taken apart and put together goes on to the
 * same bits; who acts next is announced as the new state has it, if at all; a memory of another algorithm is refused; with normalised advantages the scale of the rewards does not matter.
 *
 * @example
 * ```ts
 * import { checkLaw } from '@natgrad/tensor/laws';
 * import { algorithmLaws } from '@natgrad/rl-trpo/laws';
 *
 * const model = mlpModel({ observationSpace: { low: [0] }, actionSpace: { kind: 'discrete', n: 2 } }, { hidden: [3] });
 * for (const law of algorithmLaws('ppo', ppoStep, { model })) checkLaw(law, { numRuns: 2 });
 * ```
 */
export const algorithmLaws = (name: string, algorithm: Algorithm, config: StepConfig): readonly Law[] => {
  const label = `${name}, ${config.model.distribution.name}(${config.model.observationWidth})`;
  const cases = costProblems(config);
  const named = <T>(text: string, values: fc.Arbitrary<T>, holds: (value: T) => unknown): Law =>
    law(`${label}: ${text}`, values, holds);
  const run = stepper(algorithm, config);
  const normalised = stepper(algorithm, { ...withoutCritic(config), normaliseAdvantages: true, entropyBonus: 0 });
  const next = (problem: Problem, state: TrpoState): Problem => ({
    ...problem,
    state,
    batch: withCosts(sampledBatch(config, state, state.key), state.key.low >>> 0),
  });

  return [
    named('the same inputs give the same bits', cases, (problem) => {
      const [first, second] = [run(problem), stepper(algorithm, config)(problem)];
      requireIdenticalTrees('a second run', treesOf(first.state), treesOf(second.state));
      require(JSON.stringify(first.report) === JSON.stringify(second.report), () => 'the reports differ');
    }),
    named('state and batch are not changed', cases, (problem) => {
      const first = run(problem).state;
      const second = next(problem, first);
      const before = [snapshot(treesOf(first)), snapshot(batchTrees(second.batch))] as const;
      run(second);
      requireUnchanged('the state', treesOf(first), before[0]);
      requireUnchanged('the batch', batchTrees(second.batch), before[1]);
    }),
    named('state and report are finite, and the state counts on', cases, (problem) => {
      const { state, report } = run(problem);
      require(treesOf(state).every(isFiniteTree), () => 'a number of the state is not finite');
      require(numbersIn(report).every(Number.isFinite), () => `not finite: ${JSON.stringify(report)}`);
      require(report.algorithm === name && report.iteration === problem.state.iteration + 1, () =>
        `iteration ${report.iteration} of ${report.algorithm}`);
      require(state.iteration === problem.state.iteration + 1 &&
        state.steps === problem.state.steps + problem.batch.rewards.size, () => 'it does not count on');
      require(state.key.high !== problem.state.key.high || state.key.low !== problem.state.key.low, () =>
        'the key is used again');
    }),
    named(
      'the policy changes where the report promises something, and stays to the bit where not',
      cases,
      (problem) => {
        const { state, report } = run(problem);
        const before = snapshot(problem.state.policy);
        const same = snapshot(state.policy).every((x, i) => Object.is(x, before[i]));
        require(same === (report.expectedImprovement === 0), () =>
          `${same ? 'the same policy' : 'another policy'}, ${JSON.stringify(report)}`);
      },
    ),
    named('a copy of a state goes on to the same bits', cases, (problem) => {
      const first = run(problem).state;
      const second = next(problem, first);
      // Fresh objects all the way down, as after reading a file; leaves are immutable.
      const copy = copied(first) as TrpoState;
      requireIdenticalTrees(
        'the second step',
        treesOf(run(second).state),
        treesOf(run({ ...second, state: copy }).state),
      );
    }),
    named('what is announced is what the new state acts with', cases, ({ state, batch }) => {
      const announced: ActingState[] = [];
      const result = algorithm(config, undefined, undefined, (next) => announced.push(next))(state, batch);
      if (isLeft(result)) throw new Error(result.left.message);
      const { policy, observationStatistics, key } = result.right.state;
      for (const next of announced) {
        // The very objects: whoever began to act knows by them that it was right.
        require(next.policy === policy, () => 'another policy');
        require(next.observationStatistics === observationStatistics, () => 'other statistics');
        require(next.key.high === key.high && next.key.low === key.low, () => 'another key');
      }
    }),
    named('a memory of another form is refused', cases, ({ state, batch }) => {
      const result = algorithm(config)({ ...state, memory: { other: scalar(1) } }, batch);
      require(isLeft(result) && result.left.issues[0].field.startsWith('state.memory'), () => `found ${result._tag}`);
    }),
    named(
      'with normalised advantages the scale of the rewards does not matter',
      fc.tuple(cases, fc.constantFrom(2 ** -4, 2, 2 ** 10)),
      ([problem, factor]) => {
        const larger = { ...problem, batch: { ...problem.batch, rewards: multiply(problem.batch.rewards, factor) } };
        // Factors are powers of two, so that only comparisons with absolute numbers could tell.
        requireIdenticalTrees('policies', normalised(larger).state.policy, normalised(problem).state.policy);
      },
    ),
  ];
};

const isTensorLike = (value: object): boolean => 'dtype' in value && 'shape' in value;

/** A deep copy in which tensors alone are shared. */
const copied = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null || isTensorLike(value)) return value;
  if (Array.isArray(value)) return value.map(copied);
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, copied(each)]));
};
