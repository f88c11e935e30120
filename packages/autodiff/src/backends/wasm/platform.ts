/** What the WebAssembly of this platform can do. */
import { encodeModule, type WasmFunction, wasmFunction } from './encode.js';
import { f32x4, v128 } from './instructions.js';

/** Why programs cannot be compiled on a platform, and the cure. */
export interface Missing {
  readonly found: string;
  readonly expected: string;
}

/** What the WebAssembly of a platform can do. */
export interface Platform {
  /** 128-bit vectors (SIMD128). Without them there is no compiled engine. */
  readonly simd: boolean;
  /** Multiply-add in one instruction (relaxed SIMD): one rounding or two, whichever the processor does faster. */
  readonly relaxed: boolean;
  /** Why `simd` is false; null where it is true. */
  readonly missing: Missing | null;
}

const probe = (name: string, value: WasmFunction['body']): WasmFunction =>
  wasmFunction(name, ['i32'], [], (_, address) => v128.store(address.get, value));

const zero = f32x4.const(0);

const accepts = (each: WasmFunction): boolean => {
  try {
    return WebAssembly.validate(encodeModule([each]));
  } catch {
    // No WebAssembly here, or none that may be used.
    return false;
  }
};

const RECENT = 'Node.js 20 or a browser of 2023 or later; the interpreter runs everywhere';

/** A content policy that refuses WebAssembly lets modules be validated, but not compiled. */
const refusal = (each: WasmFunction): Missing | null => {
  if (typeof WebAssembly === 'undefined') return { found: 'no WebAssembly', expected: RECENT };
  if (!accepts(each)) return { found: 'no WebAssembly with vector instructions (SIMD128)', expected: RECENT };
  try {
    return new WebAssembly.Module(encodeModule([each])) && null;
  } catch (error) {
    return {
      found: `WebAssembly that may not be compiled (${error instanceof Error ? error.message : String(error)})`,
      expected:
        "a page whose Content-Security-Policy has script-src 'wasm-unsafe-eval'; the interpreter runs everywhere",
    };
  }
};

/** The part of Node's `process` that this file needs; browsers have no such global. */
interface NodeProcess {
  readonly getBuiltinModule?: (id: string) => { readonly setFlagsFromString?: (flags: string) => void } | undefined;
}

/** Node 20 has relaxed SIMD behind a flag of its engine, which counts for modules compiled from then on. */
const unlockRelaxed = (): void => {
  try {
    const { process } = globalThis as { readonly process?: NodeProcess };
    process?.getBuiltinModule?.('node:v8')?.setFlagsFromString?.('--experimental-wasm-relaxed-simd');
  } catch {
    // A host that guards its flags: plain SIMD serves.
  }
};

/** Finds out what may be compiled. Every worker calls it before it compiles. Never throws. */
export const detect = (): Platform => {
  const missing = refusal(probe('simd', f32x4.add(zero, zero)));
  if (missing !== null) return { simd: false, relaxed: false, missing };
  const madd = probe('relaxed', f32x4.relaxedMadd(zero, zero, zero));
  if (accepts(madd)) return { simd: true, relaxed: true, missing };
  unlockRelaxed();
  return { simd: true, relaxed: accepts(madd), missing };
};
