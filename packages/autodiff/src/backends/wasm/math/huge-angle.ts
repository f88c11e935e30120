/**
 * Angles beyond the reach of Cody & Waite: a·2/π modulo 4 in integers (Payne & Hanek, ACM SIGNUM Newsletter 18, 1983). The angle is
 * M·2ᴱ with M < 2⁵³; bits of 2/π that only add multiples of 4 are left out, the next 192 are multiplied by M. What is cut off is
 * below 2⁻¹³⁷, and no f64 comes nearer than 2⁻⁶¹ to a multiple of π/2 (Kahan 1983; Muller, Elementary Functions, 10.4).
 */
import { type Code, call, type Local, type WasmFunction, wasmFunction } from '../encode.js';
import { f64, f64x2, i32, when } from '../instructions.js';
import { f64FromBits, f64FromU64, i64, wrapToI32 } from '../instructions-i64.js';

/** 2⁶⁴ times no bits, then 2/π: 1216 bits after the point, floor(2¹²¹⁶·2/π) in hexadecimal. */
const TWO_OVER_PI =
  '0000000000000000a2f9836e4e441529fc2757d1f534ddc0db6295993c439041fe5163abdebbc561b7246e3a424dd2e006492eea09d1921cfe1deb1cb129a73e' +
  'e88235f52ebb4484e99c7026b45f7e413991d639835339f49c845f8bbdf9283b1ff897ffde05980fef2f118b5a0a6d1f6d367ecf27cb09b74f463f669e5fea2d' +
  '7527bac7ebe5f17b3d0739f78a5292ea6bfb5fb11f8d5d0856033046fc7b6bab';

const RETURN = 0x0f;
const word = (value: bigint | number): Code => i64.const(BigInt(value));

/** Word i of the table. */
const tableWord: WasmFunction = wasmFunction('twoOverPi', ['i32'], ['i64'], (_, i) => [
  Array.from({ length: TWO_OVER_PI.length / 16 }, (_unused, at) =>
    when(i32.eq(i.get, i32.const(at)), [word(BigInt(`0x${TWO_OVER_PI.slice(16 * at, 16 * at + 16)}`)), RETURN]),
  ),
  word(0),
]);

/** The upper 64 bits of the product of two unsigned words, by halves of 32 bits. */
const multiplyHigh: WasmFunction = wasmFunction('multiplyHigh', ['i64', 'i64'], ['i64'], (local, a, b) => {
  const low = (x: Local): Code => i64.and(x.get, word(0xffff_ffffn));
  const high = (x: Local): Code => i64.shrU(x.get, word(32));
  const [middle, cross] = [local('i64'), local('i64')];
  return [
    middle.set(i64.add(i64.mul(high(a), low(b)), i64.shrU(i64.mul(low(a), low(b)), word(32)))),
    cross.set(i64.add(i64.mul(low(a), high(b)), low(middle))),
    i64.add(i64.mul(high(a), high(b)), i64.add(high(middle), high(cross))),
  ];
});

/**
 * For finite a ≥ 2²⁰: n modulo 4 as a number, and the high and low part of g with a·2/π = n + g (modulo 4), |g| ≤ ½.
 * Any other number gives some numbers.
 */
const hugeAngle: WasmFunction = wasmFunction('hugeAngle', ['f64'], ['f64', 'f64', 'f64'], (local, a) => {
  const [bits, position, shift, carry] = [local('i64'), local('i64'), local('i64'), local('i64')];
  const [w0, w1, w2] = [local('i64'), local('i64'), local('i64')];
  const [top, middle, bottom] = [local('i64'), local('i64'), local('i64')];
  const [quadrant, sign, zeros, first] = [local('i64'), local('i64'), local('i64'), local('i64')];
  const index = local('i32');
  const size = local('f64');
  const tableAt = (offset: number): Code => call(tableWord, i32.add(index.get, i32.const(offset)));
  const upper = (x: Local, y: Code): Code => call(multiplyHigh, x.get, y);
  /** 64 bits from the position on; a shift by 64 is one by 1 and one by 63. */
  const window = (offset: number): Code =>
    i64.or(
      i64.shl(tableAt(offset), shift.get),
      i64.shrU(i64.shrU(tableAt(offset + 1), word(1)), i64.sub(word(63), shift.get)),
    );
  const signed = (x: Local, addend: Code): Code => i64.add(i64.xor(x.get, sign.get), addend);
  return [
    bits.set(i64.bits(a.get)),
    // The exponent field is E + 1075; the first bit that counts has weight 2^(1 − E), and the table starts with weight 2⁶³.
    position.set(i64.add(i64.shrU(bits.get, word(52)), word(63 - 1 - 1075))),
    bits.set(i64.or(i64.and(bits.get, word((1n << 52n) - 1n)), word(1n << 52n))),
    index.set(wrapToI32(i64.shrU(position.get, word(6)))),
    shift.set(i64.and(position.get, word(63))),
    w0.set(window(0)),
    w1.set(window(1)),
    w2.set(window(2)),
    // M times the 192 bits, modulo 2¹⁹².
    bottom.set(i64.mul(bits.get, w2.get)),
    carry.set(upper(bits, w2.get)),
    middle.set(i64.add(i64.mul(bits.get, w1.get), carry.get)),
    top.set(
      i64.add(i64.add(i64.mul(bits.get, w0.get), upper(bits, w1.get)), i64.fromI32U(i64.ltU(middle.get, carry.get))),
    ),
    // Two bits of n; the rest is the fraction, and from ½ on it belongs to the next n, as two's complement has it.
    quadrant.set(i64.shrU(top.get, word(62))),
    top.set(i64.or(i64.shl(top.get, word(2)), i64.shrU(middle.get, word(62)))),
    middle.set(i64.or(i64.shl(middle.get, word(2)), i64.shrU(bottom.get, word(62)))),
    quadrant.set(i64.add(quadrant.get, i64.shrU(top.get, word(63)))),
    // Absolute value of the 128 bits; the carry of the negation is below what counts.
    sign.set(i64.shrS(top.get, word(63))),
    top.set(signed(top, word(0))),
    middle.set(signed(middle, word(0))),
    zeros.set(i64.clz(top.get)),
    first.set(
      i64.or(i64.shl(top.get, zeros.get), i64.shrU(i64.shrU(middle.get, word(1)), i64.sub(word(63), zeros.get))),
    ),
    middle.set(i64.shl(middle.get, zeros.get)),
    // ±2^−zeros, the unit of the highest bit being ½.
    size.set(
      f64FromBits(i64.or(i64.and(sign.get, word(1n << 63n)), i64.shl(i64.sub(word(1023), zeros.get), word(52)))),
    ),
    f64FromU64(i64.and(quadrant.get, word(3))),
    f64.mul(size.get, f64.mul(f64FromU64(i64.shrU(first.get, word(11))), f64.const(2 ** -53))),
    f64.mul(
      size.get,
      f64.mul(f64FromU64(i64.or(i64.shl(first.get, word(53)), i64.shrU(middle.get, word(11)))), f64.const(2 ** -117)),
    ),
  ];
});

/** `hugeAngle` of both lanes. */
export const hugeAngles: WasmFunction = wasmFunction('hugeAngles', ['v128'], ['v128', 'v128', 'v128'], (local, a) => {
  const lanes = [0, 1].map((lane) => ({
    lane,
    parts: [local('f64'), local('f64'), local('f64')] as const,
  }));
  const both = (part: 0 | 1 | 2): Code =>
    f64x2.replaceLane(f64x2.splat(lanes[0]!.parts[part].get), 1, lanes[1]!.parts[part].get);
  return [
    lanes.map(({ lane, parts: [n, high, low] }) => [
      call(hugeAngle, f64x2.extractLane(a.get, lane)),
      low.set([]),
      high.set([]),
      n.set([]),
    ]),
    both(0),
    both(1),
    both(2),
  ];
});
