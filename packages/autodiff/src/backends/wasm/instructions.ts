/**
 * Instructions by their names in the WebAssembly specification (Core 2.0, section 5.4; relaxed SIMD proposal for the last ones),
 * as functions from operands to code.
 */
import { type Code, floatBytes, type Local, signed, unsigned } from './encode.js';

/** Instructions of one form, by name. */
type Named<Name extends string, Form> = { readonly [name in Name]: Form };

type Unary = (a: Code) => Code;
type Binary = (a: Code, b: Code) => Code;
type Ternary = (a: Code, b: Code, c: Code) => Code;

const unary =
  (...opcode: readonly number[]): Unary =>
  (a) => [a, opcode];
const binary =
  (...opcode: readonly number[]): Binary =>
  (a, b) => [a, b, opcode];
const simd = (opcode: number): readonly number[] => [0xfd, ...unsigned(opcode)];
const simd1 = (opcode: number): Unary => unary(...simd(opcode));
const simd2 = (opcode: number): Binary => binary(...simd(opcode));
const simd3 =
  (opcode: number): Ternary =>
  (a, b, c) => [a, b, c, simd(opcode)];

/** Memory operands: alignment as a power of two, and a constant offset that is added to the address. */
const at = (align: number, offset: number): Code => [align, unsigned(offset)];
type Load = (address: Code, offset?: number) => Code;
type Store = (address: Code, value: Code, offset?: number) => Code;
const load =
  (align: number, ...opcode: readonly number[]): Load =>
  (address, offset = 0) => [address, opcode, at(align, offset)];
const store =
  (align: number, ...opcode: readonly number[]): Store =>
  (address, value, offset = 0) => [address, value, opcode, at(align, offset)];
type StoreLane = (address: Code, value: Code, lane: number, offset?: number) => Code;
const storeLane =
  (align: number, opcode: number): StoreLane =>
  (address, value, lane, offset = 0) => [address, value, simd(opcode), at(align, offset), lane];
type LoadLane = (address: Code, value: Code, lane: number, offset?: number) => Code;
const loadLane: (align: number, opcode: number) => LoadLane = storeLane;
type Extract = (a: Code, lane: number) => Code;
const extract =
  (opcode: number): Extract =>
  (a, lane) => [a, simd(opcode), lane];
type Replace = (a: Code, lane: number, x: Code) => Code;
const replace =
  (opcode: number): Replace =>
  (a, lane, x) => [a, x, simd(opcode), lane];

export const i32: Named<'const', (value: number) => Code> &
  Named<'load' | 'load8u', Load> &
  Named<'store' | 'store8', Store> &
  Named<'eqz', Unary> &
  Named<'eq' | 'ne' | 'ltS' | 'ltU' | 'gtU' | 'leU' | 'geU', Binary> &
  Named<'add' | 'sub' | 'mul' | 'divU' | 'remU' | 'and' | 'or' | 'shl' | 'shrU', Binary> = {
  const: (value: number): Code => [0x41, signed(BigInt(value | 0))],
  load: load(2, 0x28),
  load8u: load(0, 0x2d),
  store: store(2, 0x36),
  store8: store(0, 0x3a),
  eqz: unary(0x45),
  eq: binary(0x46),
  ne: binary(0x47),
  ltS: binary(0x48),
  ltU: binary(0x49),
  gtU: binary(0x4b),
  leU: binary(0x4d),
  geU: binary(0x4f),
  add: binary(0x6a),
  sub: binary(0x6b),
  mul: binary(0x6c),
  divU: binary(0x6e),
  remU: binary(0x70),
  and: binary(0x71),
  or: binary(0x72),
  shl: binary(0x74),
  shrU: binary(0x76),
};

type ScalarFloat = Named<'const', (value: number) => Code> &
  Named<'load', Load> &
  Named<'store', Store> &
  Named<'add' | 'sub' | 'mul', Binary>;

export const f64: ScalarFloat & Named<'promote', Unary> = {
  const: (value: number): Code => [0x44, floatBytes(value, 'f64')],
  load: load(3, 0x2b),
  store: store(3, 0x39),
  add: binary(0xa0),
  sub: binary(0xa1),
  mul: binary(0xa2),
  promote: unary(0xbb),
};

export const v128: Named<'load' | 'load32Splat' | 'load64Splat' | 'load32Zero' | 'load64Zero', Load> &
  Named<'load8Lane' | 'load16Lane' | 'load32Lane' | 'load64Lane', LoadLane> &
  Named<'store', Store> &
  Named<'store8Lane' | 'store16Lane' | 'store32Lane' | 'store64Lane', StoreLane> &
  Named<'const', (bytes: readonly number[]) => Code> &
  Named<'shuffle', (a: Code, b: Code, lanes: readonly number[]) => Code> &
  Named<'not' | 'anyTrue', Unary> &
  Named<'and' | 'andnot' | 'or' | 'xor', Binary> &
  Named<'bitselect', Ternary> = {
  load: load(4, ...simd(0x00)),
  load32Splat: load(2, ...simd(0x09)),
  load64Splat: load(3, ...simd(0x0a)),
  load32Zero: load(2, ...simd(0x5c)),
  load64Zero: load(3, ...simd(0x5d)),
  load8Lane: loadLane(0, 0x54),
  load16Lane: loadLane(1, 0x55),
  load32Lane: loadLane(2, 0x56),
  load64Lane: loadLane(3, 0x57),
  store: store(4, ...simd(0x0b)),
  store8Lane: storeLane(0, 0x58),
  store16Lane: storeLane(1, 0x59),
  store32Lane: storeLane(2, 0x5a),
  store64Lane: storeLane(3, 0x5b),
  /** Sixteen bytes. */
  const: (bytes: readonly number[]): Code => [simd(0x0c), bytes],
  /** Bytes of `a` (0–15) and `b` (16–31) by number. */
  shuffle: (a: Code, b: Code, lanes: readonly number[]): Code => [a, b, simd(0x0d), lanes],
  not: simd1(0x4d),
  and: simd2(0x4e),
  /** `a ∧ ¬b`. */
  andnot: simd2(0x4f),
  or: simd2(0x50),
  xor: simd2(0x51),
  /** Bits of `a` where `mask` is 1, of `b` where it is 0. */
  bitselect: simd3(0x52),
  anyTrue: simd1(0x53),
};

type Comparison = 'eq' | 'ne' | 'lt' | 'gt' | 'le' | 'ge';

const comparisons = (first: number): Named<Comparison, Binary> => ({
  eq: simd2(first),
  ne: simd2(first + 1),
  lt: simd2(first + 2),
  gt: simd2(first + 3),
  le: simd2(first + 4),
  ge: simd2(first + 5),
});

type FloatArithmetic = Named<'abs' | 'neg' | 'sqrt', Unary> &
  Named<'add' | 'sub' | 'mul' | 'div' | 'min' | 'max' | 'pmin' | 'pmax', Binary>;

const floatArithmetic = (first: number): FloatArithmetic => ({
  abs: simd1(first),
  neg: simd1(first + 1),
  sqrt: simd1(first + 3),
  add: simd2(first + 4),
  sub: simd2(first + 5),
  mul: simd2(first + 6),
  div: simd2(first + 7),
  min: simd2(first + 8),
  max: simd2(first + 9),
  pmin: simd2(first + 10),
  pmax: simd2(first + 11),
});

/** What vectors of both float types have. */
export type FloatLanes = Named<'splat' | 'ceil' | 'floor' | 'trunc' | 'nearest', Unary> &
  Named<'extractLane', Extract> &
  Named<'replaceLane', Replace> &
  Named<'const', (value: number) => Code> &
  Named<Comparison, Binary> &
  FloatArithmetic &
  Named<'relaxedMadd' | 'relaxedNmadd', Ternary>;

export const f32x4: FloatLanes & Named<'convertI32' | 'demoteF64Zero', Unary> = {
  splat: simd1(0x13),
  extractLane: extract(0x1f),
  replaceLane: replace(0x20),
  /** One number in all lanes. */
  const: (value: number): Code => {
    const bytes = floatBytes(value, 'f32');
    return v128.const([...bytes, ...bytes, ...bytes, ...bytes]);
  },
  ...comparisons(0x41),
  ceil: simd1(0x67),
  floor: simd1(0x68),
  trunc: simd1(0x69),
  nearest: simd1(0x6a),
  ...floatArithmetic(0xe0),
  convertI32: simd1(0xfa),
  demoteF64Zero: simd1(0x5e),
  /** a·b + c, rounded once or twice. */
  relaxedMadd: simd3(0x105),
  /** −a·b + c, rounded once or twice. */
  relaxedNmadd: simd3(0x106),
};

export const f64x2: FloatLanes & Named<'convertLowI32' | 'promoteLowF32', Unary> = {
  splat: simd1(0x14),
  extractLane: extract(0x21),
  replaceLane: replace(0x22),
  /** One number in both lanes. */
  const: (value: number): Code => {
    const bytes = floatBytes(value, 'f64');
    return v128.const([...bytes, ...bytes]);
  },
  ...comparisons(0x47),
  ceil: simd1(0x74),
  floor: simd1(0x75),
  trunc: simd1(0x7a),
  nearest: simd1(0x94),
  ...floatArithmetic(0xec),
  convertLowI32: simd1(0xfe),
  promoteLowF32: simd1(0x5f),
  /** a·b + c, rounded once or twice. */
  relaxedMadd: simd3(0x107),
  /** −a·b + c, rounded once or twice. */
  relaxedNmadd: simd3(0x108),
};

const integerLanes = (value: number): readonly number[] => [...new Uint8Array(Int32Array.of(value).buffer)];

export const i32x4: Named<'splat' | 'abs' | 'neg' | 'extendLowU16' | 'truncSatF32' | 'truncSatF64Zero', Unary> &
  Named<'extractLane', Extract> &
  Named<'replaceLane', Replace> &
  Named<'const', (value: number) => Code> &
  Named<Comparison | 'shl' | 'shrS' | 'shrU' | 'add' | 'sub' | 'mul' | 'minS' | 'maxS', Binary> = {
  splat: simd1(0x11),
  extractLane: extract(0x1b),
  replaceLane: replace(0x1c),
  const: (value: number): Code => {
    const bytes = integerLanes(value);
    return v128.const([...bytes, ...bytes, ...bytes, ...bytes]);
  },
  eq: simd2(0x37),
  ne: simd2(0x38),
  lt: simd2(0x39),
  gt: simd2(0x3b),
  le: simd2(0x3d),
  ge: simd2(0x3f),
  abs: simd1(0xa0),
  neg: simd1(0xa1),
  shl: simd2(0xab),
  shrS: simd2(0xac),
  shrU: simd2(0xad),
  add: simd2(0xae),
  sub: simd2(0xb1),
  mul: simd2(0xb5),
  minS: simd2(0xb6),
  maxS: simd2(0xb8),
  extendLowU16: simd1(0xa9),
  truncSatF32: simd1(0xf8),
  truncSatF64Zero: simd1(0xfc),
};

export const i64x2: Named<'splat' | 'extendLowI32', Unary> &
  Named<'extractLane', Extract> &
  Named<'const', (value: bigint) => Code> &
  Named<'eq' | 'lt' | 'gt' | 'shl' | 'shrS' | 'shrU' | 'add' | 'sub', Binary> = {
  splat: simd1(0x12),
  extractLane: extract(0x1d),
  const: (value: bigint): Code => {
    const bytes = [...new Uint8Array(BigInt64Array.of(value).buffer)];
    return v128.const([...bytes, ...bytes]);
  },
  eq: simd2(0xd6),
  lt: simd2(0xd8),
  gt: simd2(0xd9),
  extendLowI32: simd1(0xc7),
  shl: simd2(0xcb),
  shrS: simd2(0xcc),
  shrU: simd2(0xcd),
  add: simd2(0xce),
  sub: simd2(0xd1),
};

export const i16x8: Named<'extendLowU8', Unary> & Named<'narrowI32', Binary> = {
  extendLowU8: simd1(0x89),
  narrowI32: simd2(0x85),
};
export const i8x16: Named<'narrowI16', Binary> = { narrowI16: simd2(0x65) };

const VOID = 0x40;

/** Runs `body` while `condition` holds; it is tested at the end of each turn, so once is the least. */
export const repeatWhile = (condition: Code, body: Code): Code => [0x03, VOID, body, condition, 0x0d, 0, 0x0b];

/** `repeatWhile` that {@link leaveWhen} in `body` may end, outside of any block of its own. */
export const repeatUntilLeft = (condition: Code, body: Code): Code => [0x02, VOID, repeatWhile(condition, body), 0x0b];
export const leaveWhen = (condition: Code): Code => [condition, 0x0d, 1];

export const when = (condition: Code, then: Code, otherwise: Code = []): Code => [
  condition,
  0x04,
  VOID,
  then,
  0x05,
  otherwise,
  0x0b,
];

/** `a` where `condition` is not 0, else `b`; both are computed. */
export const select = (a: Code, b: Code, condition: Code): Code => [a, b, condition, 0x1b];

/** `for (variable = start; variable < end; variable += step) body`, unsigned; `end` and `step` are computed every turn. */
export const forRange = (variable: Local, start: Code, end: Code, step: Code, body: Code): Code => [
  variable.set(start),
  when(i32.ltU(variable.get, end), repeatWhile(i32.ltU(variable.tee(i32.add(variable.get, step)), end), body)),
];
