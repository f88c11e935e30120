/** A step is the same step on every engine, and compiles what it needs once. */
import { blas, blasLibrary, type Engine, interpreter, type WasmEngine, wasm } from '@natgrad/autodiff';
import {
  compileModel,
  decodeConfig,
  type EngineOptions,
  engineName,
  engineOf,
  type Model,
  mlpModel,
  type StepConfig,
  type StepResult,
  trpoStep,
} from '@natgrad/rl-trpo';
import { exampleModels, type Problem, problemOf } from '@natgrad/rl-trpo/laws';
import { NatgradError, toTypedArray, treeLeaves } from '@natgrad/tensor';
import { lawRuns } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import { isLeft } from 'fp-ts/lib/Either.js';
import { afterEach, describe, expect, test, vi } from 'vitest';

const step = ({ config, state, batch }: Problem, engine?: Engine): StepResult => {
  const result = trpoStep(config, undefined, engine)(state, batch);
  if (isLeft(result)) throw new Error(result.left.message);
  return result.right;
};

const numbersOf = (tree: unknown): readonly number[] => treeLeaves(tree).flatMap((leaf) => [...toTypedArray(leaf)]);

/** ‖a − b‖ / ‖b‖. */
const difference = (a: unknown, b: unknown): number => {
  const [x, y] = [numbersOf(a), numbersOf(b)];
  expect(x.length).toBe(y.length);
  return Math.hypot(...x.map((each, i) => each - (y[i] as number))) / Math.hypot(...y, 1e-30);
};

const configurations: readonly Omit<StepConfig, 'model'>[] = [
  {},
  { fisher: 'hessian', entropyBonus: 0.01, dampingKind: 'relative' },
  { normaliseObservations: true, scaleRewards: true, valueMinibatch: 5, stepSize: 'damped' },
];

/**
 * Engines round differently: another order of sums, other exponentials. What a step makes of that grows with the condition
 * of the Fisher matrix (about 10⁴ here with damping 0.1) and through ten products.
 */
const BOUND = { f64: 1e-8, f32: 2e-2 } as const;

describe.each(['wasm', 'wasm deterministic'])('%s', (name) => {
  const options: EngineOptions = { engine: 'wasm', deterministic: name !== 'wasm' };
  test.each(exampleModels.flatMap((model) => configurations.map((config) => [model, config] as const)))(
    'a step is that of the interpreter: model %#',
    (model, config) => {
      fc.assert(
        fc.property(fc.nat(1e6), (seed) => {
          const problem = problemOf({ ...config, model, engine: 'interpreter' }, seed, { lengths: [9, 14, 11] });
          const [expected, found] = [step(problem), step({ ...problem, config: { ...problem.config, ...options } })];
          expect([expected.report.engine, found.report.engine]).toEqual(['interpreter', name]);
          // The critic's fit does not depend on what the line search found.
          expect(difference(found.state.value, expected.state.value)).toBeLessThan(BOUND.f64);
          expect(found.report.entropy).toBeCloseTo(expected.report.entropy, 10);
          expect(found.report.surrogateBefore).toBeCloseTo(expected.report.surrogateBefore, 10);
          expect(found.report.gradientNorm).toBeCloseTo(expected.report.gradientNorm, 10);
          // A KL within rounding of δ may be accepted by one and refused by the other: then they are different steps.
          fc.pre(found.report.lineSearch?.tries === expected.report.lineSearch?.tries);
          fc.pre(found.report.sizingEvaluations === expected.report.sizingEvaluations);
          expect(difference(found.state.policy, expected.state.policy)).toBeLessThan(BOUND.f64);
          expect(Math.abs(found.report.kl - expected.report.kl)).toBeLessThan(BOUND.f64);
          return true;
        }),
        { numRuns: lawRuns(3) },
      );
    },
  );

  test('in single precision, to single precision', () => {
    const model = mlpModel(
      { observationSpace: { low: [0, 0, 0] }, actionSpace: { kind: 'box', low: [0, 0] } },
      { hidden: [16, 16], valueHidden: [16], dtype: 'f32', outputScale: 1 },
    );
    const problem = problemOf({ model, dtype: 'f32', engine: 'interpreter' }, 4, { lengths: [40, 60] });
    const [expected, found] = [step(problem), step({ ...problem, config: { ...problem.config, ...options } })];
    expect(difference(found.state.value, expected.state.value)).toBeLessThan(1e-4);
    expect(found.report.lineSearch).toMatchObject({ status: 'accepted' });
    expect(found.report.kl).toBeLessThanOrEqual(0.01);
    expect(difference(found.state.policy, expected.state.policy)).toBeLessThan(BOUND.f32);
  });
});

/** The interpreter, counting what it compiles. */
const countingEngine = (): { readonly engine: Engine; readonly compiled: () => number } => {
  let compiled = 0;
  return {
    engine: {
      name: 'counting',
      compile: (graph) => {
        compiled += 1;
        return interpreter.compile(graph);
      },
    },
    compiled: () => compiled,
  };
};

/** The interpreter, whose n-th run finds a worker lost; like an engine with threads, it does without from then on. */
const losingEngine = (n: number): Engine => {
  let runs = 0;
  return {
    name: 'losing',
    compile: (graph) => {
      const program = interpreter.compile(graph);
      return {
        run: (args) => {
          runs += 1;
          if (runs === n) throw new NatgradError('WorkerLost', 'a worker of the engine was lost', { operation: 'run' });
          return program.run(args);
        },
      };
    },
  };
};

test('a step that loses a worker of the engine anywhere is the same step', () => {
  const [model] = exampleModels as [Model];
  const problem = problemOf({ model }, 3);
  const expected = step(problem, losingEngine(0));
  for (let n = 1; n < 40; n += 3) expect(step(problem, losingEngine(n))).toEqual(expected);
});

describe('a second step', () => {
  test.each([
    ['Gauss-Newton', {}],
    ['Hessian', { fisher: 'hessian', entropyBonus: 0.1 }],
    ['minibatches', { valueMinibatch: 7, normaliseObservations: true, scaleRewards: true }],
  ] as const)('traces and compiles nothing: %s', (_name, options) => {
    let traced = 0;
    const [, base] = exampleModels as [Model, Model];
    const model: Model = {
      ...base,
      policy: (theta, observations) => {
        traced += 1;
        return base.policy(theta, observations);
      },
      value: (phi, observations) => {
        traced += 1;
        return base.value(phi, observations);
      },
    };
    const { engine, compiled } = countingEngine();
    const config: StepConfig = { ...options, model };
    const first = problemOf(config, 1);
    const second = problemOf(config, 2);
    // Another number of episodes ends in the second batch.
    expect(second.batch.finalObservations.shape).not.toEqual(first.batch.finalObservations.shape);
    const update = trpoStep(config, undefined, engine);
    expect(update(first.state, first.batch)._tag).toBe('Right');
    const before = [traced, compiled()];
    expect(before.every((count) => count > 0)).toBe(true);
    const after = update(second.state, second.batch);
    expect([traced, compiled()]).toEqual(before);
    // And what was compiled for the first batch does not remember it.
    expect(after).toEqual(trpoStep(config, undefined, countingEngine().engine)(second.state, second.batch));
    expect(after).not.toEqual(update(first.state, first.batch));
  });
});

test('the programs of a model are there one by one, for steps of one’s own', () => {
  const [model] = exampleModels as [Model];
  const { state, batch } = problemOf({ model }, 5);
  const { measure, objective, summary } = compileModel(model, { engine: interpreter, entropyBonus: 0 });
  const data = { ...batch, advantages: batch.rewards };
  const { kl, surrogate } = measure(state.policy, data);
  expect(numbersOf(kl)[0]).toBeCloseTo(0, 12);
  expect(numbersOf(surrogate)[0]).toBeCloseTo(numbersOf(objective(batch.oldParameters, data).value)[0] as number, 12);
  expect(numbersOf(summary(batch.oldParameters, batch.oldParameters).entropy)[0]).toBeGreaterThan(0);
});

describe('the choice of an engine', () => {
  afterEach(() => vi.restoreAllMocks());

  const nameOf = (engine: EngineOptions['engine'], deterministic = false): string => {
    const found = engineOf({ engine, deterministic });
    if (isLeft(found)) throw new Error(found.left.message);
    return found.right.name;
  };

  test('by name; the same one each time', () => {
    expect(nameOf('interpreter')).toBe('interpreter');
    expect(nameOf('interpreter', true)).toBe('interpreter');
    expect(nameOf('wasm')).toBe('wasm');
    expect(nameOf('wasm', true)).toBe('wasm deterministic');
    expect(nameOf('default', true)).toBe('wasm deterministic');
    expect(engineOf({ engine: 'wasm', deterministic: true })).toEqual(
      engineOf({ engine: 'wasm', deterministic: true }),
    );
  });

  test.each(['wasm', 'blas'] as const)(
    '%s with a number of threads: one engine for each, the usual one for 0',
    (engine) => {
      if (engine === 'blas' && blasLibrary()._tag === 'Left') return;
      const found = [0, 1, 2, 2].map((threads) => {
        const chosen = engineOf({ engine, deterministic: false, threads });
        if (isLeft(chosen)) throw new Error(chosen.left.message);
        return chosen.right as WasmEngine;
      });
      expect(found.map(({ name }) => name)).toEqual([engine, engine, engine, engine]);
      expect(found.slice(1).map((each) => each.statistics().threads.wanted)).toEqual([1, 2, 2]);
      expect(found[3]).toBe(found[2]);
      expect(found[0]).toBe(engine === 'wasm' ? wasm : blas);
    },
  );

  test('what is recorded is what ran', () => {
    for (const engine of ['default', 'wasm', 'interpreter'] as const) {
      const found = engineOf({ engine, deterministic: false });
      if (isLeft(found)) throw new Error(found.left.message);
      expect(nameOf(engineName(found.right))).toBe(found.right.name);
    }
  });

  test('an unknown one is an error of the configuration, with the list', () => {
    const found = decodeConfig({ engine: 'interpeter' });
    expect(isLeft(found) && found.left).toMatchObject({
      code: 'InvalidConfig',
      issues: [
        {
          code: 'outOfRange',
          field: 'engine',
          found: "'interpeter'",
          expected: "one of 'default', 'wasm', 'blas', 'interpreter'",
          suggestion: "'interpreter'",
        },
      ],
    });
  });

  test('one that does not run here is an error, before anything is computed', async () => {
    vi.resetModules();
    vi.spyOn(WebAssembly, 'validate').mockReturnValue(false);
    const fresh = await import('@natgrad/rl-trpo');
    const [model] = exampleModels as [Model];
    const { state, batch } = problemOf({ model }, 1);
    const found = fresh.trpoStep({ model, engine: 'wasm' })(state, batch);
    expect(isLeft(found) && found.left).toMatchObject({
      code: 'InvalidConfig',
      issues: [{ code: 'unsupported', field: 'engine' }],
    });
    expect(isLeft(found) && found.left.message).toMatch(
      /^engine: found 'wasm', which does not run here: .*interpreter/,
    );
    const byDefault = fresh.engineOf({ engine: 'default', deterministic: true });
    expect(!isLeft(byDefault) && byDefault.right.name).toBe('interpreter');
  });
});
