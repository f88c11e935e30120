/** The engine's linear memory against a plain table of the elements that every tensor should have. */
import {
  arange,
  type DType,
  fromTypedArray,
  isNatgradError,
  reshape,
  reverse,
  slice,
  type Tensor,
  type TypedArray,
  transpose,
  zeros,
} from '@natgrad/tensor';
import { elements, isLoaded } from '@natgrad/tensor/internal';
import { lawRuns } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  createMemory,
  type EngineMemory,
  type MemoryOptions,
  SMALL_RESULT,
} from '../../packages/autodiff/src/backends/wasm/memory.js';
import { errorOf } from '../errors.js';
import { expectBytes, inside, pattern, resultOf, sameBytes, upload } from './_memory.js';

afterEach(() => {
  vi.restoreAllMocks();
});

const MIB = 2 ** 20;

type Step =
  | { readonly kind: 'upload'; readonly dtype: DType; readonly size: number; readonly seed: number }
  | { readonly kind: 'result'; readonly dtype: DType; readonly size: number; readonly seed: number }
  | { readonly kind: 'use'; readonly which: number }
  | { readonly kind: 'read'; readonly which: number }
  | { readonly kind: 'drop'; readonly which: number }
  | { readonly kind: 'arena'; readonly bytes: number; readonly early: boolean }
  | { readonly kind: 'call'; readonly steps: readonly Step[]; readonly fails: boolean };

const dtypes: fc.Arbitrary<DType> = fc.constantFrom('f32', 'f64', 'i32', 'bool');
const sizes: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: 0, max: 40 }),
  fc.integer({ min: SMALL_RESULT / 8 - 2, max: 20_000 }),
  fc.integer({ min: 0, max: 70_000 }),
);

const { program } = fc.letrec<{ program: readonly Step[]; step: Step }>((tie) => ({
  program: fc.array(tie('step'), { maxLength: 25, size: 'max' }),
  step: fc.oneof(
    { maxDepth: 3 },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constantFrom('upload' as const, 'result' as const, 'result' as const),
        dtype: dtypes,
        size: sizes,
        seed: fc.nat(99),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constantFrom('use' as const, 'read' as const, 'drop' as const),
        which: fc.nat(),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('arena' as const),
        bytes: fc.integer({ min: 0, max: 400_000 }),
        early: fc.boolean(),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('call' as const),
        steps: tie('program'),
        fails: fc.boolean(),
      }),
    },
  ),
}));

class Deliberate extends Error {}

/** Runs a program and checks all that can be seen after each step of it. */
const runProgram = (memory: EngineMemory, start: readonly Step[]): void => {
  const table: { readonly tensor: Tensor; readonly expected: TypedArray }[] = [];
  const choose = (which: number): (typeof table)[number] | undefined => table[which % Math.max(1, table.length)];

  const runCall = (steps: readonly Step[], fails: boolean): void => {
    /** What lies at an offset must lie there until the call ends. */
    const claims: { readonly dtype: DType; readonly offset: number; readonly expected: TypedArray }[] = [];
    const checkClaims = (): void => {
      const damaged = claims.find(
        ({ dtype, offset, expected }) =>
          offset % 64 !== 0 || !sameBytes(inside(memory, dtype, offset, expected.length), expected),
      );
      expect(damaged).toBe(undefined);
    };
    const claim = (x: Tensor, expected: TypedArray): void => {
      claims.push({ dtype: x.dtype, offset: memory.resident(x), expected });
    };
    const run = (step: Step): void => {
      if (step.kind === 'upload') {
        const expected = pattern(step.dtype, step.size, step.seed);
        const x = fromTypedArray(expected);
        claim(x, expected);
        table.push({ tensor: x, expected });
      } else if (step.kind === 'result') {
        const expected = pattern(step.dtype, step.size, step.seed);
        const offset = memory.take(expected.byteLength);
        inside(memory, step.dtype, offset, step.size).set(expected);
        const x = memory.adoptResult(offset, step.dtype, [step.size]);
        table.push({ tensor: x, expected });
      } else if (step.kind === 'arena') {
        const offset = memory.take(step.bytes);
        const expected = pattern('bool', step.bytes, 5);
        inside(memory, 'bool', offset, step.bytes).set(expected);
        if (step.early) memory.give(offset);
        else claims.push({ dtype: 'bool', offset, expected });
      } else if (step.kind === 'call') runCall(step.steps, step.fails);
      else {
        const chosen = choose(step.which);
        if (chosen === undefined) return;
        if (step.kind === 'drop') table.splice(table.indexOf(chosen), 1);
        else if (step.kind === 'use') claim(chosen.tensor, chosen.expected);
        else expect(sameBytes(elements(chosen.tensor), chosen.expected)).toBe(true);
      }
    };
    try {
      memory.call('program', () => {
        for (const step of steps) {
          run(step);
          checkClaims();
        }
        if (fails) throw new Deliberate();
      });
    } catch (error) {
      if (!(error instanceof Deliberate) && !(isNatgradError(error) && error.code === 'OutOfMemory')) throw error;
    }
  };

  for (const step of start) {
    if (step.kind === 'read' || step.kind === 'drop') {
      const chosen = choose(step.which);
      if (chosen === undefined) continue;
      if (step.kind === 'drop') table.splice(table.indexOf(chosen), 1);
      else expect(sameBytes(elements(chosen.tensor), chosen.expected)).toBe(true);
    } else runCall(step.kind === 'call' ? step.steps : [step], step.kind === 'call' && step.fails);
    const { arenaBytes, residentBytes } = memory.statistics();
    expect(arenaBytes).toBe(0);
    expect(residentBytes).toBeLessThanOrEqual(400_000);
  }
  for (const { tensor, expected } of table)
    expect(sameBytes(upload(memory, tensor)[0] as TypedArray, expected)).toBe(true);
  for (const { tensor, expected } of table) expect(sameBytes(elements(tensor), expected)).toBe(true);
};

describe('programs of calls', () => {
  it('find in every tensor what was put there, however calls nest, fail and run out of memory', () => {
    const totals = { evictions: 0, movedOut: 0 };
    fc.assert(
      fc.property(program, (steps) => {
        const memory = createMemory({ initialBytes: 1, maximumBytes: MIB + 7, budget: 400_000 });
        runProgram(memory, steps);
        const { evictions, movedOut, memoryBytes } = memory.statistics();
        totals.evictions += evictions;
        totals.movedOut += movedOut;
        expect(memoryBytes).toBeLessThanOrEqual(MIB);
      }),
      { numRuns: lawRuns(50) },
    );
    // The law is about eviction: programs that never cause any would show nothing.
    expect(Math.min(...Object.values(totals))).toBeGreaterThan(50);
  });
});

describe('arguments', () => {
  const memory = createMemory({ initialBytes: 0 });

  it('are copied in once, row-major, whatever their storage', () => {
    const x = reshape(arange(60), [3, 4, 5]);
    const views = [
      x,
      transpose(x),
      transpose(x, [1, 0, 2]),
      slice(x, [1, 0, 2], [3, 4, 5]),
      reverse(x, [2]),
      reshape(slice(arange(9), [4], [5]), []),
    ];
    const before = memory.statistics();
    const first = upload(memory, ...views);
    const second = upload(memory, ...views);
    views.forEach((view, i) => {
      expect([...(first[i] as TypedArray)]).toEqual([...elements(view)]);
      expect(second[i]).toEqual(first[i]);
    });
    expect(memory.statistics().uploads - before.uploads).toBe(views.length);
  });

  it('of every dtype arrive, those without elements too', () => {
    for (const dtype of ['f32', 'f64', 'i32', 'bool'] as const)
      for (const size of [0, 1, 1000]) {
        const expected = pattern(dtype, size, 3);
        expect(upload(memory, fromTypedArray(expected))[0]).toEqual(expected);
        expect(elements(resultOf(memory, dtype, expected))).toEqual(expected);
      }
    const empty = zeros([3, 0, 2]);
    expect(upload(memory, empty, transpose(empty)).map((x) => x.length)).toEqual([0, 0]);
  });

  it('have offsets only within a call, and must have elements', () => {
    expect(errorOf(() => memory.resident(zeros([1])))).toMatchObject({
      code: 'InvalidArgument',
      operation: 'resident',
    });
    const notATensor = { shape: [], dtype: 'f64', size: 1 } as unknown as Tensor;
    expect(errorOf(() => memory.call('f', () => memory.resident(notATensor)))).toMatchObject({
      code: 'NotATensor',
      operation: 'f',
    });
  });

  it('that were used last stay when the budget is exceeded', () => {
    const small = createMemory({ budget: 4 * 80_064 });
    const xs = Array.from({ length: 5 }, () => zeros([10_000]));
    const [a, b, c, d, e] = xs as [Tensor, Tensor, Tensor, Tensor, Tensor];
    for (const x of [a, b, c, d, a, e]) upload(small, x);
    const { uploads } = small.statistics();
    upload(small, a, c, d, e);
    expect(small.statistics()).toMatchObject({ uploads, evictions: 1, movedOut: 0, residents: 4 });
    upload(small, b);
    expect(small.statistics().uploads).toBe(uploads + 1);
  });

  it('are no more than some thousands, however small', () => {
    for (let i = 0; i < 5000; i += 1) upload(memory, zeros([1]));
    expect(memory.statistics().residents).toBeLessThanOrEqual(4096);
  });
});

describe('blocks', () => {
  it('have 64 readable bytes behind them, and stay where they are while the memory grows', () => {
    const memory = createMemory({ initialBytes: 0 });
    memory.call('f', () => {
      const x = fromTypedArray(pattern('f32', 100, 1));
      const offset = memory.resident(x);
      const old = memory.f32();
      const block = memory.take(30 * MIB);
      expect(old.length).toBe(0);
      expect(memory.u8().length).toBeGreaterThanOrEqual(block + 30 * MIB + 64);
      expect(memory.f32()).toBe(memory.f32());
      expect(inside(memory, 'f32', offset, 100)).toEqual(elements(x));
    });
  });

  it('are given back by the end of the call, by the call itself or, taken outside, by hand; never twice', () => {
    const memory = createMemory();
    const outside = memory.take(1000);
    memory.call('f', () => {
      const first = memory.take(5000);
      memory.take(5000);
      memory.call('g', () => memory.give(first));
      expect(errorOf(() => memory.give(first))).toMatchObject({ code: 'InvalidArgument', operation: 'give' });
      expect(errorOf(() => memory.adoptResult(first, 'f64', [100_000])).operation).toBe('adoptResult');
      const offset = memory.resident(zeros([9]));
      expect(errorOf(() => memory.give(offset)).code).toBe('InvalidArgument');
    });
    expect(memory.statistics().arenaBytes).toBe(1024 + 64);
    memory.give(outside);
    expect(memory.statistics().arenaBytes).toBe(0);
    expect(() => memory.give(outside)).toThrow('no block');
  });

  it('may be more than a result needs', () => {
    const memory = createMemory();
    const x = memory.call('f', () => memory.adoptResult(memory.take(MIB), 'f64', [10_000]));
    expect(memory.statistics()).toMatchObject({ arenaBytes: 0, residentBytes: MIB + 64 });
    expect(elements(x).length).toBe(10_000);
  });
});

describe('results', () => {
  it('that are small are copied out at once; larger ones stay until somebody reads them', () => {
    const memory = createMemory();
    const small = resultOf(memory, 'bool', pattern('bool', SMALL_RESULT, 1));
    expect([isLoaded(small), memory.statistics().residents]).toEqual([true, 0]);
    const expected = pattern('bool', SMALL_RESULT + 1, 1);
    const large = resultOf(memory, 'bool', expected);
    expect([isLoaded(large), memory.statistics().residents]).toEqual([false, 1]);
    expectBytes(upload(memory, large)[0], expected);
    expect([isLoaded(large), memory.statistics().uploads]).toEqual([false, 0]);
    expectBytes(elements(large), expected);
    expect(elements(large).buffer.byteLength).toBe(expected.byteLength);
    expectBytes(upload(memory, large)[0], expected);
    expect(memory.statistics()).toMatchObject({ uploads: 0, residents: 1, movedOut: 0 });
  });

  it('that are evicted move out, read right, and come back as they were', () => {
    const memory = createMemory({ budget: 0 });
    const expected = pattern('f64', 20_000, 7);
    const [unread, read] = [resultOf(memory, 'f64', expected), resultOf(memory, 'f64', expected)];
    expect(memory.statistics()).toMatchObject({ residents: 0, movedOut: 2 });
    expectBytes(elements(read), expected);
    // Others take the place where they were.
    resultOf(memory, 'f64', pattern('f64', 60_000, 8));
    for (let round = 0; round < 2; round += 1)
      for (const x of [unread, read]) expectBytes(upload(memory, x)[0], expected);
    expect(memory.statistics()).toMatchObject({ residents: 0, movedOut: 3, uploads: 4 });
    for (const x of [unread, read]) expectBytes(elements(x), expected);
  });

  it('that were read are not copied again when they are evicted', () => {
    const memory = createMemory({ maximumBytes: MIB });
    const expected = pattern('f64', 20_000, 3);
    const x = resultOf(memory, 'f64', expected);
    expectBytes(elements(x), expected);
    memory.give(memory.take(0.9375 * MIB));
    expect(memory.statistics()).toMatchObject({ evictions: 1, movedOut: 0, residents: 0 });
    expectBytes(upload(memory, x)[0], expected);
  });

  it('stay inside while the host has no room for them', () => {
    const memory = createMemory({ budget: 0, maximumBytes: MIB });
    const expected = pattern('f64', 50_000, 2);
    const full = vi.spyOn(Float64Array.prototype, 'slice').mockImplementation(() => {
      throw new RangeError('Array buffer allocation failed');
    });
    const x = resultOf(memory, 'f64', expected);
    expect(memory.statistics()).toMatchObject({ residents: 1, movedOut: 0 });
    expect(errorOf(() => memory.take(800_000)).code).toBe('OutOfMemory');
    expect(() => elements(x)).toThrow('Array buffer allocation failed');
    full.mockRestore();
    memory.give(memory.take(800_000));
    expect(memory.statistics()).toMatchObject({ residents: 0, movedOut: 1 });
    expectBytes(elements(x), expected);
  });
});

describe('memory that runs out', () => {
  it('is a typed error that names operation, bytes and limit, and the next call works', () => {
    const memory = createMemory({ maximumBytes: 2 * MIB });
    const x = zeros([100_000]);
    for (const bytes of [2 * MIB, 3e9, 1.5 * MIB]) {
      const error = errorOf(() =>
        memory.call('jit(f)', () => {
          memory.resident(x);
          memory.take(bytes);
        }),
      );
      expect(error).toMatchObject({ code: 'OutOfMemory', operation: 'jit(f)', found: `${bytes} bytes` });
      expect(error.message).toContain(`${bytes} bytes`);
      expect(error.message).toContain(`${2 * MIB} at most`);
      expect(memory.statistics().arenaBytes).toBe(0);
    }
    memory.call('jit(f)', () => memory.take(1.25 * MIB));
    // Nothing relies on the resident any more.
    memory.call('jit(f)', () => memory.take(1.875 * MIB));
    expect(memory.statistics()).toMatchObject({ evictions: 1, residents: 0 });
    expect(errorOf(() => memory.call('jit(f)', () => memory.resident(zeros([300_000])))).operation).toBe('jit(f)');
    expect(errorOf(() => memory.take(2 * MIB)).operation).toBe('take');
  });

  it('evicts no more than it must', () => {
    const memory = createMemory({ maximumBytes: MIB });
    const xs = Array.from({ length: 4 }, () => zeros([30_000]));
    upload(memory, ...xs);
    memory.give(memory.take(240_000));
    expect(memory.statistics()).toMatchObject({ residents: 3, evictions: 1 });
    // What can never fit evicts nothing.
    errorOf(() => memory.take(MIB));
    expect(memory.statistics().residents).toBe(3);
  });

  it('does not grow in vain', () => {
    const memory = createMemory({ maximumBytes: 2 * MIB });
    errorOf(() => memory.take(2 * MIB));
    expect(memory.statistics().memoryBytes).toBe(MIB);
  });

  it('may also be the host that refuses to grow', () => {
    const memory = createMemory({ initialBytes: MIB });
    upload(memory, zeros([100_000]));
    vi.spyOn(memory.memory, 'grow').mockImplementation(() => {
      throw new RangeError('WebAssembly.Memory.grow(): Unable to grow instance memory');
    });
    expect(errorOf(() => memory.take(2 * MIB)).code).toBe('OutOfMemory');
    memory.give(memory.take(0.875 * MIB));
  });
});

describe('blocks that outlive the call they were taken in', () => {
  it('a reserved one stays until it is given back', () => {
    const memory = createMemory();
    const block = memory.call('call', () => memory.reserve(1000));
    const kept = memory.statistics().arenaBytes;
    expect(kept).toBeGreaterThanOrEqual(1000);
    memory.give(block);
    expect(memory.statistics().arenaBytes).toBeLessThan(kept - 999);
    expect(errorOf(() => memory.give(block)).code).toBe('InvalidArgument');
  });

  it('what is in quarantine is nobody else’s, with the arenas of calls around it, until it is released, once', () => {
    const memory = createMemory();
    const used: number[] = [];
    const within = (run: () => void): void =>
      memory.call('outer', () => {
        used.push(memory.arena(2000), memory.take(3000));
        memory.call('inner', () => {
          used.push(memory.arena(4000), memory.take(5000));
          run();
        });
      });
    let release = (): void => undefined;
    within(() => {
      release = memory.quarantine();
    });
    const [held, inQuarantine] = [memory.statistics().arenaBytes, [...used]];
    expect(held).toBeGreaterThanOrEqual(14_000);
    within(() => undefined);
    expect(used.slice(4).filter((offset) => inQuarantine.includes(offset))).toEqual([]);
    const both = memory.statistics().arenaBytes;
    release();
    release();
    // The arenas of the second time stay with the memory, as ever.
    expect(both - memory.statistics().arenaBytes).toBe(held);
  });
});

describe('without anybody disposing of anything', () => {
  it('1,000 results of 10 MB come and go in one synchronous loop', () => {
    const budget = 128e6;
    const size = 1_250_000;
    const memory = createMemory({ budget });
    const kept: { readonly x: Tensor; readonly mark: number }[] = [];
    let largest = 0;
    for (let i = 0; i < 1000; i += 1) {
      const x = memory.call('fill', () => {
        const offset = memory.take(8 * size);
        const block = inside(memory, 'f64', offset, size);
        block[0] = i;
        block[size - 1] = -i;
        return memory.adoptResult(offset, 'f64', [size]);
      });
      if (i % 200 === 0) kept.push({ x, mark: i });
      largest = Math.max(largest, process.memoryUsage().arrayBuffers);
    }
    // The budget, the block of the call in progress, and what growing rounds up.
    expect(memory.statistics().memoryBytes).toBeLessThan(budget + 8 * size + 8 * MIB);
    // Dropped results must be garbage within the loop: they are 10 GB, and the collector runs every few hundred MB.
    expect(largest).toBeLessThan(2e9);
    expect(memory.statistics().movedOut).toBeGreaterThan(900);
    for (const read of [elements, (x: Tensor) => upload(memory, x)[0] as TypedArray, elements])
      for (const { x, mark } of kept) {
        const values = read(x);
        expect([values.length, values[0], values[size - 1]]).toEqual([size, mark, -mark]);
      }
  });

  it('10,000 calls leave the memory as large as it was', () => {
    const memory = createMemory({ budget: 4 * MIB });
    const call = (): Tensor => {
      const x = fromTypedArray(new Float64Array(1000));
      return memory.call('f', () => {
        memory.resident(x);
        const arena = memory.take(50_000);
        const [small, large] = [memory.take(80), memory.take(100_000)];
        memory.give(arena);
        memory.adoptResult(large, 'f64', [12_500]);
        return memory.adoptResult(small, 'f64', [10]);
      });
    };
    for (let i = 0; i < 2000; i += 1) call();
    const { memoryBytes } = memory.statistics();
    for (let i = 0; i < 8000; i += 1) call();
    expect(memory.statistics().memoryBytes).toBe(memoryBytes);
    expect(memoryBytes).toBeLessThan(10 * MIB);
  });

  it('evicted tensors leave nothing with the finalizers, which would pile up in a synchronous loop', () => {
    const registered = vi.spyOn(FinalizationRegistry.prototype, 'register');
    const unregistered = vi.spyOn(FinalizationRegistry.prototype, 'unregister');
    const memory = createMemory({ budget: 200_000 });
    const xs = Array.from({ length: 3 }, () => zeros([10_000]));
    for (let i = 0; i < 50; i += 1) upload(memory, xs[i % 3] as Tensor);
    expect(memory.statistics()).toMatchObject({ residents: 2, evictions: 48 });
    const removed = unregistered.mock.results.filter(({ value }) => value === true).length;
    expect([registered.mock.calls.length, removed]).toEqual([50, 48]);
  });
});

describe('options', () => {
  it.each<[MemoryOptions, number]>([
    [{}, MIB],
    [{ initialBytes: 1 }, 65_536],
    [{ initialBytes: 65_537 }, 131_072],
    [{ initialBytes: MIB, maximumBytes: 131_073 }, 131_072],
  ])('%j give %d bytes at first', (options, bytes) => {
    expect(createMemory(options).statistics()).toEqual({
      memoryBytes: bytes,
      arenaBytes: 0,
      residentBytes: 0,
      residents: 0,
      uploads: 0,
      evictions: 0,
      movedOut: 0,
    });
  });
});
