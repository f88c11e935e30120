/** Every preconditioner keeps the laws, is found by its file, and is what its paper says. */
import {
  add,
  broadcastTo,
  type Graph,
  interpreter,
  matmul,
  reshape,
  scan,
  tanh,
  transpose,
  wasmEngine,
} from '@natgrad/autodiff';
import {
  diagonalGaussianDistribution,
  type Model,
  mlpModel,
  options,
  type Preconditioner,
  preconditioners,
  trpoStep,
} from '@natgrad/rl-trpo';
import { everyPolicy, exampleModels, preconditionerLaws, problemOf } from '@natgrad/rl-trpo/laws';
import {
  cast,
  foldIn,
  key,
  multiply,
  normal,
  slice,
  type Tensor,
  tensor,
  treeFlatten,
  treeMap,
  zeros,
} from '@natgrad/tensor';
import { checkLaw } from '@natgrad/tensor/laws';
import { isLeft, isRight } from 'fp-ts/lib/Either.js';
import { describe, expect, test } from 'vitest';
import { at, close, fisherOf, matrixOf, numbersOf, ones } from './operators.js';

const all = Object.values(preconditioners);

const modules: Readonly<Record<string, Readonly<Record<string, unknown>>>> = import.meta.glob(
  '../../packages/rl-trpo/src/preconditioners/*.ts',
  { eager: true },
);
const isPreconditioner = (value: unknown): value is Preconditioner =>
  typeof value === 'object' && value !== null && 'prepare' in value && 'name' in value;

describe('discovery', () => {
  /** Files with an underscore serve the others; the interface is of types alone. */
  const files = Object.keys(modules).filter((path) => !/\/(_[\w-]+|index|preconditioner)\.ts$/.test(path));

  test.each(files)('%s is one preconditioner, known by its name', (path) => {
    const found = Object.values(modules[path] ?? {}).filter(isPreconditioner);
    expect(found).toHaveLength(1);
    expect(all).toContain(found[0]);
    expect(path).toBe(`../../packages/rl-trpo/src/preconditioners/${found[0]?.name}.ts`);
  });

  test('the option knows them all, and plain conjugate gradient is the default', () => {
    expect(files).toHaveLength(all.length);
    expect(options.preconditioner.choices).toEqual(all.map(({ name }) => name));
    expect(Object.entries(preconditioners).every(([name, each]) => each.name === name)).toBe(true);
    expect(options.preconditioner.default).toBe('none');
  });
});

/** A policy with every use of a parameter: in a loop, twice, stored the other way, as a vector, copied to rows, one number. */
const odd: Model = (() => {
  const shapes = { looped: [3, 3], turned: [4, 3], twice: [4, 4], last: [4], bias: [1], gain: [4], scale: [] };
  return {
    observationWidth: 3,
    distribution: diagonalGaussianDistribution(1),
    policy: (parameters, observations) => {
      const p = parameters as Readonly<Record<keyof typeof shapes, Tensor>>;
      const rows = observations.shape[0] as number;
      const { carry } = scan((x: Tensor) => [tanh(matmul(x, p.looped)), null], observations, null, { length: 2 });
      const h = tanh(matmul(carry, transpose(p.turned)));
      const again = matmul(tanh(matmul(h, p.twice)), p.twice);
      const mean = add(reshape(matmul(again, p.last), [rows, 1]), p.bias);
      return { mean, logDeviation: add(broadcastTo(p.scale, [rows, 1]), reshape(matmul(h, p.gain), [rows, 1])) };
    },
    value: (_none, observations) => zeros([observations.shape[0] as number]),
    initialise: (drawKey) => ({
      policy: Object.fromEntries(
        Object.entries(shapes).map(([name, shape], k) => [name, multiply(normal(foldIn(drawKey, k), shape), 0.4)]),
      ),
      value: zeros([1]),
    }),
  };
})();

describe.each(all.map((each) => [each.name, each] as const))('%s', (_name, preconditioner) => {
  test.each(exampleModels.flatMap((model) => preconditionerLaws(preconditioner, model)))('$name', (law) =>
    checkLaw(law, { numRuns: 3 }),
  );
  test.each(everyPolicy.flatMap((model) => preconditionerLaws(preconditioner, model)))('every policy: $name', (law) =>
    checkLaw(law, { numRuns: 1 }),
  );
  test.each(preconditionerLaws(preconditioner, odd))('an odd policy: $name', (law) => checkLaw(law, { numRuns: 3 }));
});

describe('diagonal', () => {
  test.each([...exampleModels, ...everyPolicy].map((model) => [model.distribution.name, model] as const))(
    'is that of F + damping, exactly: %s',
    (_name, model) => {
      const theta = model.initialise(key(3)).policy;
      const observations = normal(key(4), [9, model.observationWidth]);
      const explicit = matrixOf(fisherOf(model, theta, observations), theta).map((row, i) => row[i] as number);
      const inverse = numbersOf(at(preconditioners.diagonal, model, theta, observations, 0.1)(ones(theta)));
      close(
        inverse.map((x) => 1 / x - 0.1),
        explicit,
        1e-12,
      );
    },
  );

  test('is estimated where a parameter is used in another way, and exact beside it', () => {
    const theta = odd.initialise(key(3)).policy;
    const observations = normal(key(4), [50, odd.observationWidth]);
    const matrix = matrixOf(fisherOf(odd, theta, observations), theta);
    const inverse = at(preconditioners.diagonal, odd, theta, observations, 0.1)(ones(theta));
    const { leaves } = treeFlatten(theta);
    const names = Object.keys(theta as Readonly<Record<string, Tensor>>).sort();
    const starts = leaves.map((_, k) => leaves.slice(0, k).reduce((sum, leaf) => sum + leaf.size, 0));
    const estimated = ['looped', 'twice'];
    const among = names.flatMap((name, k) =>
      estimated.includes(name) ? Array.from({ length: leaves[k]?.size ?? 0 }, (_, i) => (starts[k] as number) + i) : [],
    );
    names.forEach((name, k) => {
      const found = numbersOf((inverse as Readonly<Record<string, Tensor>>)[name]).map((x) => 1 / x - 0.1);
      const from = starts[k] as number;
      const own = found.map((_, i) => matrix[from + i] as readonly number[]);
      const expected = own.map((row, i) => row[from + i] as number);
      if (!estimated.includes(name)) {
        close(found, expected, 1e-12);
        return;
      }
      // An estimate is off by the elements beside the diagonal with random signs, and raised to a tenth of the mean.
      found.forEach((d, i) => {
        const beside = among.reduce((sum, j) => sum + (j === from + i ? 0 : Math.abs(own[i]?.[j] as number)), 0);
        expect(d).toBeGreaterThanOrEqual((expected[i] as number) - beside);
        expect(d).toBeGreaterThan(0);
        const mean = found.reduce((sum, each) => sum + each, 0) / found.length;
        expect(d).toBeLessThanOrEqual(Math.max((expected[i] as number) + beside, 0.1 * mean));
      });
    });
  });

  test('is exact for one number that all elements of a row share', () => {
    // log σ = s for three actions: 2 for each of them.
    const model: Model = {
      observationWidth: 1,
      distribution: diagonalGaussianDistribution(3),
      policy: (s, observations) => {
        const shape = [observations.shape[0] as number, 3];
        return { mean: zeros(shape), logDeviation: broadcastTo(s as Tensor, shape) };
      },
      value: (_none, observations) => zeros([observations.shape[0] as number]),
      initialise: () => ({ policy: tensor([0.1]), value: zeros([1]) }),
    };
    const found = at(preconditioners.diagonal, model, tensor([0.1]), normal(key(1), [5, 1]), 4);
    close(numbersOf(found(tensor([1]))), [0.1], 1e-14);
  });

  test('is exact from the estimate too, where F has nothing beside it', () => {
    // log σ = s + s: used twice, 2 · 2² for each element.
    const model: Model = {
      observationWidth: 1,
      distribution: diagonalGaussianDistribution(3),
      policy: (s, observations) => {
        const shape = [observations.shape[0] as number, 3];
        const copies = (): Tensor => broadcastTo(s as Tensor, shape);
        return { mean: zeros(shape), logDeviation: add(copies(), copies()) };
      },
      value: (_none, observations) => zeros([observations.shape[0] as number]),
      initialise: () => ({ policy: tensor([0.1, 0.2, 0.3]), value: zeros([1]) }),
    };
    const found = at(preconditioners.diagonal, model, tensor([0.1, 0.2, 0.3]), normal(key(1), [5, 1]), 2);
    close(numbersOf(found(tensor([1, 1, 1]))), [0.1, 0.1, 0.1], 1e-14);
  });
});

describe('on every engine and in single precision', () => {
  const model = mlpModel(
    { observationSpace: { low: [0, 0, 0] }, actionSpace: { kind: 'box', low: [0, 0] } },
    { hidden: [16, 16], outputScale: 1, dtype: 'f32' },
  );
  const theta = model.initialise(key(1)).policy;
  const observations = cast(normal(key(2), [200, 3]), 'f32');
  const r = treeMap((leaf) => cast(normal(key(leaf.size), leaf.shape), 'f32'), theta);

  test.each(all.map((each) => [each.name, each] as const))('%s', (_name, preconditioner) => {
    const [expected, found] = [interpreter, wasmEngine()].map((engine) => {
      const made = preconditioner.prepare(model, engine)({ theta, observations: [observations], damping: 0.1 });
      if (isLeft(made)) throw new Error(made.left.message);
      return numbersOf(made.right(r));
    }) as [number[], number[]];
    // Single precision, and the condition number of P, about 10³.
    close(found, expected, 1e-4);
  });
});

describe('rows', () => {
  test('of large batches every k-th is enough: P is that of those rows', () => {
    const model = mlpModel(
      { observationSpace: { low: [0, 0] }, actionSpace: { kind: 'box', low: [0, 0, 0, 0, 0, 0] } },
      { hidden: [4], outputScale: 1 },
    );
    const theta = model.initialise(key(1)).policy;
    const observations = normal(key(2), [4096, 2]);
    const everySixth = slice(observations, [0, 0], [4096, 2], [6, 1]);
    const diagonal = (rows: Tensor): readonly number[] =>
      numbersOf(at(preconditioners.diagonal, model, theta, rows, 0.1)(ones(theta)));
    close(diagonal(observations), diagonal(everySixth), 1e-12);
    // Below 1024 rows all of them count.
    const few = slice(observations, [0, 0], [1023, 2]);
    const explicit = matrixOf(fisherOf(model, theta, few), theta).map((row, i) => 1 / ((row[i] as number) + 0.1));
    close(diagonal(few), explicit, 1e-12);
  });
});

describe('a step', () => {
  const [model] = exampleModels as [Model];

  test.each(all.map(({ name }) => name))('with %s goes to the same place when conjugate gradient converges', (name) => {
    const config = { model, cgIterations: 200, cgTolerance: 1e-12 } as const;
    const { state, batch } = problemOf(config, 3);
    const run = (preconditioner: keyof typeof preconditioners): readonly number[] => {
      const result = trpoStep({ ...config, preconditioner })(state, batch);
      if (isLeft(result)) throw new Error(result.left.message);
      expect(result.right.report).toMatchObject({ cgStatus: 'converged', lineSearch: { status: 'accepted' } });
      return numbersOf(result.right.state.policy);
    };
    close(run(name as keyof typeof preconditioners), run('none'), 1e-8);
  });

  test.each(['diagonal', 'kfac'] as const)('with %s traces and compiles once', (preconditioner) => {
    let traced = 0;
    let compiled = 0;
    const counted: Model = {
      ...model,
      policy: (theta, observations) => {
        traced += 1;
        return model.policy(theta, observations);
      },
    };
    const engine = {
      name: 'counting',
      compile: (graph: Graph) => {
        compiled += 1;
        return interpreter.compile(graph);
      },
    };
    const step = trpoStep({ model: counted, preconditioner }, undefined, engine);
    const [first, second] = [problemOf({ model }, 1), problemOf({ model }, 2)];
    expect(isRight(step(first.state, first.batch))).toBe(true);
    const before = [traced, compiled];
    expect(isRight(step(second.state, second.batch))).toBe(true);
    expect([traced, compiled]).toEqual(before);
  });
});
