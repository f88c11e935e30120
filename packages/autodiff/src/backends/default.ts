/** Which engine runs what nobody chose one for. */
import type { Engine } from './engine.js';
import { interpreter } from './interpreter.js';
import { type WasmEngine, wasmEngine } from './wasm/engine.js';
import { detect } from './wasm/platform.js';

/** The compiled engine that everything shares; it takes memory when it first compiles a program. */
export const wasm: WasmEngine = wasmEngine();

const chosen: { engine?: Engine } = {};

/** The fastest engine of this platform: `wasm`, or the interpreter where WebAssembly has no vector instructions. */
export const defaultEngine = (): Engine => {
  chosen.engine ??= detect().simd ? wasm : interpreter;
  return chosen.engine;
};
