/** A policy with a memory: the cell, the model, whole steps, and a task that cannot be done without one. */
import { concatenate, reshape, sum, tanh } from '@natgrad/autodiff';
import { differentiableLaws } from '@natgrad/autodiff/laws';
import { type Env, repeatPrevious, withHistory } from '@natgrad/envs';
import {
  actor,
  algorithms,
  decodeConfig,
  gru,
  gruInference,
  gruStep,
  type HistorySpaces,
  initialiseGru,
  initialState,
  type Model,
  mlp,
  modelFor,
  recurrentModel,
  type TrpoConfig,
  trpoStep,
  tryModelFor,
  tryRecurrentModel,
} from '@natgrad/rl-trpo';
import { actingLaws, fisherLaws, problemOf, recurrentLaws, trustRegionLaws } from '@natgrad/rl-trpo/laws';
import {
  add,
  foldIn,
  type Key,
  key,
  normal,
  split,
  type Tensor,
  tensor,
  toNested,
  treeMap,
  zeros,
} from '@natgrad/tensor';
import { checkLaw } from '@natgrad/tensor/laws';
import { isLeft } from 'fp-ts/lib/Either.js';
import { describe, expect, test } from 'vitest';

const cellOf = (inputs: number, width: number, initialisation: 'orthogonal' | 'lecun' = 'orthogonal') => ({
  inputs,
  width,
  initialise: (seed: Key) => initialiseGru(seed, inputs, width, { initialisation }),
  step: gruStep,
  window: gru,
  inference: gruInference,
});

test.each([...recurrentLaws(cellOf(2, 3)), ...recurrentLaws(cellOf(1, 5, 'lecun'))])('$name', (law) =>
  checkLaw(law, { numRuns: 25 }),
);

test('a step of the cell is equations 5 to 8 of its paper, with biases', () => {
  const cell = initialiseGru(key(9), 2, 3);
  const biased = treeMap((x: Tensor) => add(x, normal(key(10), x.shape)), cell);
  const [h, x] = [
    [0.3, -0.7, 0.2],
    [1.5, -0.4],
  ];
  const of = (name: keyof typeof biased, part: 'input' | 'recurrent', row: readonly number[], j: number): number =>
    row.reduce((sum, each, i) => sum + each * ((toNested(biased[name][part]) as number[][])[i]?.[j] as number), 0);
  const bias = (name: keyof typeof biased, j: number): number => (toNested(biased[name].bias) as number[])[j] as number;
  const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));
  const r = h.map((_, j) => sigmoid(of('reset', 'input', x, j) + of('reset', 'recurrent', h, j) + bias('reset', j)));
  const z = h.map((_, j) => sigmoid(of('update', 'input', x, j) + of('update', 'recurrent', h, j) + bias('update', j)));
  const rh = h.map((each, j) => each * (r[j] as number));
  const candidate = h.map((_, j) =>
    Math.tanh(of('candidate', 'input', x, j) + of('candidate', 'recurrent', rh, j) + bias('candidate', j)),
  );
  const expected = h.map((each, j) => (z[j] as number) * each + (1 - (z[j] as number)) * (candidate[j] as number));
  const found = (toNested(gruStep(biased, tensor([h]), tensor([x]))) as number[][])[0] as number[];
  found.forEach((each, j) => expect(each).toBeCloseTo(expected[j] as number, 13));
});

describe('derivatives through time', () => {
  // An episode of three steps, of which the second does not count.
  const flags = tensor([[[1], [0], [1]]]);
  const given = initialiseGru(key(4), 2, 2);
  const real = (...shape: readonly number[]) => ({
    shape,
    dtype: 'f64' as const,
    elements: { kind: 'intervals' as const, intervals: [[-1, 1]] as const },
  });
  // With respect to the inputs, and to a matrix of each gate: to third order, in both modes, against differences.
  const laws = differentiableLaws(
    'gru',
    (inputs: Tensor, reset: Tensor, update: Tensor, candidate: Tensor) => {
      const cell = {
        reset: { ...given.reset, recurrent: reset },
        update: { ...given.update, recurrent: update },
        candidate: { ...given.candidate, input: candidate },
      };
      return sum(tanh(gru(cell, reshape(concatenate([flags, inputs], 2), [1, 9]), 3)));
    },
    () => ({ args: [real(1, 3, 2), real(2, 2), real(2, 2), real(2, 2)], params: null }),
  );
  test.each(laws)('$name', (law) => checkLaw(law, { numRuns: 1 }));
});

const windows = (steps: number, width: number, actionSpace: HistorySpaces['actionSpace']): HistorySpaces => ({
  observationSpace: {
    shape: [steps, 1 + width],
    low: new Array<number>(steps * (1 + width)).fill(-1),
  },
  actionSpace,
});

const models = [
  recurrentModel(windows(3, 2, { kind: 'discrete', n: 3 }), { hidden: [4, 3], valueHidden: [3], outputScale: 1 }),
  recurrentModel(windows(2, 1, { kind: 'box', low: [0, 0] }), { hidden: [3], valueHidden: [3, 2], outputScale: 1 }),
] as readonly Model[];

describe('a recurrent model is a model', () => {
  test.each(models.flatMap((model) => [...fisherLaws(model), ...actingLaws({ model })]))('$name', (law) =>
    checkLaw(law, { numRuns: 3 }),
  );
  test.each(models.slice(0, 1).flatMap((model) => trustRegionLaws(trpoStep, { model })))('$name', (law) =>
    checkLaw(law, { numRuns: 2 }),
  );
});

describe('everything that a step can be made of', () => {
  const [model] = models as readonly [Model, Model];
  const run = (options: Partial<TrpoConfig>, algorithm: keyof typeof algorithms = 'trpo') => {
    const { config, state, batch } = problemOf({ model, delta: 0.05, ...options }, 3);
    const result = algorithms[algorithm](config)(state, batch);
    if (isLeft(result)) throw new Error(result.left.message);
    return result.right.report;
  };

  test('both forms of the Fisher product, whole and in pieces, take the same step', () => {
    const { kl } = run({});
    // Sums in another order, over ten products of conjugate gradient.
    for (const options of [{ fisher: 'hessian' }, { fisherChunk: 5 }] as const)
      expect(run(options).kl).toBeCloseTo(kl, 10);
  });

  test.each<Partial<TrpoConfig>>([
    { preconditioner: 'kfac' },
    { preconditioner: 'diagonal' },
    { fisherRows: 8 },
    { valueFit: 'trustRegion' },
    { valueMinibatch: 5 },
    { klKind: 'max' },
    { entropyBonus: 0.1 },
  ])('%o', (options) => {
    const { kl, lineSearch } = run(options);
    expect(lineSearch?.status).toBe('accepted');
    expect(kl).toBeLessThanOrEqual(0.05);
  });

  test.each(['natural-policy-gradient', 'vanilla-policy-gradient', 'ppo', 'kl-penalised'] as const)(
    '%s',
    (algorithm) => {
      expect(run({}, algorithm).kl).toBeGreaterThan(0);
    },
  );
});

test('acting on windows is carrying the state along the episode', () => {
  const env: Env = withHistory(repeatPrevious({ k: 2, symbols: 3, scored: 5 }), 7);
  const model = recurrentModel(env, { hidden: [5, 4], outputScale: 1 });
  const start = initialState({ model: model }, key(5));
  if (isLeft(start)) throw new Error(start.left.message);
  const state = start.right;
  const { cell, layers } = model.initialise(split(key(5))[0]).policy;
  expect(toNested((state.policy as unknown as { layers: { bias: Tensor }[] }).layers[0]?.bias as Tensor)).toEqual(
    toNested(layers[0]?.bias as Tensor),
  );
  const { sample } = actor({ model: model }, state);
  let episode = env.reset(key(6));
  let hidden: Tensor = zeros([1, 5]);
  for (let t = 0; t < 7; t += 1) {
    // The newest observation is the end of the window.
    hidden = gruStep(cell, hidden, tensor([Array.from(episode.observation).slice(-3)]));
    const expected = (toNested(mlp(layers, hidden, 'tanh')) as number[][])[0] as number[];
    const { actions, parameters } = sample(Float64Array.from(Array.from(episode.observation)), [foldIn(key(7), t)]);
    // Plain loops against tensors: a few roundings in each of t + 1 steps.
    Array.from(parameters['logits'] as Float64Array).forEach((x, j) =>
      expect(x).toBeCloseTo(expected[j] as number, 12),
    );
    episode = env.step(episode.state, actions[0] as number);
  }
});

describe('what does not go together', () => {
  const cartPole = {
    observationSpace: { shape: [4], low: [0, 0, 0, 0] },
    actionSpace: { kind: 'discrete', n: 2 },
  } as const;
  const three = windows(3, 2, { kind: 'discrete', n: 2 });
  test.each<
    [
      string,
      () => { readonly _tag: string; readonly left?: { readonly issues: readonly { readonly field: string }[] } },
    ]
  >([
    ['observationSpace.shape', () => tryRecurrentModel(cartPole)],
    ['observationSpace.shape', () => tryRecurrentModel(windows(3, 0, { kind: 'discrete', n: 2 }))],
    ['hidden', () => tryRecurrentModel(three, { hidden: [] })],
    ['valueHidden', () => tryRecurrentModel(three, { valueHidden: [] })],
    ['distribution', () => tryRecurrentModel(three, { distribution: 'bernoulli' })],
    ['historySteps', () => tryModelFor(three, { network: 'recurrent', historySteps: 4 })],
    ['observationSpace.shape', () => tryModelFor(cartPole, { network: 'recurrent' })],
    ['hidden', () => decodeConfig({ network: 'recurrent', hidden: [] })],
    ['valueHidden', () => decodeConfig({ network: 'recurrent', valueHidden: [] })],
    ['normaliseObservations', () => decodeConfig({ network: 'recurrent', normaliseObservations: true })],
    ['sharedLayers', () => decodeConfig({ network: 'recurrent', sharedLayers: 1 })],
    ['checkpointing', () => decodeConfig({ network: 'recurrent', checkpointing: true })],
  ])('%s', (field, make) => {
    const made = make();
    expect(made._tag).toBe('Left');
    expect(made.left?.issues.map((issue) => issue.field)).toContain(field);
  });

  test('those who throw name the field', () => {
    expect(() => recurrentModel(cartPole)).toThrow('observationSpace.shape');
    expect(() => modelFor(three, { network: 'recurrent' })).toThrow('withHistory(env, 32)');
  });

  test('the option makes the model', () => {
    const partsOf = (model: Model): readonly string[] => Object.keys(model.initialise(key(0)).policy as object);
    expect(partsOf(modelFor(three, { network: 'recurrent', historySteps: 3, hidden: [4] }))).toEqual([
      'cell',
      'layers',
    ]);
    expect(partsOf(modelFor(three, {}))).toEqual(['layers']);
  });
});
