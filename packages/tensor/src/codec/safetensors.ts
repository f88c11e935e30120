/**
 * The safetensors format: named tensors behind a JSON header. Source: the format section of the safetensors documentation
 * (https://github.com/huggingface/safetensors): 8 bytes little-endian header length, header, then the elements.
 */
import type { Either } from 'fp-ts/lib/Either.js';
import { bytesPerElement, type DType } from '../dtype.js';
import type { NatgradError } from '../errors.js';
import { adopt, elements, type Tensor } from '../tensor.js';
import { describeJson, type Json, parseJson } from './json.js';
import { compareNames, decodeUtf8, encodeUtf8, isWellFormed, namedTensors, nameRecord } from './names.js';
import { byteLength, checkGeometry, readElements, writeElements } from './raw.js';
import { quote, type Refuse, reading, refuseFor } from './refuse.js';

/** The format's own bound. */
const MAX_HEADER = 100_000_000;
/** Header, tensor, list of numbers. */
const MAX_DEPTH = 3;
const METADATA = '__metadata__';

const CODES: Readonly<Record<DType, string>> = { f64: 'F64', f32: 'F32', i32: 'I32', bool: 'BOOL' };
const DTYPES_BY_CODE: ReadonlyMap<string, DType> = new Map([
  ['F64', 'f64'],
  ['F32', 'f32'],
  ['I32', 'i32'],
  ['BOOL', 'bool'],
]);
/** Widest first, so that each tensor in a written file is aligned to its element size. */
const LAYOUT: readonly DType[] = ['f64', 'f32', 'i32', 'bool'];

const remedy = (code: string): string => {
  if (/^(?:F16|BF16|F8_.*|F4|F6_.*)$/.test(code))
    return 'F32, F64, I32 or BOOL: save it as F32, which holds all its values';
  if (/^(?:I8|U8|I16|U16)$/.test(code)) return 'F32, F64, I32 or BOOL: save it as I32, which holds all its values';
  if (/^(?:U32|I64|U64)$/.test(code)) return 'F32, F64, I32 or BOOL: save it as I32 where its values fit, else as F64';
  return 'F32, F64, I32 or BOOL';
};

export interface SafetensorsContent {
  readonly tensors: Readonly<Record<string, Tensor>>;
  /** Free text about the file; empty when there is none. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** A tensor as the header tells of it. */
interface Listed {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

const readHeader = (
  bytes: Uint8Array,
  refuse: Refuse,
): { readonly header: ReadonlyMap<string, Json>; readonly data: Uint8Array } => {
  if (bytes.length < 8) throw refuse.malformed('header length', `a file of ${bytes.length} bytes`, 'at least 8 bytes');
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > MAX_HEADER) throw refuse.malformed('header length', String(length), `at most ${MAX_HEADER}`);
  if (length > bytes.length - 8)
    throw refuse.malformed('header length', String(length), `at most the ${bytes.length - 8} bytes that follow`);
  const end = 8 + Number(length);
  const text = decodeUtf8(bytes.subarray(8, end));
  if (text === undefined) throw refuse.malformed('header', 'bytes that are not UTF-8', 'JSON in UTF-8');
  if (!text.startsWith('{')) throw refuse.malformed('header', `${quote(text.slice(0, 20))} at character 0`, '"{"');
  return {
    header: parseJson(text, MAX_DEPTH, 'header', refuse) as ReadonlyMap<string, Json>,
    data: bytes.subarray(end),
  };
};

const readMetadata = (value: Json | undefined, refuse: Refuse): Readonly<Record<string, string>> => {
  if (value === undefined) return nameRecord([]);
  if (!(value instanceof Map)) throw refuse.malformed(METADATA, describeJson(value), 'an object of strings');
  for (const [key, text] of value as ReadonlyMap<string, Json>)
    if (typeof text !== 'string') throw refuse.malformed(`${METADATA}: ${quote(key)}`, describeJson(text), 'a string');
  return nameRecord(value as ReadonlyMap<string, string>);
};

const wholeNumbers = (value: Json | undefined, field: string, expected: string, refuse: Refuse): readonly number[] => {
  if (!Array.isArray(value)) throw refuse.malformed(field, describeJson(value), expected);
  for (const item of value as readonly Json[])
    if (typeof item !== 'number') throw refuse.malformed(field, `${describeJson(item)} in the list`, expected);
  return value as readonly number[];
};

const readListed = (name: string, value: Json, available: number, refuse: Refuse): Listed => {
  if (!(value instanceof Map))
    throw refuse.malformed('entry', describeJson(value), 'an object with dtype, shape and data_offsets');
  const entry = value as ReadonlyMap<string, Json>;
  for (const key of entry.keys())
    if (!['dtype', 'shape', 'data_offsets'].includes(key))
      throw refuse.unsupported('entry', `the key ${quote(key)}`, 'dtype, shape and data_offsets only');
  const code = entry.get('dtype');
  if (typeof code !== 'string') throw refuse.malformed('dtype', describeJson(code), 'a string such as "F32"');
  const dtype = DTYPES_BY_CODE.get(code);
  if (dtype === undefined) throw refuse.unsupported('dtype', quote(code), remedy(code));
  const shape = wholeNumbers(entry.get('shape'), 'shape', 'a list of whole numbers', refuse);
  const offsets = wholeNumbers(entry.get('data_offsets'), 'data_offsets', '[start, end]', refuse);
  const [start, end] = offsets as [number, number];
  if (offsets.length !== 2 || start > end || end > available)
    throw refuse.malformed('data_offsets', `[${offsets.slice(0, 4).join(',')}]`, `0 ≤ start ≤ end ≤ ${available}`);
  const expected = checkGeometry(shape, refuse) * bytesPerElement(dtype);
  if (end - start !== expected)
    throw refuse.malformed(
      'data_offsets',
      `[${start},${end}], ${end - start} bytes`,
      `${expected} bytes for ${dtype}[${shape.join(',')}]`,
    );
  return { name, dtype, shape, start, end };
};

/** The ranges, in order, must cover the data: no gap, no overlap, nothing left. */
const checkCover = (listed: readonly Listed[], available: number, refuse: Refuse): void => {
  let covered = 0;
  for (const { name, start, end } of [...listed].sort((a, b) => a.start - b.start || a.end - b.end)) {
    if (start !== covered)
      throw refuse
        .within(quote(name))
        .malformed(
          'data_offsets',
          `[${start},${end}], ${start < covered ? 'an overlap with the tensor before it' : 'a gap before it'}`,
          `a start at ${covered}`,
        );
    covered = end;
  }
  if (covered !== available)
    throw refuse.malformed('data', `${available} bytes`, `${covered} bytes, where the last tensor ends`);
};

const parseSafetensors = (bytes: Uint8Array, refuse: Refuse): SafetensorsContent => {
  const { header, data } = readHeader(bytes, refuse);
  const metadata = readMetadata(header.get(METADATA), refuse);
  const listed = [...header]
    .filter(([name]) => name !== METADATA)
    .map(([name, value]) => readListed(name, value, data.length, refuse.within(quote(name))));
  checkCover(listed, data.length, refuse);
  const tensors = listed.map(({ name, dtype, shape, start, end }) => {
    const read = readElements(data.subarray(start, end), dtype, true, refuse.within(quote(name)));
    return [name, adopt(read, dtype, shape)] as const;
  });
  return { tensors: nameRecord(tensors), metadata };
};

/**
 * Reads a safetensors file. `F32`, `F64`, `I32` and `BOOL` become `f32`, `f64`, `i32` and `bool`, to the bit. The records in
 * the result have no prototype, so that every name, also `__proto__`, is just a name.
 *
 * @returns `Left` with code `Malformed` when the file contradicts the format (offsets that overlap, leave gaps or leave the
 * file, keys that repeat, a header beyond 100 MB, …), and `Unsupported` for types that tensors do not have, with the type to
 * save them in.
 * @see https://github.com/huggingface/safetensors, section “Format”.
 * @example
 * ```ts
 * const file = encodeSafetensors({ 'layer.weight': tensor([[1, 2]], 'f32') }, { step: '3' });
 * const read = decodeSafetensors(file);
 * console.log(read._tag === 'Right' && format(read.right.tensors['layer.weight']!)); // f32[1,2] [[1, 2]]
 * console.log(read._tag === 'Right' && read.right.metadata['step']); // 3
 * ```
 */
export const decodeSafetensors = (bytes: Uint8Array): Either<NatgradError, SafetensorsContent> =>
  reading('decodeSafetensors', bytes, parseSafetensors);

const checkText = (field: string, text: unknown, refuse: Refuse): string => {
  if (typeof text !== 'string' || !isWellFormed(text))
    throw refuse.malformed(field, typeof text === 'string' ? quote(text) : typeof text, 'well-formed text');
  return text;
};

/** The header's text: metadata first, keys in the given order, no blanks. Assembled by hand, for objects reorder numeric keys. */
const headerText = (
  named: readonly (readonly [string, Tensor])[],
  metadata: readonly (readonly [string, string])[],
): string => {
  const parts: string[] = [];
  if (metadata.length > 0)
    parts.push(
      `"${METADATA}":{${metadata.map(([key, text]) => `${JSON.stringify(key)}:${JSON.stringify(text)}`).join(',')}}`,
    );
  let start = 0;
  for (const [name, tensor] of named) {
    const end = start + byteLength(tensor);
    parts.push(
      `${JSON.stringify(name)}:{"dtype":"${CODES[tensor.dtype]}","shape":[${tensor.shape.join(',')}],"data_offsets":[${start},${end}]}`,
    );
    start = end;
  }
  return `{${parts.join(',')}}`;
};

/**
 * Writes a safetensors file. Equal contents give equal bytes, those of the reference implementation: tensors are laid out by
 * element width, widest first, then by name, so that each is aligned; the header is padded with blanks to 8 bytes.
 *
 * @throws `TracedValue` inside a traced function; `Malformed` for names and metadata that are not well-formed text, and for a
 * tensor named `__metadata__`; `Unsupported` beyond 64 axes or a header of 100 MB.
 * @example
 * ```ts
 * const file = encodeSafetensors({ b: scalar(1, 'f32'), a: scalar(2, 'f32') });
 * console.log(file.length % 8); // 0
 * console.log(String.fromCharCode(...file.subarray(8, 12))); // {"a"
 * ```
 */
export const encodeSafetensors = (
  tensors: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array => {
  const refuse = refuseFor('encodeSafetensors');
  const named = namedTensors(tensors, 'encodeSafetensors');
  for (const [name, tensor] of named) {
    elements(tensor, 'encodeSafetensors');
    if (checkText('name', name, refuse) === METADATA)
      throw refuse.malformed('name', quote(name), 'another name: this one stands for the metadata');
    checkGeometry(tensor.shape, refuse.within(quote(name)));
  }
  named.sort(([a, x], [b, y]) => LAYOUT.indexOf(x.dtype) - LAYOUT.indexOf(y.dtype) || compareNames(a, b));
  const notes = Object.entries(metadata).sort(([a], [b]) => compareNames(a, b));
  for (const [key, text] of notes) {
    checkText(METADATA, key, refuse);
    checkText(`${METADATA}: ${quote(key)}`, text, refuse);
  }
  const text = encodeUtf8(headerText(named, notes));
  const headerLength = Math.ceil(text.length / 8) * 8;
  if (headerLength > MAX_HEADER) throw refuse.unsupported('header', `${headerLength} bytes`, `at most ${MAX_HEADER}`);
  let offset = 8 + headerLength;
  const bytes = new Uint8Array(named.reduce((total, [, tensor]) => total + byteLength(tensor), offset));
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.fill(0x20, 8, offset);
  bytes.set(text, 8);
  for (const [, tensor] of named) {
    writeElements(tensor, bytes, offset, 'encodeSafetensors');
    offset += byteLength(tensor);
  }
  return bytes;
};
