/** A matrix product of a plan, as a function of the addresses of a call. */
import { sizeOf } from '@natgrad/tensor';
import { bytesPerElement } from '@natgrad/tensor/internal';
import type { Aval } from '../../ir/aval.js';
import type { Kernels } from './kernels.js';
import type { EngineMemory } from './memory.js';
import { bytesOfAval, type Step } from './plan.js';
import type { Run } from './run.js';
import { productTime } from './threads/cost.js';
import { cutOf, type Grain } from './threads/cut.js';
import { GEMM, gemmBlock, gemmWords } from './threads/task.js';
import type { Team } from './threads/team.js';

type GemmStep = Extract<Step, { readonly kind: 'gemm' }>;

/**
 * The engine's own product is cut only where several threads work on it: its bits depend on no cut. A native library may use other
 * code for a block than for the whole, and so it is always cut, in the same way. Where k is cut, the results of its parts lie one
 * after the other, and their sum is a product with ones.
 */
export const gemmRun = (step: GemmStep, kernels: Kernels, memory: EngineMemory, team: Team, grain: Grain): Run => {
  const { params, avals, reads, writes, scratch, inPlace, dtype, flops } = step;
  const { transposeLeft, transposeRight } = params;
  const [a, b, into] = avals as readonly [Aval, Aval, Aval | undefined];
  const [m, n] = (step.node.avals[0] as Aval).shape.slice(-2) as [number, number];
  const k = a.shape.at(transposeLeft ? -2 : -1) as number;
  const count = sizeOf(a.shape.slice(0, -2));
  const bytes = bytesPerElement(dtype);
  const { run, module } = kernels.gemm(dtype);
  const [readA, readB, readInto = 0] = reads as readonly [number, number, number | undefined];
  const [write] = writes as readonly [number];
  const copied = into !== undefined && !inPlace ? bytesOfAval(into) : 0;
  const milliseconds = productTime(flops, dtype, module === null);
  const cut = cutOf([m, n, k], count, dtype, module === null, grain);
  const divided = team.size > 1 && cut.blocks > 1 && milliseconds >= grain.step;
  const { rows, columns, depth, blocks } =
    divided || module === null ? cut : { rows: m, columns: n, depth: Math.max(k, 1), blocks: count };
  const parts = Math.max(1, Math.ceil(k / depth));
  const adds = into !== undefined;
  const shape = {
    transposeA: transposeLeft ? 1 : 0,
    transposeB: transposeRight ? 1 : 0,
    m,
    n,
    k,
    lda: a.shape.at(-1) as number,
    ldb: b.shape.at(-1) as number,
    ldc: n,
    accumulate: adds && parts === 1 ? 1 : 0,
    strideA: m * k * bytes,
    strideB: k * n * bytes,
    strideC: m * n * bytes,
    rows,
    columns,
    bytes,
    depth,
    strideK: m * n * bytes,
  };
  return ({ address }) => {
    const [x, y, z] = [address[readA], address[readB], address[write]] as [number, number, number];
    const room = address[scratch] as number;
    if (copied > 0) {
      const from = address[readInto] as number;
      memory.u8().copyWithin(z, from, from + copied);
    }
    const partial = parts === 1 ? null : memory.take((m * n + 1) * parts * bytes);
    const words = gemmWords({ ...shape, a: x, b: y, c: partial ?? z });
    const one = (block: number): void => gemmBlock(run, words, block, room);
    if (divided)
      team.divide(
        { kind: GEMM, blocks, milliseconds: milliseconds / blocks, module, entry: bytes === 4 ? 0 : 1, words },
        one,
      );
    else for (let block = 0; block < blocks; block += 1) one(block);
    if (partial === null) return;
    const ones = partial + m * n * parts * bytes;
    const first = ones / bytes;
    (dtype === 'f32' ? memory.f32() : memory.f64()).fill(1, first, first + parts);
    run(false, false, 1, m * n, parts, ones, parts, partial, m * n, z, m * n, adds, room);
    memory.give(partial);
  };
};
