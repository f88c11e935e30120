/** Compiled code of one engine: the module of matrix products, and loops, which programs with equal loops share. */
import { encodeModule } from './encode.js';
import { bindGemm, type Gemm, gemmFunctions } from './gemm.js';
import type { MultiplyAdd } from './gemm-tile.js';
import { isShared } from './linear.js';
import type { LoopProgram } from './loop.js';
import { loopFunction } from './loop-code.js';
import type { CodeModule } from './threads/task.js';

/** (from, to, columns, pointers…). */
export type LoopFunction = (...args: readonly number[]) => void;

/** A matrix product, and where other threads have its code from; null where they load a native library. */
interface Product extends Gemm {
  readonly module: CodeModule | null;
}

export interface LoopCode {
  readonly run: LoopFunction;
  readonly module: CodeModule;
  /** Its number in the module. */
  readonly entry: number;
}

export interface Kernels {
  /** The matrix product of a dtype, compiled when it is first asked for. */
  readonly gemm: (dtype: 'f32' | 'f64') => Product;
  /** Compiles those of the loops that are new, as one module. */
  readonly loops: (programs: readonly LoopProgram[]) => readonly LoopCode[];
}

/** Loops are kept for later programs, up to so many; those used least recently go first. */
const MOST_LOOPS = 2048;

const instantiate = (
  functions: Parameters<typeof encodeModule>[0],
  memory: WebAssembly.Memory,
): { readonly module: CodeModule; readonly exports: WebAssembly.Exports } => {
  const bytes = encodeModule(functions, isShared(memory));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  return { module: { bytes }, exports };
};

/** Matrix products of another origin than this engine's code. */
export interface Products {
  /** The native library that they are from, by which a worker loads it. */
  readonly library: string;
  readonly gemm: (memory: WebAssembly.Memory, dtype: 'f32' | 'f64') => Gemm;
}

export const createKernels = (memory: WebAssembly.Memory, multiplyAdd: MultiplyAdd, others?: Products): Kernels => {
  const products = new Map<'f32' | 'f64', Product>();
  const known = new Map<string, LoopCode>();
  const productOf = (dtype: 'f32' | 'f64'): Product => {
    if (others !== undefined) return { ...others.gemm(memory, dtype), module: null };
    const { module, exports } = instantiate(gemmFunctions(dtype, multiplyAdd), memory);
    return { ...bindGemm(exports, dtype), module };
  };
  return {
    gemm: (dtype) => {
      const made = products.get(dtype) ?? productOf(dtype);
      products.set(dtype, made);
      return made;
    },
    loops: (programs) => {
      const keys = programs.map((program) => signature(program));
      const fresh = new Map(programs.map((program, k) => [keys[k] as string, program]));
      const found = new Map<string, LoopCode>();
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
        const { module, exports } = instantiate(
          entries.map(([, program], k) => loopFunction(`loop${k}`, program, multiplyAdd)),
          memory,
        );
        entries.forEach(([key], k) => {
          const compiled = { run: exports[`loop${k}`] as LoopFunction, module, entry: k };
          found.set(key, compiled);
          known.set(key, compiled);
        });
        for (const key of known.keys()) {
          if (known.size <= MOST_LOOPS) break;
          known.delete(key);
        }
      }
      return keys.map((key) => found.get(key) as LoopCode);
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
