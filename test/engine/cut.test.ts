/** Blocks of a product, however it is cut, are the product: each element once, every part of k once. */
import { add, floor, jit, matmul, multiply, transpose } from '@natgrad/autodiff';
import { engineWith } from '@natgrad/autodiff/internal';
import { foldIn, key, normal, type Tensor, toTypedArray } from '@natgrad/tensor';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Gemm } from '../../packages/autodiff/src/backends/wasm/gemm.js';
import type { Products } from '../../packages/autodiff/src/backends/wasm/kernels.js';
import { cutOf, GRAIN } from '../../packages/autodiff/src/backends/wasm/threads/cut.js';
import { gemmBlock, gemmWords } from '../../packages/autodiff/src/backends/wasm/threads/task.js';
import { FINE } from './_threads.js';

const BYTES = 8;

/** The product by its definition, on numbers at byte addresses. It counts in `writes` who writes where. */
const byDefinition =
  (memory: Float64Array, writes: Map<number, number>): Gemm['run'] =>
  (transposeA, transposeB, m, n, k, a, lda, b, ldb, c, ldc, accumulate) => {
    const at = (address: number, i: number, stride: number, j: number): number =>
      memory[address / BYTES + i * stride + j] as number;
    for (let i = 0; i < m; i += 1)
      for (let j = 0; j < n; j += 1) {
        const to = c / BYTES + i * ldc + j;
        let sum = accumulate ? (memory[to] as number) : 0;
        for (let p = 0; p < k; p += 1)
          sum +=
            (transposeA ? at(a, p, lda, i) : at(a, i, lda, p)) * (transposeB ? at(b, j, ldb, p) : at(b, p, ldb, j));
        memory[to] = sum;
        writes.set(to, (writes.get(to) ?? 0) + 1);
      }
  };

const extent = fc.oneof(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 10, max: 90 }));
const anyShape = fc.record({ m: extent, n: extent, k: extent, count: fc.integer({ min: 1, max: 3 }) });
/** Only one long product has parts of k. */
const small = fc.integer({ min: 1, max: 9 });
const longShape = fc.record({ m: small, n: small, k: fc.integer({ min: 50, max: 300 }), count: fc.constant(1) });

test('of any shapes, cut in any way', () => {
  const seen = { rows: 0, columns: 0, depth: 0 };
  fc.assert(
    fc.property(
      fc.oneof({ weight: 3, arbitrary: anyShape }, { weight: 1, arbitrary: longShape }),
      fc.boolean(),
      fc.boolean(),
      fc.boolean(),
      fc.boolean(),
      fc.integer({ min: 1, max: 2000 }),
      ({ m, n, k, count }, transposeA, transposeB, accumulate, native, flops) => {
        const cut = cutOf([m, n, k], count, 'f64', native, { ...FINE, flops });
        const parts = Math.max(1, Math.ceil(k / cut.depth));
        seen.rows += cut.rows < m ? 1 : 0;
        seen.columns += cut.columns < n ? 1 : 0;
        seen.depth += parts > 1 ? 1 : 0;
        if (parts > 1) expect([native, count]).toEqual([true, 1]);
        const sizes = [m * k, k * n, m * n].map((size) => size * count) as [number, number, number];
        const memory = Float64Array.from(
          { length: sizes[0] + sizes[1] + sizes[2] * parts },
          (_, i) => ((i * 7919) % 13) - 6,
        );
        const [a, b, c] = [0, sizes[0] * BYTES, (sizes[0] + sizes[1]) * BYTES];
        const [lda, ldb] = [transposeA ? m : k, transposeB ? k : n];
        const whole = memory.slice();
        const adds = accumulate && parts === 1;
        for (let i = 0; i < count; i += 1)
          byDefinition(whole, new Map())(
            transposeA,
            transposeB,
            m,
            n,
            k,
            a + i * m * k * BYTES,
            lda,
            b + i * k * n * BYTES,
            ldb,
            c + i * m * n * BYTES,
            n,
            adds,
            0,
          );
        const words = gemmWords({
          transposeA: transposeA ? 1 : 0,
          transposeB: transposeB ? 1 : 0,
          ...{ m, n, k, a, lda, b, ldb, c, ldc: n },
          accumulate: adds ? 1 : 0,
          strideA: m * k * BYTES,
          strideB: k * n * BYTES,
          strideC: m * n * BYTES,
          ...cut,
          bytes: BYTES,
          strideK: m * n * BYTES,
        });
        const writes = new Map<number, number>();
        // In no order that anybody would take them in.
        for (let block = cut.blocks - 1; block >= 0; block -= 1)
          gemmBlock(byDefinition(memory, writes), words, block, 0);
        const from = c / BYTES;
        const sum = Array.from({ length: sizes[2] }, (_, i) => {
          let total = 0;
          for (let part = 0; part < parts; part += 1) total += memory[from + part * sizes[2] + i] as number;
          return total;
        });
        // Whole numbers: sums in another order are the same.
        expect(sum).toEqual(Array.from(whole.subarray(from, from + sizes[2])));
        expect([...writes.values()].every((times) => times === 1)).toBe(true);
        expect(writes.size).toBe(sizes[2] * parts);
      },
    ),
    { numRuns: 500 },
  );
  for (const times of Object.values(seen)) expect(times).toBeGreaterThan(5);
});

test('an engine with products of another origin adds up their parts, to what is there', () => {
  const partial = { seen: 0 };
  const gemm: Products['gemm'] = (shared, dtype) => ({
    scratchBytes: () => 0,
    run: (transposeA, transposeB, m, n, k, a, lda, b, ldb, c, ldc, accumulate) => {
      const view = dtype === 'f32' ? new Float32Array(shared.buffer) : new Float64Array(shared.buffer);
      const bytes = view.BYTES_PER_ELEMENT;
      // A sum of parts, by ones.
      partial.seen += m === 1 && view.subarray(a / bytes, a / bytes + k).every((x) => x === 1) ? 1 : 0;
      for (let i = 0; i < m; i += 1)
        for (let j = 0; j < n; j += 1) {
          let sum = accumulate ? (view[c / bytes + i * ldc + j] as number) : 0;
          for (let p = 0; p < k; p += 1)
            sum +=
              (view[a / bytes + (transposeA ? p * lda + i : i * lda + p)] as number) *
              (view[b / bytes + (transposeB ? j * ldb + p : p * ldb + j)] as number);
          view[c / bytes + i * ldc + j] = sum;
        }
    },
  });
  const engine = engineWith('by definition', { threads: 1 }, () => ({ library: 'none', gemm }), { grain: FINE });
  fc.assert(
    fc.property(
      fc.record({
        m: fc.integer({ min: 1, max: 4 }),
        n: fc.integer({ min: 1, max: 4 }),
        k: fc.integer({ min: 1, max: 60 }),
      }),
      fc.record({ left: fc.boolean(), right: fc.boolean(), last: fc.boolean(), copied: fc.boolean() }),
      fc.constantFrom('f32' as const, 'f64' as const),
      fc.nat(),
      ({ m, n, k }, { left, right, last, copied }, dtype, seed) => {
        // Whole numbers, few and small: exact in any order, in single precision too.
        const whole = (at: number, shape: readonly number[]): Tensor =>
          floor(multiply(normal(foldIn(key(seed), at), shape, { dtype }), 2));
        const args = [
          whole(0, left ? [k, m] : [m, k]),
          whole(1, right ? [n, k] : [k, n]),
          whole(2, [m, n]),
          whole(3, [n, n]),
        ] as const;
        // The sum of two products: the second is added to the first, or to a copy of it where that one is wanted too.
        const f = (x: Tensor, y: Tensor, z: Tensor, w: Tensor): readonly Tensor[] => {
          const long = matmul(left ? transpose(x) : x, right ? transpose(y) : y);
          const short = matmul(z, w);
          return [last ? add(short, long) : add(long, short), ...(copied ? [short, long] : [])];
        };
        expect(jit(f, { engine })(...args).map(toTypedArray)).toEqual(f(...args).map(toTypedArray));
      },
    ),
    { numRuns: 200 },
  );
  expect(partial.seen).toBeGreaterThan(30);
});

test('of the sizes of an update: narrow ones into blocks that stay in the cache, long ones along k', () => {
  const native = (m: number, n: number, k: number) => cutOf([m, n, k], 1, 'f32', true, GRAIN);
  expect(native(5000, 6, 256)).toMatchObject({ columns: 6, depth: 256, blocks: 16 });
  expect(native(256, 6, 5000)).toMatchObject({ rows: 256, columns: 6, blocks: 16 });
  expect(native(17, 256, 5000).depth).toBeLessThan(150);
  expect(native(256, 256, 5000)).toMatchObject({ rows: 256, columns: 256 });
  expect(native(5000, 256, 256)).toMatchObject({ columns: 256, depth: 256 });
  // The engine's own product adds up in one order.
  expect(cutOf([256, 256, 5000], 1, 'f32', false, GRAIN).depth).toBe(5000);
  // Partial results take at most a quarter of the room of the operands.
  expect(Math.ceil(50_000 / native(128, 128, 50_000).depth) * 128 * 128).toBeLessThanOrEqual((50_000 * 256) / 4);
  expect(native(4000, 4000, 20_000).depth).toBeGreaterThanOrEqual(10_000);
  // Small ones stay whole.
  expect(native(64, 64, 64)).toEqual({ rows: 64, columns: 64, depth: 64, blocks: 1 });
});

test('blocks of large products stay short, however large those are', () => {
  for (const extents of [
    [2400, 2400, 2400],
    [20_000, 1000, 4000],
    [300, 70_000, 5000],
  ] as const)
    for (const native of [false, true]) {
      const { blocks } = cutOf(extents, 1, 'f32', native, GRAIN);
      const flops = 2 * extents.reduce((product, extent) => product * extent, 1);
      // Whole tiles, and numbers of blocks that come out even for a few threads.
      expect(flops / blocks).toBeLessThan(1.25 * (native ? 1.5e9 : 5e8));
    }
});
