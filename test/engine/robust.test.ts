/** What an engine must survive: many programs, many operators, too little memory, programs inside programs, no vectors. */
import {
  add,
  bind1,
  definePrimitive,
  grad,
  jit,
  jitLinearize,
  matmul,
  multiply,
  scan,
  sin,
  square,
  sum,
  tanh,
  traceGraph,
  wasmEngine,
} from '@natgrad/autodiff';
import {
  fromTypedArray,
  item,
  ones,
  reshape,
  type Scalar,
  type Tensor,
  tensor,
  toNested,
  toTypedArray,
  zeros,
} from '@natgrad/tensor';
import { describe, expect, test, vi } from 'vitest';
import { errorOf } from '../errors.js';

const MEBI = 2 ** 20;

describe('empty extents', () => {
  test.each([
    [[3, 0], 1],
    [[1, 0], 1],
    [[0, 3], 0],
    [[0, 1], 0],
    [[2, 0, 4], 1],
  ])('the sum of %o along %i is zero, whatever lay in the memory before', (shape, axis) => {
    const engine = wasmEngine();
    const dirty = jit((x: Tensor) => sum(sin(multiply(x, x)), [1]), { engine });
    const total = jit((x: Tensor) => sum(sin(multiply(x, x)), [axis]), { engine });
    dirty(ones([300, 300]));
    expect(Array.from(toTypedArray(total(zeros(shape)))).every((each) => each === 0)).toBe(true);
  });
});

describe('memory', () => {
  test('1,000 operators of 10 MB made and dropped in one synchronous loop', () => {
    const engine = wasmEngine({ budget: 64 * MEBI });
    // The operator keeps 2·x: 1.3 million numbers of 8 bytes.
    const linear = jitLinearize((x: Tensor) => sum(square(x)), { engine });
    const x = fromTypedArray(Float64Array.from({ length: 1_310_720 }, (_, i) => i % 1000));
    const direction = ones([x.size]);
    let kept: ReturnType<typeof linear> | undefined;
    for (let i = 0; i < 1000; i += 1) {
      const operator = linear(x);
      expect(operator.residualBytes).toBeGreaterThanOrEqual(10 * MEBI);
      kept ??= operator;
    }
    // Budget, arguments and results of one call: nothing that grows with the loop.
    expect(engine.statistics().memoryBytes).toBeLessThan(192 * MEBI);
    // The first operator was moved out long ago and comes back: Σ 2·x.
    const total = Array.from(toTypedArray(x)).reduce((before, value) => before + 2 * value, 0);
    expect(item(kept?.apply(direction) as Tensor)).toBe(total);
  });

  test('10,000 programs compiled and dropped', () => {
    const engine = wasmEngine();
    const { graph } = traceGraph((x: Tensor) => multiply(sin(x), 2), zeros([8]));
    const x = ones([8]);
    const constant = graph.constants[0] as Tensor;
    const heap = (): number => process.memoryUsage().rss;
    let before = 0;
    for (let i = 0; i < 10_000; i += 1) {
      // Every twentieth program has a number of its own, and so a loop of its own.
      const other = i % 20 === 0 ? tensor([i]) : constant;
      const program = engine.compile({ ...graph, constants: [i % 20 === 0 ? reshape(other, []) : constant] });
      const expected = Math.sin(1) * (i % 20 === 0 ? i : 2);
      expect((toNested(program.run([x])[0] as Tensor) as number[])[0]).toBeCloseTo(expected, 9);
      if (i === 2000) before = heap();
    }
    // Collected code may come back late: what would be wrong is a growth of all programs (over 8 kB each).
    expect(heap() - before).toBeLessThan(64 * MEBI);
    expect(engine.statistics().memoryBytes).toBeLessThan(8 * MEBI);
  });

  test('1,000 updates in flat memory', () => {
    const engine = wasmEngine({ budget: 16 * MEBI });
    const loss = (w: Tensor, x: Tensor): Scalar => sum(square(tanh(matmul(x, w))));
    const update = jit((w: Tensor, x: Tensor) => add(w, multiply(grad(loss)(w, x), -1e-4)), { engine });
    const x = ones([2000, 16]);
    let w = ones([16, 16]);
    let early = 0;
    for (let i = 0; i < 1000; i += 1) {
      w = update(w, x);
      if (i === 50) early = engine.statistics().memoryBytes;
    }
    expect(engine.statistics().memoryBytes).toBe(early);
    expect(Number.isFinite(item(sum(w)))).toBe(true);
  });

  test('a shape beyond the address space is an error, and the engine goes on', () => {
    const engine = wasmEngine();
    const outer = jit((a: Tensor, b: Tensor) => matmul(a, b), { engine });
    const [a, b] = [zeros([100_000, 1]), zeros([1, 100_000])];
    const error = errorOf(() => outer(a, b));
    expect(error.code).toBe('OutOfMemory');
    expect(error.message).toMatch(/80000000000/);
    expect(toNested(outer(ones([1, 1]), ones([1, 2])))).toEqual([[1, 1]]);
  });

  test('memory that ends in the middle of a plan is an error, and the engine goes on', () => {
    const engine = wasmEngine({ maximumBytes: 4 * MEBI, budget: MEBI });
    const chain = jit((x: Tensor) => matmul(tanh(matmul(x, x)), x), { engine });
    const error = errorOf(() => chain(ones([600, 600])));
    expect([error.code, error.operation]).toEqual(['OutOfMemory', expect.any(String)]);
    expect(toNested(chain(tensor([[2]])))).toEqual([[expect.closeTo(Math.tanh(4) * 2, 12)]]);
  });
});

describe('programs inside programs', () => {
  test('a primitive whose evaluation runs a compiled function, in the middle of a plan', () => {
    const engine = wasmEngine();
    const inner = jit((x: Tensor) => sum(multiply(x, x)), { engine });
    const norm = definePrimitive<null>({
      name: 'norm',
      domain: () => ({ args: [], params: null }),
      shape: (args) => [{ dtype: args[0]?.dtype ?? 'f64', shape: [] }],
      evaluate: (args) => [inner(args[0] as Tensor)],
      jvp: () => [null],
      transpose: 'nonlinear',
      batch: () => ({ outs: [], batched: [] }),
      lower: { kind: 'reference' },
    });
    const outer = jit(
      (x: Tensor) => {
        const doubled = multiply(x, 2);
        // `doubled` is needed after the inner program has run: it must not have been written over.
        return add(multiply(doubled, bind1(norm, [add(x, 1)], null)), doubled);
      },
      { engine },
    );
    const x = fromTypedArray(Float64Array.from({ length: 50_000 }, (_, i) => (i % 7) / 7));
    const total = Array.from(toTypedArray(x)).reduce((before, value) => before + (value + 1) ** 2, 0);
    const result = toTypedArray(outer(x));
    for (const i of [0, 1, 6, 49_999]) {
      const doubled = 2 * ((i % 7) / 7);
      // Sums in another order: 50,000 additions of rounding 1e-16 each.
      expect(Math.abs((result[i] as number) - (doubled * total + doubled))).toBeLessThanOrEqual(1e-11 * total);
    }
  });

  test('loops run their bodies on the engine', () => {
    const engine = wasmEngine();
    const power = jit(
      (x: Tensor) =>
        scan(
          (carry: Tensor, factor: Tensor) => [multiply(carry, factor), carry],
          x,
          tensor([
            [1, 2],
            [3, 4],
            [5, 6],
          ]),
        ).carry,
      { engine },
    );
    expect(toNested(power(tensor([1, 2])))).toEqual([15, 96]);
  });
});

describe('platforms', () => {
  test('without vector instructions: a typed error, and no engine is chosen that needs them', () => {
    const validate = vi.spyOn(WebAssembly, 'validate').mockReturnValue(false);
    try {
      const program = jit((x: Tensor) => add(x, 1), { engine: wasmEngine() });
      expect(errorOf(() => program(ones([2]))).code).toBe('Unsupported');
    } finally {
      validate.mockRestore();
    }
  });
});
