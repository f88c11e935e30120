/** Which engine runs what nobody chose one for. */
import { blasEngine, blasLibrary } from './blas/engine.js';
import type { Engine } from './engine.js';
import { interpreter } from './interpreter.js';
import { type WasmEngine, wasmEngine } from './wasm/engine.js';
import { detect, type Missing } from './wasm/platform.js';

/** The compiled engine that everything shares; it takes memory when it first compiles a program. */
export const wasm: WasmEngine = wasmEngine();

/** The same with products by the system's BLAS; see `blasEngine`. */
export const blas: WasmEngine = blasEngine();

/** Found out once each: a page hears of every attempt to compile what its policy refuses. */
const chosen: { portable?: Engine; best?: Engine } = {};

/** Said once: results are the same, but whoever waits for them should know why, and what would help. */
const interpreted = ({ found, expected }: Missing): Engine => {
  console.warn(
    `natgrad: programs are interpreted, which is far slower than compiled. Found ${found}; expected ${expected}.`,
  );
  return interpreter;
};

/**
 * The fastest engine that needs nothing of the system: `wasm`, or the interpreter where WebAssembly has no vector instructions or may
 * not be used, with a warning on the console that says why.
 */
export const portableEngine = (): Engine => {
  if (chosen.portable === undefined) {
    const { missing } = detect();
    chosen.portable = missing === null ? wasm : interpreted(missing);
  }
  return chosen.portable;
};

/** The fastest engine there is: `blas` where the system has one that works, or else `portableEngine()`. */
export const defaultEngine = (): Engine => {
  chosen.best ??= portableEngine() === wasm && blasLibrary()._tag === 'Right' ? blas : portableEngine();
  return chosen.best;
};
