/** The suballocator against a list of the blocks in use. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { lawRuns } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Allocator, createAllocator } from '../../packages/autodiff/src/backends/wasm/allocator.js';

type Step =
  | { readonly kind: 'allocate'; readonly bytes: number }
  | { readonly kind: 'release'; readonly which: number }
  | { readonly kind: 'extend'; readonly by: number };

const sizes: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: 0, max: 300 }),
  fc.integer({ min: 0, max: 5000 }),
  fc.constantFrom(0, 1, 63, 64, 65, 448, 449, 512, 960, 961, 1024),
);

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('allocate' as const), bytes: sizes }) },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('release' as const), which: fc.nat() }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('extend' as const), by: fc.integer({ min: -99, max: 9999 }) }),
    },
  ),
  { maxLength: 80, size: 'max' },
);

/** Bytes that `bytes` are known to occupy: whole units of 64, and 64 more. */
const occupied = (bytes: number): number => Math.ceil(bytes / 64) * 64 + 64;

/** Free stretches between the blocks in use, found without the allocator's help. */
const holes = (live: ReadonlyMap<number, number>, limit: number): readonly number[] => {
  const blocks = [...live].sort(([a], [b]) => a - b);
  const edges = [[0, 0], ...blocks.map(([offset, bytes]) => [offset, offset + occupied(bytes)]), [limit, limit]];
  return edges
    .slice(1)
    .map(([start], i) => (start as number) - (edges[i]?.[1] as number))
    .filter((hole) => hole > 0);
};

const checkStatistics = (allocator: Allocator, live: ReadonlyMap<number, number>, limit: number): void => {
  const free = holes(live, limit);
  const total = free.reduce((sum, hole) => sum + hole, 0);
  expect(allocator.statistics()).toEqual({ used: limit - total, free: total, largestFree: Math.max(0, ...free) });
};

describe('the suballocator', () => {
  it('gives aligned blocks that do not overlap, whenever a hole is large enough, and all come together again', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 20_000 }), steps, (start, program) => {
        const allocator = createAllocator(start);
        let limit = Math.floor(start / 64) * 64;
        const live = new Map<number, number>();
        for (const step of program) {
          if (step.kind === 'extend') {
            const to = limit + step.by;
            allocator.extend(to);
            limit = Math.max(limit, Math.floor(to / 64) * 64);
          } else if (step.kind === 'release') {
            const offset = [...live.keys()][step.which % Math.max(1, live.size)];
            if (offset !== undefined) {
              expect(allocator.bytesOf(offset)).toBe(occupied(live.get(offset) as number));
              allocator.release(offset);
              live.delete(offset);
              expect(() => allocator.release(offset)).toThrow('no block in use');
            }
          } else {
            const before = holes(live, limit);
            const fits = before.some((hole) => hole >= occupied(step.bytes));
            const missing = allocator.missing(step.bytes);
            const offset = allocator.allocate(step.bytes);
            expect(offset !== null).toBe(fits);
            if (offset !== null) {
              expect(offset % 64).toBe(0);
              expect(offset + occupied(step.bytes)).toBeLessThanOrEqual(limit);
              const end = offset + occupied(step.bytes);
              expect([...live].every(([other, bytes]) => end <= other || other + occupied(bytes) <= offset)).toBe(true);
              live.set(offset, step.bytes);
            } else {
              // Exactly that much more, and it fits at the end.
              const larger = limit + missing;
              allocator.extend(larger - 64);
              expect(allocator.allocate(step.bytes)).toBe(null);
              allocator.extend(larger);
              limit = larger;
              const there = allocator.allocate(step.bytes);
              expect(there).toBe(limit - occupied(step.bytes));
              live.set(there as number, step.bytes);
            }
          }
          checkStatistics(allocator, live, limit);
        }
        for (const offset of live.keys()) allocator.release(offset);
        expect(allocator.statistics()).toEqual({ used: 0, free: limit, largestFree: limit });
      }),
      { numRuns: lawRuns(100) },
    );
  });

  it('uses freed space again before it uses new space', () => {
    const allocator = createAllocator(2 ** 30);
    const bytes = [5000, 70_000, 12, 5000, 10_000_000];
    const first = bytes.map((size) => allocator.allocate(size) as number);
    const fence = allocator.allocate(1) as number;
    for (let round = 0; round < 1000; round += 1) {
      for (const offset of first) allocator.release(offset);
      for (const size of bytes) expect(allocator.allocate(size)).toBeLessThan(fence);
    }
  });

  it('finds the one block that fits among many of nearly its size', () => {
    // Sizes of 64 to 71 units share a list, in which the block freed first comes last.
    const allocator = createAllocator(64 * (71 + 20 * 64 + 21));
    const fitting = allocator.allocate(70 * 64) as number;
    allocator.allocate(0);
    const others = Array.from({ length: 19 }, () => {
      const offset = allocator.allocate(63 * 64) as number;
      allocator.allocate(0);
      return offset;
    });
    while (allocator.allocate(0) !== null);
    for (const offset of [fitting, ...others]) allocator.release(offset);
    expect(allocator.allocate(70 * 64)).toBe(fitting);
  });

  it('refuses what does not fit and offsets that are no blocks', () => {
    const allocator = createAllocator(1024);
    expect(allocator.allocate(1024)).toBe(null);
    const offset = allocator.allocate(960) as number;
    expect(allocator.allocate(0)).toBe(null);
    for (const wrong of [offset + 64, 1, 1e9]) expect(() => allocator.release(wrong)).toThrow(`begins at ${wrong}`);
    expect(() => allocator.bytesOf(offset + 64)).toThrow('bytesOf');
    expect(createAllocator().allocate(0)).toBe(null);
  });

  it('reaches all that 32 bits address', () => {
    const allocator = createAllocator(2 ** 32 - 2 ** 16);
    const large = allocator.allocate(3 * 2 ** 30) as number;
    const next = allocator.allocate(2 ** 29) as number;
    expect([large, next]).toEqual([0, 3 * 2 ** 30 + 64]);
    expect(allocator.allocate(2 ** 29)).toBe(null);
    allocator.release(next);
    allocator.release(large);
    expect(allocator.statistics().largestFree).toBe(2 ** 32 - 2 ** 16);
  });

  it('remembers only the blocks that there are', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const heap = (): number => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const allocator = createAllocator(2 ** 22);
    // Most are released in the order in which they came, as least recently used tensors are; some stay.
    const live: number[] = [];
    const turn = (i: number): void => {
      const offset = allocator.allocate((i * 7919) % 2000) as number;
      if (i % 100 !== 0 || i > 5000) live.push(offset);
      if (live.length > 500) allocator.release(live.shift() as number);
    };
    for (let i = 0; i < 10_000; i += 1) turn(i);
    const before = heap();
    for (let i = 10_000; i < 210_000; i += 1) turn(i);
    // A block takes about 90 bytes: of 200,000 that came and went less than one in twenty is still there, and noise.
    expect(heap() - before).toBeLessThan(0.05 * 200_000 * 90);
  });

  it('costs the same among 100,000 blocks as among ten', () => {
    const cost = (blocks: number, sizeOf: (i: number) => number): number => {
      const allocator = createAllocator(2 ** 32 - 2 ** 16);
      const offsets = Array.from({ length: blocks }, (_, i) => allocator.allocate(sizeOf(i)) as number);
      for (let i = 0; i < blocks; i += 2) allocator.release(offsets[i] as number);
      const started = performance.now();
      for (let i = 0; i < 20_000; i += 1) allocator.release(allocator.allocate(4480) as number);
      return performance.now() - started;
    };
    const mixed = (i: number): number => (i * 7919) % 20_000;
    // In the list of the size asked for, and too small.
    const similar = (): number => 4000;
    for (const sizeOf of [mixed, similar]) {
      const few = Math.min(cost(10, sizeOf), cost(10, sizeOf));
      // A search or a hash table that grows with the blocks made it 100 times as slow; the rest is noise and cache misses.
      expect(Math.min(cost(100_000, sizeOf), cost(100_000, sizeOf))).toBeLessThan(20 * few + 5);
    }
  });
});
