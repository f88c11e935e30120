/** A matrix product of a plan, as a function of the addresses of a call. */
import { bytesPerElement } from '@natgrad/tensor/internal';
import type { Aval } from '../../ir/aval.js';
import { type Blocked, runBlocks } from './blocks-run.js';
import { extentsOf } from './extents.js';
import type { Kernels } from './kernels.js';
import type { EngineMemory } from './memory.js';
import type { Step } from './plan.js';
import { bytesOfAval } from './planner.js';
import type { Run } from './run.js';
import { productTime } from './threads/cost.js';
import { cutOf, type Grain } from './threads/cut.js';
import { type Cut, GEMM, gemmBlock, gemmWords, placed } from './threads/task.js';
import type { Team } from './threads/team.js';

type GemmStep = Extract<Step, { readonly kind: 'gemm' }>;

/** Bytes behind the last element of an operand that the engine's own product may read. */
const READ_BEYOND = 64;

/** A product cut into blocks. Where k is cut, the results of its parts lie one after the other, and their sum is a product with ones. */
export const blockedGemm = (step: GemmStep, kernels: Kernels, memory: EngineMemory, cut: Cut): Blocked => {
  const { params, avals, reads, writes, scratch, inPlace, dtype } = step;
  const [a, b, into] = avals as readonly [Aval, Aval, Aval | undefined];
  const { m, n, k } = extentsOf(step);
  const bytes = bytesPerElement(dtype);
  const { run, module } = kernels.gemm(dtype);
  const [readA, readB, readInto = 0] = reads as readonly [number, number, number | undefined];
  const [write] = writes as readonly [number];
  const adds = into !== undefined;
  const copied = adds && !inPlace ? bytesOfAval(into) : 0;
  const parts = Math.max(1, Math.ceil(k / cut.depth));
  const template = gemmWords({
    transposeA: params.transposeLeft ? 1 : 0,
    transposeB: params.transposeRight ? 1 : 0,
    m,
    n,
    k,
    a: 0,
    lda: a.shape.at(-1) as number,
    b: 0,
    ldb: b.shape.at(-1) as number,
    c: 0,
    ldc: n,
    accumulate: adds && parts === 1 ? 1 : 0,
    strideA: m * k * bytes,
    strideB: k * n * bytes,
    strideC: m * n * bytes,
    rows: cut.rows,
    columns: cut.columns,
    depth: cut.depth,
    strideK: m * n * bytes,
    bytes,
  });
  return ({ address }) => {
    const [x, y, z] = [address[readA], address[readB], address[write]] as [number, number, number];
    const room = address[scratch] as number;
    const partial = parts === 1 ? null : memory.take((m * n + 1) * parts * bytes + READ_BEYOND);
    if (copied > 0) {
      const from = address[readInto] as number;
      memory.u8().copyWithin(z, from, from + copied);
    }
    const words = placed(template, x, y, partial ?? z);
    return {
      work: { kind: GEMM, module, entry: bytes === 4 ? 0 : 1, words },
      one: (block) => gemmBlock(run, words, block, room),
      close: () => {
        if (partial === null) return;
        const ones = partial + m * n * parts * bytes;
        const first = ones / bytes;
        (dtype === 'f32' ? memory.f32() : memory.f64()).fill(1, first, first + parts);
        run(false, false, 1, m * n, parts, ones, parts, partial, m * n, z, m * n, adds, room);
        memory.give(partial);
      },
    };
  };
};

/** One product that nobody cuts, without a word about blocks: in the turns of a loop there are thousands, each of microseconds. */
const wholeGemm = (step: GemmStep, kernels: Kernels, memory: EngineMemory): Run => {
  const { params, avals, reads, writes, scratch, inPlace, dtype } = step;
  const [a, b, into] = avals as readonly [Aval, Aval, Aval | undefined];
  const { m, n, k } = extentsOf(step);
  const { run } = kernels.gemm(dtype);
  const [readA, readB, readInto = 0] = reads as readonly [number, number, number | undefined];
  const [write] = writes as readonly [number];
  const { transposeLeft, transposeRight } = params;
  const [lda, ldb] = [a.shape.at(-1) as number, b.shape.at(-1) as number];
  const adds = into !== undefined;
  const copied = adds && !inPlace ? bytesOfAval(into) : 0;
  return ({ address }) => {
    const z = address[write] as number;
    if (copied > 0) {
      const from = address[readInto] as number;
      memory.u8().copyWithin(z, from, from + copied);
    }
    const [x, y, room] = [address[readA], address[readB], address[scratch]] as [number, number, number];
    run(transposeLeft, transposeRight, m, n, k, x, lda, y, ldb, z, n, adds, room);
  };
};

/**
 * A product by itself. The engine's own is cut only where several threads work on it: its bits depend on no cut. A native library may
 * use other code for a block than for the whole, and so it is always cut, in the same way.
 */
export const gemmRun = (step: GemmStep, kernels: Kernels, memory: EngineMemory, team: Team, grain: Grain): Run => {
  const { dtype, flops } = step;
  const { m, n, k, count } = extentsOf(step);
  const native = kernels.gemm(dtype).module === null;
  const milliseconds = productTime(flops, dtype, native);
  const cut = cutOf([m, n, k], count, dtype, native, grain);
  const divided = team.size > 1 && cut.blocks > 1 && milliseconds >= grain.step;
  if (count === 1 && (cut.blocks <= 1 || !(divided || native))) return wholeGemm(step, kernels, memory);
  const used = divided || native ? cut : { rows: m, columns: n, depth: Math.max(k, 1), blocks: count };
  return runBlocks([blockedGemm(step, kernels, memory, used)], used.blocks, milliseconds, divided ? team : null);
};
