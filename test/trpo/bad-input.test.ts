/** Every bad input is a typed error that names the field, what was found and what was expected; nothing throws. */
import {
  type Batch,
  decodeConfig,
  defaultConfig,
  type Model,
  options,
  presetConfig,
  presets,
  type StepConfig,
  type TrpoError,
  type TrpoState,
  trpoStep,
} from '@natgrad/rl-trpo';
import { exampleModels, problemOf } from '@natgrad/rl-trpo/laws';
import { full, multiply, type Tensor, tensor, toTypedArray, zeros } from '@natgrad/tensor';
import { isLeft, isRight } from 'fp-ts/lib/Either.js';
import { describe, expect, test } from 'vitest';

const [choices, continuous] = exampleModels as [Model, Model];
const { state, batch } = problemOf({ model: choices }, 1);
const rows = batch.rewards.size;

const errorOf = (config: StepConfig, given: unknown, from: unknown = state): TrpoError => {
  const result = trpoStep(config)(from as TrpoState, given as Batch);
  if (isRight(result)) throw new Error('expected an error');
  return result.left;
};

/** The same tensor with one element replaced. */
const withElement = (x: Tensor, at: number, value: number): Tensor => {
  const flat = toTypedArray(x);
  flat[at] = value;
  const data = tensor([...flat], x.dtype);
  return x.rank === 1
    ? data
    : tensor(
        Array.from({ length: x.shape[0] as number }, (_, row) => [
          ...flat.slice(row * (x.shape[1] as number), (row + 1) * (x.shape[1] as number)),
        ]),
        x.dtype,
      );
};

describe('batches', () => {
  const cases: readonly (readonly [what: string, change: Partial<Record<keyof Batch, unknown>>, issue: object])[] = [
    ['no rows', { observations: zeros([0, 3]) }, { code: 'empty', field: 'observations' }],
    [
      'too few actions',
      { actions: zeros([rows - 1], 'i32') },
      {
        code: 'wrongLength',
        field: 'actions',
        found: `i32[${rows - 1}]`,
        expected: `i32 [${rows}], one row per observation`,
      },
    ],
    ['too many rewards', { rewards: zeros([rows + 1]) }, { code: 'wrongLength', field: 'rewards' }],
    [
      'observations of another width',
      { observations: zeros([rows, 4]) },
      { code: 'wrongShape', field: 'observations', found: `f64[${rows},4]`, expected: `f32 or f64 [${rows},3]` },
    ],
    ['observations of rank 1', { observations: zeros([rows]) }, { code: 'wrongShape', field: 'observations' }],
    [
      'a NaN in an observation',
      { observations: withElement(batch.observations, 7, NaN) },
      { code: 'nonFinite', field: 'observations', index: 2, found: 'NaN in column 1' },
    ],
    [
      'an infinite reward',
      { rewards: withElement(batch.rewards, 5, -Infinity) },
      { code: 'nonFinite', field: 'rewards', index: 5, found: '-Infinity' },
    ],
    [
      'a NaN log-probability',
      { logProbabilities: withElement(batch.logProbabilities, 3, NaN) },
      { code: 'nonFinite', field: 'logProbabilities', index: 3 },
    ],
    [
      'an action that is no choice',
      { actions: withElement(batch.actions, 4, 3) },
      { code: 'outOfRange', field: 'actions', index: 4, found: '3', expected: 'a whole number from 0 to 2' },
    ],
    [
      'a negative action',
      { actions: withElement(batch.actions, 0, -1) },
      { code: 'outOfRange', field: 'actions', index: 0 },
    ],
    ['fractional choices', { actions: zeros([rows]) }, { code: 'wrongKind', field: 'actions', found: `f64[${rows}]` }],
    ['no old parameters', { oldParameters: undefined }, { code: 'missing', field: 'oldParameters.logits' }],
    [
      'old parameters of another distribution',
      { oldParameters: { ...batch.oldParameters, mean: zeros([rows, 3]) } },
      { code: 'unknownField', field: 'oldParameters.mean' },
    ],
    [
      'old parameters that are not finite',
      { oldParameters: { logits: withElement(batch.oldParameters['logits'] as Tensor, 8, Infinity) } },
      { code: 'nonFinite', field: 'oldParameters.logits', index: 2 },
    ],
    [
      'flags that are numbers',
      { terminated: zeros([rows]) },
      { code: 'wrongKind', field: 'terminated', expected: `bool [${rows}], one row per observation` },
    ],
    ['no truncated', { truncated: undefined }, { code: 'missing', field: 'truncated' }],
    [
      'segments that leave rows out',
      { segments: [{ environment: 0, length: 3 }] },
      { code: 'wrongLength', field: 'segments', found: '3 rows in 1 segments' },
    ],
    [
      'an empty segment',
      { segments: [{ environment: 0, length: 0 }, ...batch.segments] },
      { code: 'outOfRange', field: 'segments[0]' },
    ],
    ['segments of another kind', { segments: 3 }, { code: 'wrongKind', field: 'segments' }],
    [
      'too few final observations',
      { finalObservations: zeros([0, 3]) },
      { code: 'wrongLength', field: 'finalObservations' },
    ],
    ['rewards as an array', { rewards: [1, 2, 3] }, { code: 'wrongKind', field: 'rewards', found: 'an array of 3' }],
  ];
  test.each(cases)('%s', (_what, change, issue) => {
    const { code, issues, message } = errorOf({ model: choices }, { ...batch, ...change });
    expect(code).toBe('InvalidBatch');
    expect(issues).toContainEqual(expect.objectContaining(issue));
    expect(message).toContain((issue as { readonly field: string }).field);
  });

  test('a NaN action', () => {
    const problem = problemOf({ model: continuous }, 1);
    const { issues } = errorOf(
      { model: continuous },
      { ...problem.batch, actions: withElement(problem.batch.actions, 9, NaN) },
      problem.state,
    );
    expect(issues).toEqual([
      { code: 'nonFinite', field: 'actions', found: 'NaN in column 1', expected: 'finite numbers', index: 4 },
    ]);
  });

  test('all issues at once', () => {
    const { issues } = errorOf(
      { model: choices },
      { ...batch, rewards: withElement(batch.rewards, 0, NaN), actions: withElement(batch.actions, 1, 9) },
    );
    expect(issues.map(({ field }) => field)).toEqual(['actions', 'rewards']);
  });

  test.each([null, undefined, 3, 'batch', [], {}])('%s is no batch', (given) => {
    expect(errorOf({ model: choices }, given).code).toBe('InvalidBatch');
  });

  test('continuous actions beyond the bounds are valid', () => {
    const problem = problemOf({ model: continuous }, 2);
    expect(
      isRight(
        trpoStep({ model: continuous })(problem.state, {
          ...problem.batch,
          actions: multiply(problem.batch.actions, 50),
        }),
      ),
    ).toBe(true);
  });

  test('constant advantages: no step, no NaN, a warning', () => {
    const idle: Model = { ...choices, value: (_, observations) => zeros([observations.shape[0] as number]) };
    const constant = {
      ...batch,
      rewards: full([rows], 1),
      terminated: full([rows], true),
      truncated: full([rows], false),
      finalObservations: zeros([0, 3]),
    };
    const result = trpoStep({ model: idle, valueEpochs: 0 })(state, constant);
    if (isLeft(result)) throw new Error(result.left.message);
    const { report, state: after } = result.right;
    expect(report.warnings).toEqual(['constantAdvantages']);
    expect(report.lineSearch).toEqual({ status: 'rejected', reason: 'zeroGradient', tries: 0 });
    expect(after.policy).toBe(state.policy);
    expect(report.improvement).toBe(0);
  });

  test('rewards that overflow when they are summed', () => {
    const { code, issues } = errorOf({ model: choices }, { ...batch, rewards: full([rows], 1.7e308) });
    expect(code).toBe('Overflow');
    expect(issues[0].field).toBe('advantages');
  });

  test('log-probabilities of quite another policy', () => {
    const { code, issues } = errorOf({ model: choices }, { ...batch, logProbabilities: full([rows], -1e6) });
    expect([code, issues[0].field]).toEqual(['Overflow', 'surrogate']);
  });
});

describe('states', () => {
  const cases: readonly (readonly [what: string, change: object, field: string])[] = [
    [
      'a policy with a NaN',
      { policy: { layers: [{ weight: full([3, 3], NaN), bias: zeros([3]) }] } },
      'state.policy, leaf 1',
    ],
    ['no critic', { value: undefined }, 'state.value'],
    ['δ of 0', { delta: 0 }, 'state.delta'],
    [
      'an optimiser of another critic',
      { valueOptimiser: { ...state.valueOptimiser, first: zeros([2]) } },
      'state.valueOptimiser.first',
    ],
    [
      'statistics of other observations',
      { observationStatistics: { count: 1, mean: zeros([7]), squares: zeros([3]) } },
      'state.observationStatistics.mean',
    ],
    ['a solution of another policy', { previousSolution: zeros([2]) }, 'state.previousSolution'],
    ['half an iteration', { iteration: 0.5 }, 'state.iteration'],
  ];
  test.each(cases)('%s', (_what, change, field) => {
    const { code, issues } = errorOf({ model: choices }, batch, { ...state, ...change });
    expect(code).toBe('InvalidState');
    expect(issues.map((issue) => issue.field)).toContain(field);
  });

  test('the state of another network', () => {
    const other = problemOf({ model: continuous }, 1).state;
    expect(
      errorOf({ model: choices }, batch, { ...other, observationStatistics: state.observationStatistics }).code,
    ).toBe('ModelFailed');
  });

  test.each([null, undefined, 3, {}])('%s is no state', (given) => {
    expect(trpoStep({ model: choices })(given as never, batch)._tag).toBe('Left');
  });
});

describe('models that break their promises', () => {
  const broken: readonly (readonly [what: string, model: Model, found: string])[] = [
    [
      'a policy that throws',
      {
        ...choices,
        policy: () => {
          throw new Error('no such layer');
        },
      },
      'no such layer',
    ],
    [
      'a policy of another width',
      { ...choices, policy: (_, x) => ({ logits: zeros([x.shape[0] as number, 2]) }) },
      `f64[${rows},2]`,
    ],
    [
      'a policy of another distribution',
      { ...choices, policy: (_, x) => ({ mean: zeros([x.shape[0] as number, 2]) }) },
      'nothing',
    ],
    [
      'a critic with a column too many',
      { ...choices, value: (_, x) => zeros([x.shape[0] as number, 1]) },
      `[${rows},1]`,
    ],
  ];
  test.each(broken)('%s', (_what, model, found) => {
    const { code, issues } = errorOf({ model }, batch);
    expect([code, issues[0].found]).toEqual(['ModelFailed', found]);
  });
});

describe('configurations', () => {
  test('all errors at once, each with field, found, expected and the nearest name', () => {
    const result = decodeConfig({
      gama: 0.9,
      gamma: 1.5,
      lambda: -0.1,
      delta: 0,
      stepSize: 'boundry',
      cgIterations: 2.5,
      hidden: [64, 0],
      normaliseAdvantages: 'yes',
      dtype: 64,
      valueMinibatch: null,
    });
    if (isRight(result)) throw new Error('expected errors');
    expect(result.left.code).toBe('InvalidConfig');
    expect(result.left.issues).toEqual([
      {
        code: 'unknownField',
        field: 'gama',
        found: 'an unknown option',
        expected: 'the name of an option',
        suggestion: 'gamma',
      },
      { code: 'outOfRange', field: 'gamma', found: '1.5', expected: 'a number in [0, 1]' },
      { code: 'outOfRange', field: 'lambda', found: '-0.1', expected: 'a number in [0, 1]' },
      { code: 'outOfRange', field: 'delta', found: '0', expected: 'a number in (0, 100]' },
      {
        code: 'outOfRange',
        field: 'stepSize',
        found: "'boundry'",
        expected: "one of 'boundary', 'undamped', 'damped'",
        suggestion: "'boundary'",
      },
      { code: 'outOfRange', field: 'cgIterations', found: '2.5', expected: 'a whole number in [1, 10000]' },
      { code: 'outOfRange', field: 'hidden', found: '[64, 0]', expected: 'a list of whole numbers in [1, 65536]' },
      { code: 'wrongKind', field: 'normaliseAdvantages', found: "'yes'", expected: 'true or false' },
      { code: 'wrongKind', field: 'dtype', found: '64', expected: "one of 'f64', 'f32'" },
    ]);
  });

  test('contradictions are named', () => {
    const result = decodeConfig({ batchSize: 4, environments: 8 });
    expect(isLeft(result) && result.left.issues[0]).toMatchObject({ code: 'contradiction', field: 'environments' });
  });

  test.each([null, 3, 'x', [], NaN, Infinity])('%s is no configuration', (given) => {
    expect(isLeft(decodeConfig(given))).toBe(true);
  });

  test.each(Object.keys(options))('%s: NaN, another kind, and what JSON makes of it', (name) => {
    for (const value of [NaN, {}, Symbol.iterator, undefined, () => 1, 1n])
      expect(isLeft(decodeConfig({ [name]: value }))).toBe(true);
    expect(decodeConfig(JSON.parse(JSON.stringify(defaultConfig)))).toEqual({ _tag: 'Right', right: defaultConfig });
  });

  test('the step refuses them too', () => {
    expect(errorOf({ model: choices, delta: -1, lambda: 2 }, batch).issues.map(({ field }) => field)).toEqual([
      'delta',
      'lambda',
    ]);
    expect(errorOf({ model: choices, nonsense: 1 } as never, batch).issues[0].code).toBe('unknownField');
  });

  test('a decoded configuration cannot be changed through what it came from', () => {
    const hidden = [8];
    const result = decodeConfig({ hidden });
    hidden.push(9);
    expect(isRight(result) && result.right.hidden).toEqual([8]);
  });

  test.each(Object.keys(presets))('the preset %s is valid', (name) => {
    expect(isRight(presetConfig(name))).toBe(true);
  });

  test('an unknown preset is refused with the nearest one', () => {
    const result = presetConfig('textbok');
    expect(isLeft(result) && result.left.issues[0].suggestion).toBe("'textbook'");
  });
});
