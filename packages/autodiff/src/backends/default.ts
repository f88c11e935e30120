/** Which engine runs what nobody chose one for. */
import type { Engine } from './engine.js';
import { interpreter } from './interpreter.js';
import { type WasmEngine, wasmEngine } from './wasm/engine.js';
import { detect, type Missing } from './wasm/platform.js';

/** The compiled engine that everything shares; it takes memory when it first compiles a program. */
export const wasm: WasmEngine = wasmEngine();

const chosen: { engine?: Engine } = {};

/** Said once: results are the same, but whoever waits for them should know why, and what would help. */
const interpreted = ({ found, expected }: Missing): Engine => {
  console.warn(
    `natgrad: programs are interpreted, which is far slower than compiled. Found ${found}; expected ${expected}.`,
  );
  return interpreter;
};

/**
 * The fastest engine of this platform: `wasm`, or the interpreter where WebAssembly has no vector instructions or may not be used,
 * with a warning on the console that says why.
 */
export const defaultEngine = (): Engine => {
  if (chosen.engine === undefined) {
    const { missing } = detect();
    chosen.engine = missing === null ? wasm : interpreted(missing);
  }
  return chosen.engine;
};
