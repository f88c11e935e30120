/** What a step does with its options, against computations by hand. */
import {
  adamState,
  adamUpdate,
  type Batch,
  decodeConfig,
  fitValue,
  followEpisodes,
  initialiseMlp,
  initialState,
  lecun,
  type Model,
  mlpModel,
  naturalGradient,
  normalise,
  orthogonal,
  type Stage,
  type StepConfig,
  type StepResult,
  statisticsOf,
  type TrpoReport,
  type TrpoState,
  trpoStep,
  valueLoss,
  valueSweep,
  varianceOf,
} from '@natgrad/rl-trpo';
import { exampleModels, problemOf } from '@natgrad/rl-trpo/laws';
import {
  divide,
  full,
  identical,
  item,
  key,
  matmul,
  matrixTranspose,
  multiply,
  scalar,
  type Tensor,
  tensor,
  toNested,
  toTypedArray,
  treeLeaves,
  variance,
  zeros,
} from '@natgrad/tensor';
import { isLeft } from 'fp-ts/lib/Either.js';
import { describe, expect, test } from 'vitest';

const [choices, continuous] = exampleModels as [Model, Model];

const run = (config: StepConfig, state: TrpoState, batch: Batch): StepResult<TrpoReport> => {
  const result = trpoStep(config)(state, batch);
  if (isLeft(result)) throw new Error(result.left.message);
  return result.right;
};

const numbersOf = (tree: unknown): readonly number[] => treeLeaves(tree).flatMap((leaf) => [...toTypedArray(leaf)]);
const distance = (a: unknown, b: unknown): number => {
  const [x, y] = [numbersOf(a), numbersOf(b)];
  return Math.hypot(...x.map((each, i) => each - (y[i] as number)));
};

describe('Adam', () => {
  test('the first update has the size of the learning rate, whatever the gradient', () => {
    const { parameters, state } = adamUpdate(
      { learningRate: 0.1 },
      adamState(tensor([1, 1])),
      tensor([1, 1]),
      tensor([1000, -0.001]),
    );
    expect((toNested(parameters) as number[]).map((x) => Number(x.toFixed(5)))).toEqual([0.9, 1.1]);
    expect(state.count).toBe(1);
  });

  test('two updates by hand', () => {
    const first = adamUpdate({ learningRate: 0.1, epsilon: 0 }, adamState(scalar(0)), scalar(0) as Tensor, scalar(1));
    const second = adamUpdate({ learningRate: 0.1, epsilon: 0 }, first.state, first.parameters, scalar(3));
    const mean = (0.9 * 0.1 + 0.1 * 3) / (1 - 0.81);
    const square = (0.999 * 0.001 + 0.001 * 9) / (1 - 0.998001);
    expect(item(second.parameters)).toBeCloseTo(-0.1 - (0.1 * mean) / Math.sqrt(square), 12);
  });
});

describe('the value fit', () => {
  const { state, batch } = problemOf({ model: choices }, 3);
  const returns = multiply(batch.rewards, 5);
  const options = { valueEpochs: 1, valueMinibatch: null as number | null, learningRate: 0.01 };
  const fit = ({
    valueGradientClip = null,
    ...change
  }: Partial<typeof options> & { valueGradientClip?: number | null }) =>
    fitValue(
      valueSweep(choices, { valueGradientClip }),
      { ...options, ...(change as object) },
      state,
      batch.observations,
      returns,
      key(1),
    );
  const lossOf = (value: unknown): number =>
    item(valueLoss(choices)(value as never, batch.observations, returns).value);

  test('lowers the loss, more with more epochs, and one update per minibatch', () => {
    const [none, few, many] = [0, 20, 200].map((valueEpochs) => fit({ valueEpochs }));
    expect(none?.parameters).toBe(state.value);
    expect(lossOf(few?.parameters)).toBeLessThan(lossOf(state.value));
    expect(lossOf(many?.parameters)).toBeLessThan(0.5 * lossOf(few?.parameters));
    // 16 rows in pieces of 5 are 3 pieces.
    expect(fit({ valueEpochs: 2, valueMinibatch: 5 }).optimiser.count).toBe(6);
  });

  test('minibatches of one epoch hold every row once', () => {
    // With a learning rate too small to matter, the first moment after an epoch is a fixed combination of the gradients; their
    // sum over pieces of equal size is the gradient of the whole.
    const seen = new Float64Array(batch.rewards.size);
    const spy: ReturnType<typeof valueSweep> = (rates, from, observations, some) => {
      toTypedArray(some).forEach((r) => {
        const row = [...toTypedArray(returns)].indexOf(r);
        seen[row] = (seen[row] as number) + 1;
      });
      return valueSweep(choices)(rates, from, observations, some);
    };
    fitValue(spy, { ...options, valueMinibatch: 5 }, state, batch.observations, returns, key(1));
    expect([...seen]).toEqual(new Array(batch.rewards.size).fill(1));
  });

  test('clips the norm of the gradient', () => {
    // The first moment after one update is a tenth of the gradient.
    const norm = (clip: number | null): number =>
      10 * Math.hypot(...numbersOf(fit({ valueGradientClip: clip }).optimiser.first));
    expect(norm(null)).toBeGreaterThan(1);
    expect(norm(0.5)).toBeCloseTo(0.5, 10);
    expect(norm(1e6)).toBe(norm(null));
  });

  test('its rate falls linearly with the environment steps', () => {
    const rate = (steps: number): number | null =>
      run({ model: choices, valueLearningRate: 0.1, valueDecaySteps: 1000 }, { ...state, steps }, batch).report
        .valueLearningRate;
    expect([0, 250, 1000, 5000].map(rate)).toEqual([0.1, 0.1 * 0.75, 0, 0]);
  });

  test('is undone where it leaves the range of floats', () => {
    const { state: after, report } = run({ model: choices }, state, {
      ...batch,
      rewards: multiply(batch.rewards, 1e200),
    });
    expect(report.warnings).toContain('valueFitUndone');
    expect(after.value).toBe(state.value);
    expect(after.valueOptimiser).toEqual(state.valueOptimiser);
  });
});

describe('episodes', () => {
  const flags = (...x: readonly number[]): Tensor => tensor(x.map((each) => each === 1));
  const piece = (
    rewards: readonly number[],
    terminated: Tensor,
    truncated: Tensor,
    segments: Batch['segments'],
  ): Batch => ({ rewards: tensor([...rewards]), terminated, truncated, segments }) as Batch;

  test('go on from batch to batch, by environment', () => {
    const first = followEpisodes(
      piece([1, 2, 10, 20], flags(0, 0, 0, 1), flags(0, 0, 0, 0), [
        { environment: 0, length: 2 },
        { environment: 1, length: 2 },
      ]),
      [],
      0.5,
    );
    expect(first.returns).toEqual([30]);
    expect(first.lengths).toEqual([2]);
    expect(first.progress).toEqual([
      { return: 3, length: 2, discountedReturn: 2.5, cost: 0 },
      { return: 0, length: 0, discountedReturn: 0, cost: 0 },
    ]);
    expect([...first.discountedReturns]).toEqual([1, 2.5, 10, 25]);
    const second = followEpisodes(
      piece([4, 5], flags(0, 0), flags(1, 0), [{ environment: 0, length: 2 }]),
      first.progress,
      0.5,
    );
    expect(second.returns).toEqual([7]);
    expect(second.lengths).toEqual([3]);
    expect([...second.discountedReturns]).toEqual([5.25, 5]);
  });

  test('are counted in state and report', () => {
    const { state, batch } = problemOf({ model: choices }, 5, { endings: 0.5 });
    const ended = [...toTypedArray(batch.terminated)].filter(
      (flag, i) => flag === 1 || toTypedArray(batch.truncated)[i] === 1,
    ).length;
    const { state: after, report } = run({ model: choices }, state, batch);
    expect(ended).toBeGreaterThan(2);
    expect([after.episodes, report.episodes.count, report.totalEpisodes]).toEqual([ended, ended, ended]);
  });

  test('none ended: no numbers about them', () => {
    const { state, batch } = problemOf({ model: choices }, 5, { endings: 0 });
    expect(run({ model: choices }, state, batch).report.episodes).toEqual({
      count: 0,
      returnMean: null,
      returnMin: null,
      returnMax: null,
      lengthMean: null,
      costMean: null,
    });
  });
});

describe('normalisation', () => {
  const { state, batch } = problemOf({ model: continuous }, 7);
  const seen: TrpoState = { ...state, observationStatistics: statisticsOf(multiply(batch.finalObservations, 3)) };

  test('observations are normalised with the statistics before the batch, which is merged afterwards', () => {
    const config: StepConfig = { model: continuous, normaliseObservations: true, observationClip: 0.7 };
    const by = (x: Tensor): Tensor => normalise(seen.observationStatistics, x, 0.7);
    const done = run(config, seen, batch);
    const byHand = run({ model: continuous }, seen, {
      ...batch,
      observations: by(batch.observations),
      finalObservations: by(batch.finalObservations),
    });
    expect(distance(done.state.policy, byHand.state.policy)).toBe(0);
    expect(distance(done.state.value, byHand.state.value)).toBe(0);
    expect(done.state.observationStatistics.count).toBe(seen.observationStatistics.count + batch.rewards.size);
    expect(byHand.state.observationStatistics).toBe(seen.observationStatistics);
  });

  test('rewards are divided by the deviation of the discounted return, this batch included', () => {
    const { discountedReturns } = followEpisodes(batch, [], 0.99);
    const deviation = Math.sqrt(item(variance(tensor([...discountedReturns]))) + 1e-8);
    const done = run({ model: continuous, scaleRewards: true, rewardClip: 1e9 }, state, batch);
    expect(done.report.rewardScale).toBeCloseTo(deviation, 12);
    expect(item(varianceOf(done.state.returnStatistics))).toBeCloseTo(deviation ** 2, 6);
    const byHand = run({ model: continuous }, state, {
      ...batch,
      rewards: divide(batch.rewards, done.report.rewardScale),
    });
    expect(distance(done.state.policy, byHand.state.policy)).toBe(0);
    expect(done.report.episodes).not.toEqual(byHand.report.episodes);
  });

  test('scaled rewards are clipped', () => {
    const config: StepConfig = { model: continuous, scaleRewards: true, rewardClip: 0.1 };
    const done = run(config, state, batch);
    const byHand = run({ model: continuous }, state, {
      ...batch,
      rewards: tensor(
        [...toTypedArray(batch.rewards)].map((r) => Math.max(-0.1, Math.min(0.1, r / done.report.rewardScale))),
      ),
    });
    expect(distance(done.state.policy, byHand.state.policy)).toBe(0);
  });

  test('statistics that would overflow stay as they were', () => {
    const { report, state: after } = run({ model: continuous, normaliseObservations: true }, seen, {
      ...batch,
      observations: multiply(batch.observations, 1e200),
    });
    expect(report.warnings).toContain('statisticsOverflow');
    expect(after.observationStatistics).toBe(seen.observationStatistics);
  });
});

describe('initialisation', () => {
  test.each([
    [5, 3],
    [3, 5],
    [4, 4],
  ])('orthogonal %i × %i', (inputs, outputs) => {
    const w = orthogonal(key(1), inputs, outputs, 2);
    const gram = inputs >= outputs ? matmul(matrixTranspose(w), w) : matmul(w, matrixTranspose(w));
    (toNested(gram) as number[][]).forEach((row, i) =>
      row.forEach((x, j) => expect(x).toBeCloseTo(i === j ? 4 : 0, 12)),
    );
  });

  test('LeCun: variance gain² / inputs', () => {
    // 40,000 draws: the variance is off by about 0.7 %.
    expect(item(variance(lecun(key(1), 400, 100, 3))) / (9 / 400)).toBeCloseTo(1, 1);
  });

  test('the last layer is small, biases are 0, layers differ, and the dtype is the one asked for', () => {
    const layers = initialiseMlp(key(1), [4, 4, 4, 4], { outputScale: 0.01, dtype: 'f32' });
    expect(layers.map(({ weight }) => Number(Math.hypot(...numbersOf(weight)).toFixed(5)))).toEqual([
      2.82843, 2.82843, 0.02,
    ]);
    expect(numbersOf(layers.map(({ bias }) => bias)).every((x) => x === 0)).toBe(true);
    expect(distance(layers[0]?.weight, layers[1]?.weight)).toBeGreaterThan(0.1);
    expect(layers[0]?.weight.dtype).toBe('f32');
  });
});

describe('options of the step', () => {
  test('an entropy bonus raises the entropy where there is nothing else to gain', () => {
    const { state, batch } = problemOf({ model: choices }, 2);
    const idle: Model = { ...choices, value: (_, observations) => zeros([observations.shape[0] as number]) };
    const same = {
      ...batch,
      rewards: full([16], 1),
      terminated: full([16], true),
      truncated: full([16], false),
      finalObservations: zeros([0, 3]),
    };
    const first = run({ model: idle, entropyBonus: 0.1 }, state, same);
    expect(first.report.lineSearch.status).toBe('accepted');
    const second = run({ model: idle, entropyBonus: 0.1 }, first.state, {
      ...same,
      oldParameters: choices.policy(first.state.policy, same.observations),
    });
    expect(second.report.entropy).toBeGreaterThan(first.report.entropy);
    expect(first.report.surrogateAfter).toBeGreaterThan(first.report.surrogateBefore);
  });

  test('relative damping is damping times the mean diagonal of the metric, 1/σ² for a Gaussian', () => {
    const model = mlpModel(
      { observationSpace: { low: [0] }, actionSpace: { kind: 'box', low: [0] } },
      { hidden: [3], initialLogDeviation: Math.log(0.1) },
    );
    const { state, batch } = problemOf({ model }, 2);
    expect(run({ model, dampingKind: 'relative', damping: 0.2 }, state, batch).report.damping).toBeCloseTo(
      0.2 * 100,
      10,
    );
    expect(run({ model, damping: 0.2 }, state, batch).report.damping).toBe(0.2);
  });

  test('sizing: damped is shorter than undamped, the boundary uses what is allowed', () => {
    const { state, batch } = problemOf({ model: continuous }, 4);
    const of = (stepSize: 'damped' | 'undamped' | 'boundary') =>
      run({ model: continuous, stepSize }, state, batch).report;
    expect(of('damped').stepSize).toBeLessThan(of('undamped').stepSize);
    expect(of('damped').klShare).toBeLessThan(of('boundary').klShare);
    expect(of('boundary').klShare).toBeGreaterThan(0.95);
    expect([of('damped').sizingEvaluations, of('undamped').sizingEvaluations]).toEqual([0, 0]);
  });

  test('a warm start that does not climb is repeated cold', () => {
    // F = I, g = (1, 1), and no products to find it in: only the start decides.
    const options = { iterations: 0, tolerance: 0, damping: 0 };
    const same = <V>(v: V): V => v;
    const { solve, warnings } = naturalGradient(same, tensor([1, 1]), { ...options, initial: tensor([-1, -1]) });
    expect([warnings, toNested(solve.x as Tensor)]).toEqual([['notAscent'], [0, 0]]);
    const { state, batch } = problemOf({ model: choices }, 2);
    const previousSolution = run({ model: choices }, state, batch).state.previousSolution;
    expect(run({ model: choices, cgWarmStart: true }, { ...state, previousSolution }, batch).report.warnings).toEqual(
      [],
    );
  });

  test('f32 stays f32 and comes near f64', () => {
    const spaces = { observationSpace: { low: [0, 0] }, actionSpace: { kind: 'discrete', n: 2 } } as const;
    const options = { hidden: [4], valueHidden: [4] };
    const [single, double] = (['f32', 'f64'] as const).map((dtype) => {
      const model = mlpModel(spaces, { ...options, dtype });
      const { state, batch } = problemOf({ model, dtype }, 9);
      return run({ model, dtype }, state, batch).state;
    }) as [TrpoState, TrpoState];
    expect(new Set(treeLeaves([single.policy, single.value]).map(({ dtype }) => dtype))).toEqual(new Set(['f32']));
    // Single precision is 6e-8; ten products and a root find multiply it.
    expect(distance(single.policy, double.policy)).toBeLessThan(1e-3);
  });

  test('a probe sees every stage and changes nothing', () => {
    const { state, batch } = problemOf({ model: choices }, 2);
    const stages: Stage[] = [];
    const result = trpoStep({ model: choices }, (stage, part) => {
      stages.push(stage);
      return part();
    })(state, batch);
    expect([...new Set(stages)]).toEqual(['advantages', 'gradient', 'conjugateGradient', 'lineSearch', 'valueFit']);
    expect(
      result._tag === 'Right' &&
        distance(result.right.state.policy, run({ model: choices }, state, batch).state.policy),
    ).toBe(0);
  });

  test('expected gain and ratio are those of the step taken', () => {
    const { state, batch } = problemOf({ model: continuous }, 11);
    const { report } = run(
      { model: continuous, delta: 1e-8, normaliseAdvantages: true },
      { ...state, delta: 1e-8 },
      batch,
    );
    // So near θ_old the linear model holds.
    expect(report.improvementRatio).toBeCloseTo(1, 2);
    expect(report.surrogateAfter - report.surrogateBefore).toBeCloseTo(report.improvement, 12);
  });

  test('the same key gives the same first state; other keys, others', () => {
    const config = { model: choices };
    const [a, b, c] = [1, 1, 2].map((seed) => initialState(config, key(seed)));
    if (a?._tag !== 'Right' || b?._tag !== 'Right' || c?._tag !== 'Right') throw new Error('no state');
    expect(
      treeLeaves(a.right.policy).every((leaf, k) => identical(leaf, treeLeaves(b.right.policy)[k] as Tensor)),
    ).toBe(true);
    expect(distance(a.right.policy, c.right.policy)).toBeGreaterThan(0);
    expect(decodeConfig({})._tag).toBe('Right');
  });
});
