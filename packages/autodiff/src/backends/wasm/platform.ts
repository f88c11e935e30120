/** What the WebAssembly of this platform can do. */
import { builtin } from '#builtin';
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

const RECENT =
  'Node.js 20 or a browser of 2023 or later, without options such as --jitless; the interpreter runs everywhere';

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * A host that gives no memory, and what makes it give some: where it traps what is out of bounds, a memory of any size takes 10 GiB of
 * addresses.
 */
export const refusedMemory = (error: unknown): Missing => ({
  found: `no memory for WebAssembly (${messageOf(error)})`,
  expected:
    'more memory or addresses for this process (ulimit -v), or node --disable-wasm-trap-handler; the interpreter runs everywhere',
});

/** Pages of 64 KiB that an engine begins with. */
const FIRST_PAGES = 16;

/** What a host says that refuses to make something; null where it does not refuse. */
const refusalOf = (make: () => unknown): unknown => {
  try {
    make();
    return null;
  } catch (error) {
    return error;
  }
};

/** A content policy that refuses WebAssembly lets modules be validated, but not compiled. */
const missingFor = (each: WasmFunction): Missing | null => {
  if (typeof WebAssembly === 'undefined') return { found: 'no WebAssembly', expected: RECENT };
  if (!accepts(each)) return { found: 'no WebAssembly with vector instructions (SIMD128)', expected: RECENT };
  const uncompiled = refusalOf(() => new WebAssembly.Module(encodeModule([each])));
  if (uncompiled !== null)
    return {
      found: `WebAssembly that may not be compiled (${messageOf(uncompiled)})`,
      expected:
        "a page whose Content-Security-Policy has script-src 'wasm-unsafe-eval'; the interpreter runs everywhere",
    };
  const without = refusalOf(() => new WebAssembly.Memory({ initial: FIRST_PAGES, maximum: FIRST_PAGES }));
  return without === null ? null : refusedMemory(without);
};

/** As much of `node:v8` as is used. */
interface V8 {
  readonly setFlagsFromString?: (flags: string) => void;
}

/** Node 20 has relaxed SIMD behind a flag of its engine, which counts for modules compiled from then on. */
const unlockRelaxed = (): void => {
  try {
    (builtin('node:v8') as V8 | undefined)?.setFlagsFromString?.('--experimental-wasm-relaxed-simd');
  } catch {
    // A host that guards its flags: plain SIMD serves.
  }
};

/** Finds out what may be compiled. Every worker calls it before it compiles. Never throws. */
export const detect = (): Platform => {
  const missing = missingFor(probe('simd', f32x4.add(zero, zero)));
  if (missing !== null) return { simd: false, relaxed: false, missing };
  const madd = probe('relaxed', f32x4.relaxedMadd(zero, zero, zero));
  if (accepts(madd)) return { simd: true, relaxed: true, missing };
  unlockRelaxed();
  return { simd: true, relaxed: accepts(madd), missing };
};
