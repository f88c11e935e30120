/** Four f32 as two times two f64, and back. */
import type { Code } from '../encode.js';
import { f32x4, f64x2, v128 } from '../instructions.js';

const bytes = (first: number): readonly number[] => Array.from({ length: 8 }, (_, i) => first + i);

export const wideHalf = (x: Code, upper: boolean): Code =>
  f64x2.promoteLowF32(upper ? v128.shuffle(x, x, [...bytes(8), ...bytes(8)]) : x);

/** Rounds once: overflow and denormal results come out right. */
export const narrowHalves = (lower: Code, upper: Code): Code =>
  v128.shuffle(f32x4.demoteF64Zero(lower), f32x4.demoteF64Zero(upper), [...bytes(0), ...bytes(16)]);

/** The low 32 bits of each of four 64-bit lanes. */
export const lowWords = (lower: Code, upper: Code): Code =>
  v128.shuffle(
    lower,
    upper,
    [0, 8, 16, 24].flatMap((first) => [first, first + 1, first + 2, first + 3]),
  );
