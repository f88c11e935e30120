/** Elementary functions on vectors, as WebAssembly: each lane's result depends on that lane alone, to the bit. */
import { type Code, type WasmFunction, wasmFunction } from '../encode.js';
import type { MultiplyAdd } from '../gemm-tile.js';
import { erf } from './erf.js';
import { exp, expm1, tanh } from './exponential.js';
import { log, log1p } from './logarithm.js';
import { power } from './power.js';
import { cos, sin } from './trigonometric.js';
import { type Declare, type FloatDType, type Writer, write } from './writer.js';

export type MathName = 'exp' | 'log' | 'expm1' | 'log1p' | 'tanh' | 'sin' | 'cos' | 'erf' | 'power';

const FUNCTIONS: { readonly [name in MathName]: (w: Writer, ...args: Code[]) => Code } = {
  exp: (w, x) => exp(w, x),
  log: (w, x) => log(w, x),
  expm1: (w, x) => expm1(w, x),
  log1p: (w, x) => log1p(w, x),
  tanh: (w, x) => tanh(w, x),
  sin: (w, x) => sin(w, x),
  cos: (w, x) => cos(w, x),
  erf: (w, x) => erf(w, x),
  power: (w, x, y) => power(w, x, y),
};

export const MATH_NAMES: readonly MathName[] = Object.keys(FUNCTIONS) as MathName[];

/** Largest error in units in the last place of the result, with either multiply-add (test/engine/math.test.ts). */
export const accuracy: { readonly [name in MathName]: { readonly f32: number; readonly f64: number } } = {
  exp: { f32: 1.25, f64: 1.25 },
  log: { f32: 1, f64: 1 },
  expm1: { f32: 2, f64: 1.75 },
  log1p: { f32: 1.5, f64: 1.5 },
  tanh: { f32: 2.5, f64: 2.5 },
  sin: { f32: 1.75, f64: 1 },
  cos: { f32: 1.75, f64: 1 },
  erf: { f32: 1.75, f64: 1.75 },
  power: { f32: 0.75, f64: 2 },
};

/**
 * Code that leaves the function's value on the stack, for loops: the compiler of WebAssembly keeps the constants of an inlined
 * function out of the loop, and makes those of a called one anew each time, which costs as much as the arithmetic.
 */
export const inlineMath = (
  name: MathName,
  dtype: FloatDType,
  multiplyAdd: MultiplyAdd,
  declare: Declare,
  ...args: readonly Code[]
): Code => write(dtype, multiplyAdd, declare, (w) => FUNCTIONS[name](w, ...args));

const built = new Map<string, WasmFunction>();

/** (v128[, v128]) → v128. Always the same value for the same arguments, so that a module has one copy. */
export const mathFunction = (name: MathName, dtype: FloatDType, multiplyAdd: MultiplyAdd): WasmFunction => {
  const key = `${name}.${dtype}.${multiplyAdd}`;
  const known = built.get(key);
  if (known !== undefined) return known;
  const parameters = name === 'power' ? (['v128', 'v128'] as const) : (['v128'] as const);
  const made = wasmFunction(key, parameters, ['v128'], (declare, ...args) =>
    inlineMath(name, dtype, multiplyAdd, declare, ...args.map(({ get }) => get)),
  );
  built.set(key, made);
  return made;
};
