/** Compiled code of one engine: the module of matrix products, and loops, which programs with equal loops share. */
import { encodeModule } from './encode.js';
import { bindGemm, type Gemm, gemmFunctions } from './gemm.js';
import type { MultiplyAdd } from './gemm-tile.js';
import type { LoopProgram } from './loop.js';
import { loopFunction } from './loop-code.js';

/** (from, to, columns, pointers…). */
export type LoopFunction = (...args: readonly number[]) => void;

export interface Kernels {
  /** The matrix product of a dtype, compiled when it is first asked for. */
  readonly gemm: (dtype: 'f32' | 'f64') => Gemm;
  /** Compiles those of the loops that are new, as one module. */
  readonly loops: (programs: readonly LoopProgram[]) => readonly LoopFunction[];
}

/** Loops are kept for later programs, up to so many; those used least recently go first. */
const MOST_LOOPS = 2048;

const instantiate = (functions: Parameters<typeof encodeModule>[0], memory: WebAssembly.Memory): WebAssembly.Exports =>
  new WebAssembly.Instance(new WebAssembly.Module(encodeModule(functions)), { env: { memory } }).exports;

/** Where matrix products come from: code on the memory. */
export type Products = (memory: WebAssembly.Memory, dtype: 'f32' | 'f64') => Gemm;

export const createKernels = (
  memory: WebAssembly.Memory,
  multiplyAdd: MultiplyAdd,
  productOf: Products = (shared, dtype) => bindGemm(instantiate(gemmFunctions(dtype, multiplyAdd), shared), dtype),
): Kernels => {
  const products = new Map<'f32' | 'f64', Gemm>();
  const known = new Map<string, LoopFunction>();
  return {
    gemm: (dtype) => {
      const made = products.get(dtype) ?? productOf(memory, dtype);
      products.set(dtype, made);
      return made;
    },
    loops: (programs) => {
      const keys = programs.map((program) => signature(program));
      const fresh = new Map(programs.map((program, k) => [keys[k] as string, program]));
      const found = new Map<string, LoopFunction>();
      for (const key of fresh.keys()) {
        const code = known.get(key);
        if (code === undefined) continue;
        fresh.delete(key);
        found.set(key, code);
        // Used now: the last to go.
        known.delete(key);
        known.set(key, code);
      }
      if (fresh.size > 0) {
        const entries = [...fresh];
        const code = instantiate(
          entries.map(([, program], k) => loopFunction(`loop${k}`, program, multiplyAdd)),
          memory,
        );
        entries.forEach(([key], k) => {
          const compiled = code[`loop${k}`] as LoopFunction;
          found.set(key, compiled);
          known.set(key, compiled);
        });
        for (const key of known.keys()) {
          if (known.size <= MOST_LOOPS) break;
          known.delete(key);
        }
      }
      return keys.map((key) => found.get(key) as LoopFunction);
    },
  };
};

/** Equal for loops of equal code. Numbers as their bits: JSON has neither NaN nor −0. */
const signature = (program: LoopProgram): string =>
  JSON.stringify(program, (_, value: unknown) =>
    typeof value === 'number' && !Number.isInteger(value)
      ? [...new Uint8Array(Float64Array.of(value).buffer)].join(' ')
      : Object.is(value, -0)
        ? '-0'
        : value,
  );
