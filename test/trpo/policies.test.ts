/** Every distribution as the head of a network: the operator, the step, acting, and what is refused. */
import { add, interpreter, multiply } from '@natgrad/autodiff';
import {
  box,
  cartPole,
  defineEnv,
  type Env,
  multiBinary,
  multiDiscrete,
  type Space,
  timeLimit,
  type Vector,
  vectorise,
} from '@natgrad/envs';
import {
  type ActionSpace,
  compileModel,
  decodeConfig,
  diagonalGaussianDistribution,
  distributionsFor,
  evaluate,
  heads,
  initialState,
  type Model,
  mlpModel,
  options,
  type PolicyDistribution,
  rollout,
  startOfTraining,
  TrainingError,
  type TrpoConfig,
  trpoStep,
  tryMlpModel,
  validateBatch,
} from '@natgrad/rl-trpo';
import { actingLaws, everyPolicy, fisherLaws, problemOf, sampledBatch, trustRegionLaws } from '@natgrad/rl-trpo/laws';
import { isNatgradError, key, type Tensor, tensor, toNested, toTypedArray, treeLeaves, treeMap } from '@natgrad/tensor';
import { checkLaw } from '@natgrad/tensor/laws';
import { describe, expect, test } from 'vitest';
import { expectError } from '../errors.js';
import { bare } from './bare.js';

const right = <T>(
  result: { readonly _tag: 'Left'; readonly left: unknown } | { readonly _tag: 'Right'; readonly right: T },
): T => {
  if (result._tag === 'Left') throw result.left;
  return result.right;
};

const without = (model: Model, field: keyof Model): Model =>
  Object.fromEntries(Object.entries(model).filter(([name]) => name !== field)) as unknown as Model;

// One for each head; of several numbers two, so that covariances count.
const onePerHead = everyPolicy.filter(({ distribution: { action } }) => action.shape[0] !== 1);

describe('laws, of every distribution', () => {
  test.each(everyPolicy.flatMap(fisherLaws))('$name', (law) => checkLaw(law, { numRuns: 2 }));

  test.each(onePerHead.flatMap((model) => trustRegionLaws(trpoStep, { model })))('$name', (law) =>
    checkLaw(law, { numRuns: 1 }),
  );

  test.each(everyPolicy.flatMap((model) => actingLaws({ model, normaliseObservations: true })))('$name', (law) =>
    checkLaw(law, { numRuns: 2 }),
  );

  const byTensors = onePerHead.map((model): Model => {
    const { packed: _packed, ...distribution } = model.distribution;
    return { ...without(model, 'inference'), distribution };
  });
  test.each(byTensors.flatMap((model) => actingLaws({ model })))('$name', (law) => checkLaw(law, { numRuns: 1 }));
});

describe('a step from extreme parameters of the network', () => {
  const named = everyPolicy.map(
    (model) => [`${model.distribution.name} of ${model.distribution.action.shape.join() || 'one'}`, model] as const,
  );
  test.each(named)('%s: a finite state, or an error with a type', (_, model) => {
    const config = { model };
    for (const factor of [30, -1e3, 1e160]) {
      const start = right(initialState(config, key(3)));
      const policy = treeMap((x: Tensor) => multiply(add(x, 0.1), factor), start.policy);
      const attempt = (): ReturnType<ReturnType<typeof trpoStep>> => {
        const state = { ...start, policy };
        return trpoStep(config)(state, sampledBatch(config, state, key(4)));
      };
      try {
        const result = attempt();
        if (result._tag === 'Left') expect(result.left.issues[0].field).not.toBe('');
        else
          for (const x of treeLeaves(result.right.state.policy))
            expect(toTypedArray(x).every(Number.isFinite)).toBe(true);
      } catch (error) {
        // Sampling refuses logits that are not finite.
        expect(isNatgradError(error)).toBe(true);
      }
    }
  });
});

const observing = (actionSpace: ActionSpace) => ({ observationSpace: { low: [0] }, actionSpace });
const issueOf = (actionSpace: ActionSpace, distribution: PolicyDistribution) => {
  const model = tryMlpModel(observing(actionSpace), { distribution });
  if (model._tag === 'Right') throw new Error('it was accepted');
  return model.left.issues[0];
};
const bounded: ActionSpace = { kind: 'box', low: [-1, 0], high: [1, 3] };

describe('which distribution for which actions', () => {
  test('every option but the default has a head', () => {
    expect(['default', ...Object.keys(heads)].sort()).toEqual([...options.distribution.choices].sort());
  });

  test.each([
    [{ kind: 'discrete', n: 3 }, 'categorical', { logits: [3] }],
    [{ kind: 'multiDiscrete', counts: [3, 2] }, 'multiCategorical', { logits: [5] }],
    [{ kind: 'multiBinary', n: 4 }, 'bernoulli', { logits: [4] }],
    [bounded, 'diagonalGaussian', { mean: [2], logDeviation: [2] }],
  ] as const)('by default: %o is %s', (actionSpace, name, parameterShapes) => {
    const { distribution } = mlpModel(observing(actionSpace));
    expect(distribution.name).toBe(name);
    expect(distribution.parameterShapes).toEqual(parameterShapes);
    expect(distributionsFor(actionSpace.kind)[0]).toBe(name);
  });

  test('what the network makes, and what is learnt by itself', () => {
    const shapes = (distribution: PolicyDistribution): readonly unknown[] => {
      const model = mlpModel(observing(bounded), { distribution, hidden: [], initialLogDeviation: -0.5 });
      const { layers, ...free } = model.initialise(key(0)).policy;
      const parameters = model.policy({ layers, ...free }, tensor([[0]]));
      return [
        layers[0]?.bias.shape[0],
        Object.keys(free),
        Object.fromEntries(Object.entries(parameters).map(([name, x]) => [name, toNested(x)])),
      ];
    };
    const [mean, logDeviation, factor] = [[[0, 0]], [[-0.5, -0.5]], [[-0.5, -0.5, 0]]];
    expect(shapes('diagonalGaussian')).toEqual([2, ['logDeviation'], { mean, logDeviation }]);
    expect(shapes('stateDependentGaussian')).toEqual([4, [], { mean, logDeviation }]);
    expect(shapes('fullGaussian')).toEqual([2, ['factor'], { mean, factor }]);
    expect(shapes('stateDependentFullGaussian')).toEqual([5, [], { mean, factor }]);
    expect(shapes('squashedGaussian')).toEqual([2, ['logDeviation'], { mean, logDeviation }]);
  });

  test('a distribution for other actions is refused, with those that fit', () => {
    expect(issueOf({ kind: 'discrete', n: 2 }, 'squashedGaussian')).toEqual({
      code: 'contradiction',
      field: 'distribution',
      found: "'squashedGaussian' for discrete actions",
      expected: "'categorical', the distribution for discrete actions",
    });
    expect(issueOf(bounded, 'bernoulli').expected).toContain("'fullGaussian'");
    expect(issueOf({ kind: 'text' } as never, 'default')).toMatchObject({ field: 'actionSpace.kind', found: "'text'" });
  });

  test.each([
    ['infinite', { kind: 'box', low: [0, -Infinity], high: [1, 1] }, 'element 1 lies between -Infinity and 1'],
    ['unknown', { kind: 'box', low: [0] }, 'element 0 lies between 0 and no known bound'],
    ['empty', { kind: 'box', low: [0], high: [0] }, 'element 0 lies between 0 and 0'],
  ] as const)('squashing into %s bounds is refused, with a cure', (_, actionSpace, found) => {
    const issue = issueOf(actionSpace, 'squashedGaussian');
    expect(issue).toMatchObject({ code: 'contradiction', field: 'distribution' });
    expect(issue.found).toContain(found);
    expect(issue.expected).toContain("'diagonalGaussian'");
  });

  test('mlpModel throws it, training refuses it', () => {
    expectError(
      () => mlpModel(observing({ kind: 'discrete', n: 2 }), { distribution: 'fullGaussian' }),
      'InvalidArgument',
      'distribution',
    );
    const envs = vectorise(cartPole(), 1);
    expect(() => startOfTraining({ envs, key: key(0), options: { distribution: 'bernoulli' } })).toThrow(TrainingError);
  });
});

describe('an entropy that nobody knows', () => {
  const known = mlpModel(observing(bounded), { hidden: [3], valueHidden: [3] });
  const model: Model = {
    ...(known as Model),
    distribution: bare(diagonalGaussianDistribution(2)),
  };

  test('no bonus on it', () => {
    const result = initialState({ model, entropyBonus: 0.1 }, key(0));
    expect(result._tag === 'Left' && result.left.issues[0]).toMatchObject({
      code: 'contradiction',
      field: 'entropyBonus',
      found: "0.1 for the distribution 'bare diagonalGaussian', which does not know its entropy",
    });
    const { batch, state } = problemOf({ model }, 1);
    const data = { ...batch, advantages: batch.rewards };
    const { objective } = compileModel(model, { engine: interpreter, entropyBonus: 0.1 });
    expectError(() => objective(batch.oldParameters, data), 'InvalidArgument', 'entropy');
    expect(trpoStep({ model })(state, batch)._tag).toBe('Right');
  });

  test('reports estimate it from the actions of the batch', () => {
    const { batch, state } = problemOf({ model: known }, 1, { lengths: [4000] });
    const [estimated, exact] = [model, known as Model].map(
      (each) => right(trpoStep({ model: each })(state, batch)).report.entropy,
    ) as [number, number];
    expect(estimated).not.toBe(exact);
    // The deviation of −log π of two normal numbers is 1: six standard errors.
    expect(Math.abs(estimated - exact)).toBeLessThan(6 / Math.sqrt(4000));
  });
});

/** Rewards the first number of the action, as it was told, and never ends. */
const teller = (actionSpace: Space): Env =>
  timeLimit(
    defineEnv<number, Vector>({
      id: 'Teller-v0',
      observationSpace: box({ low: -1, high: 1, shape: [1] }),
      actionSpace,
      reset: () => ({ state: 0, observation: [0.5] }),
      step: (state, action) => ({
        state,
        observation: [0.5],
        reward: action[0] as number,
        terminated: false,
        truncated: false,
      }),
    }),
    10,
  );

const acting = (env: Env, given: Partial<TrpoConfig>) => {
  const config = right(decodeConfig({ hidden: [3], valueHidden: [3], batchSize: 40, environments: 2, ...given }));
  const model = mlpModel(env, config) as Model;
  const envs = vectorise(env, 2);
  const { state: vector, observations } = envs.reset(key(1));
  const state = right(initialState({ model, ...config }, key(2)));
  const { batch } = rollout({ model, envs, ...config }, state, { vector, observations });
  const numbers = (x: Tensor): readonly number[] => [...toTypedArray(x)];
  return { config, model, env, state, batch, actions: numbers(batch.actions), told: numbers(batch.rewards) };
};

describe('between the batch and the environment', () => {
  test.each([true, false])(
    'a squashed action is kept as it was and told within bounds (clipActions %s)',
    (clipActions) => {
      const env = teller(box({ low: -1, high: 3 }));
      const given = { distribution: 'squashedGaussian', initialLogDeviation: 1.5, clipActions } as const;
      const { model, batch, actions, told } = acting(env, given);
      expect(Math.max(...actions.map(Math.abs))).toBeGreaterThan(4);
      actions.forEach((u, i) => {
        // low + (high − low)/2 · (tanh u + 1), within rounding
        expect(told[i]).toBeCloseTo(1 + 2 * Math.tanh(u), 14);
      });
      expect(Math.max(...told)).toBeLessThanOrEqual(3);
      expect(Math.min(...told)).toBeGreaterThanOrEqual(-1);
      // No two draws are told the same: a clipped Gaussian of this width has half of its actions at the bounds.
      expect(new Set(told).size).toBe(told.length);
      expect(validateBatch(model, batch)._tag).toBe('Right');
    },
  );

  test('evaluation squashes too: the deterministic action is tanh μ', () => {
    const env = teller(box({ low: -1, high: 3 }));
    const { config, model, state } = acting(env, { distribution: 'squashedGaussian', outputScale: 50 });
    const mean = toTypedArray(model.policy(state.policy, tensor([[0.5]]))['mean'] as Tensor)[0] as number;
    const run = (mode: 'deterministic' | 'sampled') =>
      evaluate({ model, env, ...config }, state, { key: key(0), episodes: 1, mode });
    expect(Math.abs(mean)).toBeGreaterThan(0.1);
    expect(run('deterministic').mean).toBeCloseTo(10 * (1 + 2 * Math.tanh(mean)), 12);
    expect(run('sampled').max).toBeLessThanOrEqual(30);
  });

  test.each([
    ['choices', multiDiscrete([3, 2])],
    ['switches', multiBinary(2)],
  ] as const)('several %s at once go from the policy to the environment and into the batch', (_, space) => {
    const { config, model, env, state, batch, actions, told } = acting(teller(space), {});
    expect([batch.actions.dtype, batch.actions.shape]).toEqual(['i32', [40, 2]]);
    expect(told).toEqual(actions.filter((_each, i) => i % 2 === 0));
    expect(new Set(told).size).toBe(space.kind === 'multiBinary' ? 2 : 3);
    expect(trpoStep({ model, ...config })(state, batch)._tag).toBe('Right');
    const { mean } = evaluate({ model, env, ...config }, state, { key: key(0), episodes: 2 });
    expect(mean % 10).toBe(0);
  });
});
