/** Scalar 64-bit integers and what turns them into floats (Core 2.0, section 5.4.5). Only the reduction of huge angles uses them. */
import { type Code, signed } from './encode.js';

type Unary = (a: Code) => Code;
type Binary = (a: Code, b: Code) => Code;
type Named<Name extends string, Form> = { readonly [name in Name]: Form };

const unary =
  (opcode: number): Unary =>
  (a) => [a, opcode];
const binary =
  (opcode: number): Binary =>
  (a, b) => [a, b, opcode];

export const i64: Named<'const', (value: bigint) => Code> &
  Named<'clz' | 'fromI32U' | 'bits', Unary> &
  Named<'ltU' | 'add' | 'sub' | 'mul' | 'and' | 'or' | 'xor' | 'shl' | 'shrS' | 'shrU', Binary> = {
  const: (value: bigint): Code => [0x42, signed(BigInt.asIntN(64, value))],
  ltU: binary(0x54),
  clz: unary(0x79),
  add: binary(0x7c),
  sub: binary(0x7d),
  mul: binary(0x7e),
  and: binary(0x83),
  or: binary(0x84),
  xor: binary(0x85),
  shl: binary(0x86),
  shrS: binary(0x87),
  shrU: binary(0x88),
  fromI32U: unary(0xad),
  /** The bits of an f64. */
  bits: unary(0xbd),
};

/** The low half of an i64. */
export const wrapToI32: Unary = unary(0xa7);
/** An f64 of the value of an i64, unsigned. */
export const f64FromU64: Unary = unary(0xba);
/** The f64 with these bits. */
export const f64FromBits: Unary = unary(0xbf);
