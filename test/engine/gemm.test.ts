/** The packed matrix product against its definition, to the bit where the definition fixes the bits. */
import { lawRuns } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeModule } from '../../packages/autodiff/src/backends/wasm/encode.js';
import { bindGemm, type Gemm, gemmFunctions, SCRATCH_BYTES } from '../../packages/autodiff/src/backends/wasm/gemm.js';
import { detect } from '../../packages/autodiff/src/backends/wasm/platform.js';

type Dtype = 'f32' | 'f64';
type Floats = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

const PAGE = 65_536;
/** What the memory guarantees to exist after the last element of any matrix. */
const PADDING = 64;
/** Sums are blocked by k alone; part of the definition of the bits. */
const K_BLOCK = 256;
const BYTES = { f32: 4, f64: 8 } as const;
/** The spacing of numbers at 1, twice the unit roundoff. */
const EPSILON = { f32: 2 ** -23, f64: 2 ** -52 } as const;
const round = { f32: Math.fround, f64: (x: number) => x } as const;
const floats = (dtype: Dtype, buffer: ArrayBuffer, at: number, length: number): Floats =>
  dtype === 'f32' ? new Float32Array(buffer, at, length) : new Float64Array(buffer, at, length);

const platform = detect();
const kinds = (['f32', 'f64'] as const).flatMap((dtype) =>
  (platform.relaxed ? (['plain', 'relaxed'] as const) : (['plain'] as const)).map((multiplyAdd) => {
    const module = new WebAssembly.Module(encodeModule(gemmFunctions(dtype, multiplyAdd)));
    /** The product over a memory of so many pages. */
    const over = (pages: number): { readonly gemm: Gemm; readonly memory: ArrayBuffer } => {
      const memory = new WebAssembly.Memory({ initial: pages, maximum: PAGE });
      const gemm = bindGemm(new WebAssembly.Instance(module, { env: { memory } }).exports, dtype);
      return { gemm, memory: memory.buffer };
    };
    return { kind: `${dtype} ${multiplyAdd}`, dtype, multiplyAdd, over };
  }),
);
type Kind = (typeof kinds)[number];

interface Case {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly accumulate: boolean;
  /** Elements between the end of a row and the next, in a, b and c. */
  readonly gaps: readonly [number, number, number];
  /** Which of a, b, c stands first in memory, and which last. */
  readonly order: readonly [number, number, number];
  readonly seed: number;
}

/** Elements by their place, in matrices as mathematics sees them. */
interface Operands {
  readonly a: (i: number, p: number) => number;
  readonly b: (p: number, j: number) => number;
  readonly c: (i: number, j: number) => number;
}

const hash = (seed: number, matrix: number, i: number, j: number): number => {
  let h =
    Math.imul(seed ^ (matrix * 0x9e3779b9), 0x85ebca6b) ^ Math.imul(i + 1, 0xc2b2ae35) ^ Math.imul(j + 7, 0x27d4eb2f);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return (h ^ (h >>> 15)) >>> 0;
};

const pick = (dtype: Dtype, seed: number, value: (bits: number) => number): Operands => {
  const of = (matrix: number) => (i: number, j: number) => round[dtype](value(hash(seed, matrix, i, j)));
  return { a: of(1), b: of(2), c: of(3) };
};
/** Uniform in (−1, 1). */
const uniform = (bits: number): number => (bits - 2 ** 31 + 0.5) / 2 ** 31;

/**
 * Runs a product in a memory that is NaN wherever it is not an operand, with the first matrix at address 0 and the last one
 * `PADDING` bytes before the end, where reading further traps. Nothing but c and the scratch memory may have changed after it.
 */
const multiply = (each: Kind, given: Case, operands: Operands): Floats => {
  const { m, n, k, transposeA, transposeB, accumulate, gaps, order } = given;
  const { dtype } = each;
  const stored = [
    {
      rows: transposeA ? k : m,
      columns: transposeA ? m : k,
      at: transposeA ? (r: number, s: number) => operands.a(s, r) : operands.a,
    },
    {
      rows: transposeB ? n : k,
      columns: transposeB ? k : n,
      at: transposeB ? (r: number, s: number) => operands.b(s, r) : operands.b,
    },
    { rows: m, columns: n, at: operands.c },
  ].map((matrix, which) => {
    const stride = matrix.columns + gaps[which]!;
    // The last row has no gap after it.
    const length = matrix.rows === 0 ? 0 : (matrix.rows - 1) * stride + matrix.columns;
    return { ...matrix, stride, length, bytes: length * BYTES[dtype] };
  });
  const scratchBytes = 2 * Math.ceil(SCRATCH_BYTES / 16) * 8;
  const needed = stored.reduce((sum, { bytes }) => sum + bytes + PADDING + 16, scratchBytes);
  const pages = Math.ceil(needed / PAGE);
  const { gemm, memory } = each.over(pages);
  new Uint8Array(memory).fill(0xff);
  const size = pages * PAGE;
  const [first, middle, last] = order;
  const place: number[] = [];
  place[first] = 0;
  place[middle] = Math.ceil((stored[first]!.bytes + PADDING) / 8) * 8;
  place[last] = size - PADDING - stored[last]!.bytes;
  const scratch = Math.ceil((place[middle] + stored[middle]!.bytes + PADDING) / 16) * 16;
  const used = gemm.scratchBytes(m, n, k);
  expect(used).toBeLessThanOrEqual(SCRATCH_BYTES);
  const view = (which: number): Floats => floats(dtype, memory, place[which]!, stored[which]!.length);
  stored.forEach(({ rows, columns, stride, at }, which) => {
    const out = view(which);
    for (let r = 0; r < rows; r += 1) for (let s = 0; s < columns; s += 1) out[r * stride + s] = at(r, s);
  });
  const before = new Uint8Array(memory.slice(0));
  gemm.run(
    ...[transposeA, transposeB],
    ...[m, n, k],
    ...[place[0]!, stored[0]!.stride, place[1]!, stored[1]!.stride, place[2]!, stored[2]!.stride],
    ...[accumulate, scratch],
  );
  const { stride } = stored[2]!;
  const result = view(2).slice();
  // Put back what may change, and compare all bytes.
  const after = new Uint8Array(memory);
  const restore = (from: number, to: number): void => after.set(before.subarray(from, to), from);
  restore(scratch, scratch + used);
  for (let i = 0; i < m; i += 1) {
    const row = place[2]! + i * stride * BYTES[dtype];
    restore(row, row + n * BYTES[dtype]);
  }
  if (Buffer.compare(after, before) !== 0) throw new Error(`wrote outside c: ${JSON.stringify(given)}`);
  const out = dtype === 'f32' ? new Float32Array(m * n) : new Float64Array(m * n);
  for (let i = 0; i < m; i += 1) for (let j = 0; j < n; j += 1) out[i * n + j] = result[i * stride + j]!;
  return out;
};

/** The definition in the given arithmetic: in order within a block of k from zero, blocks in order. */
const definition = (given: Case, operands: Operands, add: (x: number, y: number) => number, times: typeof add) => {
  const { m, n, k, accumulate } = given;
  return Array.from({ length: m * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    let total = accumulate ? operands.c(i, j) : undefined;
    for (let p = 0; p < k; p += K_BLOCK) {
      let sum = 0;
      for (let q = p; q < Math.min(k, p + K_BLOCK); q += 1) sum = add(sum, times(operands.a(i, q), operands.b(q, j)));
      total = total === undefined ? sum : add(total, sum);
    }
    return total ?? 0;
  });
};

const tileEdges = fc.constantFrom(0, 1, 2, 3, 4, 5, 7, 8, 9, 13, 15, 16, 17, 23, 33);
const cases: fc.Arbitrary<Case> = fc
  .record({
    m: fc.oneof({ weight: 9, arbitrary: tileEdges }, { weight: 1, arbitrary: fc.constantFrom(64, 101) }),
    // 128 and 256 columns make a block.
    n: fc.oneof({ weight: 8, arbitrary: tileEdges }, { weight: 2, arbitrary: fc.constantFrom(127, 129, 255, 257) }),
    k: fc.oneof(
      { weight: 7, arbitrary: tileEdges },
      { weight: 3, arbitrary: fc.constantFrom(64, 255, 256, 257, 260, 511, 513, 771) },
    ),
    transposeA: fc.boolean(),
    transposeB: fc.boolean(),
    accumulate: fc.boolean(),
    gaps: fc.tuple(fc.nat(9), fc.nat(9), fc.nat(9)),
    order: fc.constantFrom<[number, number, number][]>([0, 1, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]),
    seed: fc.nat(),
  })
  // Large in one or two directions, not in all.
  .map((given) => (given.m * given.n * given.k > 400_000 ? { ...given, m: Math.min(given.m, 5) } : given));

const fixed: Case = {
  ...{ m: 19, n: 21, k: 300, transposeA: false, transposeB: false, accumulate: false },
  ...{ gaps: [0, 0, 0], order: [0, 1, 2], seed: 1 },
};
const transposes = [false, true].flatMap((transposeA) =>
  [false, true].map((transposeB) => ({ transposeA, transposeB })),
);
const bits = (x: Floats): Buffer => Buffer.from(x.buffer, x.byteOffset, x.byteLength);

describe.each(kinds)('matrix product, $kind', (each) => {
  const { dtype } = each;

  test('is the sum of products, to rounding', () => {
    fc.assert(
      fc.property(cases, (given) => {
        const operands = pick(dtype, given.seed, uniform);
        const found = multiply(each, given, operands);
        const exact = definition(
          given,
          operands,
          (x, y) => x + y,
          (x, y) => x * y,
        );
        const size: Operands = {
          a: (i, p) => Math.abs(operands.a(i, p)),
          b: (p, j) => Math.abs(operands.b(p, j)),
          c: (i, j) => Math.abs(operands.c(i, j)),
        };
        const scale = definition(
          given,
          size,
          (x, y) => x + y,
          (x, y) => x * y,
        );
        // A term goes through one rounding of a product, at most k of sums within a block and then two of sums of blocks (or
        // more of those and as many fewer of the others), by ½ ε each. The other half is the reference's own error, for f64.
        const bound = (given.k + 3) * EPSILON[dtype];
        const wrong = [...found].flatMap((x, at) => (Math.abs(x - exact[at]!) <= bound * scale[at]! ? [] : [at]));
        expect(wrong).toEqual([]);
      }),
      { numRuns: lawRuns(120) },
    );
  });

  test('small integers, infinities and NaN give what the definition gives', () => {
    const values = [0, -0, 1, -1, 2, 3, -5, 7];
    const special = [...values, ...values, ...values, ...values, 0, Infinity, -Infinity, NaN];
    fc.assert(
      fc.property(cases, fc.boolean(), (given, finite) => {
        const from = finite ? values : special;
        const operands = pick(dtype, given.seed, (h) => from[h % from.length]!);
        const wanted = definition(
          given,
          operands,
          (x, y) => x + y,
          (x, y) => x * y,
        );
        expect([...multiply(each, given, operands)]).toEqual(wanted);
      }),
      { numRuns: lawRuns(120) },
    );
  });

  test('an element depends on its row, its column and k alone', () => {
    fc.assert(
      fc.property(cases, fc.nat(), fc.nat(), (given, r, s) => {
        const operands = pick(dtype, given.seed, uniform);
        const whole = multiply(each, given, operands);
        const { m, n } = given;
        if (m * n === 0) return;
        const row = r % m;
        const column = s % n;
        const rowAlone = multiply(
          each,
          { ...given, m: 1 },
          { ...operands, a: (_, p) => operands.a(row, p), c: (_, j) => operands.c(row, j) },
        );
        expect(bits(rowAlone).equals(bits(whole.slice(row * n, (row + 1) * n)))).toBe(true);
        const [tail, across] = [n - column, { transposeA: !given.transposeA, transposeB: !given.transposeB }];
        const columns = multiply(
          each,
          { ...given, ...across, n: tail },
          { ...operands, b: (p, j) => operands.b(p, column + j), c: (i, j) => operands.c(i, column + j) },
        );
        const wanted = Array.from({ length: m }, (_, i) => [...whole.slice(i * n + column, (i + 1) * n)]).flat();
        expect([...columns]).toEqual(wanted);
      }),
      { numRuns: lawRuns(80) },
    );
  });

  test.each(transposes)('rows of one product in any grouping, %o', (transposed) => {
    const given = { ...fixed, ...transposed };
    const operands = pick(dtype, 5, uniform);
    const whole = multiply(each, given, operands);
    for (const [from, to] of [
      [0, 1],
      [0, 4],
      [3, 19],
      [16, 19],
      [1, 18],
    ] as const) {
      const part = multiply(
        each,
        { ...given, m: to - from },
        { ...operands, a: (i, p) => operands.a(from + i, p), c: (i, j) => operands.c(from + i, j) },
      );
      expect(bits(part).equals(bits(whole.slice(from * given.n, to * given.n)))).toBe(true);
    }
  });

  test('an infinite or undefined row or column stays in its row or column', () => {
    for (const transposed of transposes) {
      const plain = pick(dtype, 3, uniform);
      const clean = multiply(each, { ...fixed, ...transposed }, plain);
      const spoiled = multiply(
        each,
        { ...fixed, ...transposed },
        { ...plain, a: (i, p) => (i === 17 ? NaN : plain.a(i, p)), b: (p, j) => (j === 9 ? Infinity : plain.b(p, j)) },
      );
      spoiled.forEach((x, at) => {
        const touched = Math.floor(at / fixed.n) === 17 || at % fixed.n === 9;
        expect(Object.is(x, clean[at])).toBe(!touched);
      });
    }
  });

  test('an empty sum is zero, and adding it changes nothing', () => {
    const minusZero = pick(dtype, 1, () => -0);
    const empty = { ...fixed, m: 5, n: 9, k: 0 };
    for (const transposed of transposes) {
      expect([...multiply(each, { ...empty, ...transposed }, minusZero)]).toEqual(Array(45).fill(0));
      expect([...multiply(each, { ...empty, ...transposed, accumulate: true }, minusZero)]).toEqual(Array(45).fill(-0));
    }
  });

  test('the scratch memory that is asked for is the scratch memory that is used', () => {
    const { gemm } = each.over(1);
    expect(gemm.scratchBytes(5000, 256, 256)).toBeLessThanOrEqual(SCRATCH_BYTES);
    expect(gemm.scratchBytes(1e6, 1e6, 1e6)).toBe(SCRATCH_BYTES);
    expect(gemm.scratchBytes(1, 6, 64)).toBeLessThan(16_384);
  });
});

describe.each(kinds.filter(({ multiplyAdd }) => multiplyAdd === 'plain'))('matrix product, $kind', (each) => {
  const { dtype } = each;

  test('plain arithmetic has the bits of the definition', () => {
    const [add, times] = [(x: number, y: number) => round[dtype](x + y), (x: number, y: number) => round[dtype](x * y)];
    fc.assert(
      fc.property(cases, (given) => {
        const operands = pick(dtype, given.seed, uniform);
        const wanted = definition(given, operands, add, times);
        expect([...multiply(each, given, operands)]).toEqual(wanted);
      }),
      { numRuns: lawRuns(120) },
    );
  });
});
