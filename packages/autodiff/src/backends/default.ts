/** Which engine runs what nobody chose one for. */
import { blasEngine, blasLibrary } from './blas/engine.js';
import type { Engine } from './engine.js';
import { interpreter } from './interpreter.js';
import { type WasmEngine, wasmEngine } from './wasm/engine.js';
import { detect } from './wasm/platform.js';

/** The compiled engine that everything shares; it takes memory when it first compiles a program. */
export const wasm: WasmEngine = wasmEngine();

/** The same with products by the system's BLAS; see `blasEngine`. */
export const blas: WasmEngine = blasEngine();

/** The fastest engine that needs nothing of the system: `wasm`, or the interpreter where WebAssembly has no vector instructions. */
export const portableEngine = (): Engine => (detect().simd ? wasm : interpreter);

const chosen: { engine?: Engine } = {};

/** The fastest engine there is: `blas` where the system has one that works, or else `portableEngine()`. */
export const defaultEngine = (): Engine => {
  chosen.engine ??= detect().simd && blasLibrary()._tag === 'Right' ? blas : portableEngine();
  return chosen.engine;
};
