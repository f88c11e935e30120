/**
 * NumPy's `.npy` format: one array with its type and shape. Source: NumPy Enhancement Proposal 1 and the documentation of
 * `numpy.lib.format` (versions 1.0, 2.0 and 3.0).
 */
import type { Either } from 'fp-ts/lib/Either.js';
import { bytesPerElement, type DType } from '../dtype.js';
import type { NatgradError } from '../errors.js';
import { type Shape, stridesOf } from '../shape.js';
import { elements, fromView, makeView, type Tensor } from '../tensor.js';
import { encodeUtf8 } from './names.js';
import { type NpyHeader, parseNpyHeader } from './npy-header.js';
import { byteLength, checkGeometry, readElements, writeElements } from './raw.js';
import { quote, type Refuse, reading, refuseFor } from './refuse.js';

/** `\x93NUMPY`. */
const MAGIC: readonly number[] = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** Far more than three keys and 64 extents need; only structured types, which are refused anyway, are longer. */
const MAX_HEADER = 2 ** 20;

const DESCRIPTORS: Readonly<Record<DType, string>> = { f32: '<f4', f64: '<f8', i32: '<i4', bool: '|b1' };

/** What to do in Python with the types that have no counterpart here, by the kind that is the descriptor's second letter. */
const REMEDIES: ReadonlyMap<string, string> = new Map([
  ['f', "one of <f4, <f8, <i4, |b1: save x.astype('<f4') or x.astype('<f8')"],
  ['i', "one of <f4, <f8, <i4, |b1: save x.astype('<i4') where the values fit into 32 bits, else x.astype('<f8')"],
  ['u', "one of <f4, <f8, <i4, |b1: save x.astype('<i4') where the values fit into 32 bits, else x.astype('<f8')"],
  ['c', 'real numbers: save x.real and x.imag as two arrays'],
  ['O', 'numbers: objects are stored as pickles, which are programs and are never run here'],
]);

const dtypeOf = (descr: string, refuse: Refuse): { readonly dtype: DType; readonly littleEndian: boolean } => {
  const littleEndian = descr[0] !== '>';
  switch (descr) {
    case '<f4':
    case '>f4':
      return { dtype: 'f32', littleEndian };
    case '<f8':
    case '>f8':
      return { dtype: 'f64', littleEndian };
    case '<i4':
    case '>i4':
      return { dtype: 'i32', littleEndian };
    case '|b1':
    case '<b1':
    case '>b1':
      return { dtype: 'bool', littleEndian };
    default:
      throw refuse.unsupported(
        'descr',
        quote(descr),
        REMEDIES.get(descr[1] ?? '') ??
          'one of <f4, <f8, <i4, |b1 (or > for big-endian): arrays of numbers or booleans',
      );
  }
};

/** Where the header's text starts and how long it is. */
const locateHeader = (bytes: Uint8Array, refuse: Refuse): { readonly start: number; readonly length: number } => {
  if (bytes.length < 10 || MAGIC.some((byte, i) => bytes[i] !== byte))
    throw refuse.malformed(
      'magic',
      `${bytes.length} bytes that begin with [${bytes.subarray(0, 8).join(',')}]`,
      '\\x93NUMPY',
    );
  const version = `${bytes[6]}.${bytes[7]}`;
  if (!['1.0', '2.0', '3.0'].includes(version))
    throw refuse.unsupported('version', version, 'version 1.0, 2.0 or 3.0: save it again with a current NumPy');
  const start = version === '1.0' ? 10 : 12;
  if (bytes.length < start)
    throw refuse.malformed('header length', `a file of ${bytes.length} bytes`, `at least ${start} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const length = version === '1.0' ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > bytes.length - start)
    throw refuse.malformed('header length', String(length), `at most the ${bytes.length - start} bytes that follow`);
  if (length > MAX_HEADER) throw refuse.unsupported('header length', String(length), `at most ${MAX_HEADER}`);
  return { start, length };
};

/** Versions 1.0 and 2.0 are Latin-1, 3.0 is UTF-8; everything that the parser accepts is ASCII, where both agree. */
const latin1 = (bytes: Uint8Array): string => {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
};

/** Elements in file order become a tensor; Fortran order is a matter of strides. */
const arrange = (data: ReturnType<typeof readElements>, dtype: DType, { shape, fortranOrder }: NpyHeader): Tensor =>
  fromView(
    makeView(data, shape, fortranOrder ? stridesOf([...shape].reverse()).reverse() : stridesOf(shape), 0),
    dtype,
  );

/** The parser behind `decodeNpy` and `decodeNpz`; throws what it refuses. */
export const parseNpy = (bytes: Uint8Array, refuse: Refuse): Tensor => {
  const { start, length } = locateHeader(bytes, refuse);
  const header = parseNpyHeader(latin1(bytes.subarray(start, start + length)), refuse);
  const { dtype, littleEndian } = dtypeOf(header.descr, refuse);
  const expected = checkGeometry(header.shape, refuse) * bytesPerElement(dtype);
  const data = bytes.subarray(start + length);
  if (data.length !== expected)
    throw refuse.malformed('data', `${data.length} bytes`, `${expected} bytes for ${dtype}[${header.shape.join(',')}]`);
  return arrange(readElements(data, dtype, littleEndian, refuse), dtype, header);
};

/** Python's notation for a tuple of numbers. */
const pythonTuple = (shape: Shape): string => (shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`);

/**
 * NumPy leaves room for 21 digits of the first extent, so that an array can be appended to in place, and pads with at least
 * one blank until the data starts at a multiple of 64 bytes; files written here equal NumPy's byte for byte.
 */
const headerFor = (tensor: Tensor): Uint8Array => {
  const { dtype, shape } = tensor;
  const dictionary = `{'descr': '${DESCRIPTORS[dtype]}', 'fortran_order': False, 'shape': ${pythonTuple(shape)}, }`;
  const room = shape.length === 0 ? 0 : 21 - String(shape[0]).length;
  const used = MAGIC.length + 4 + dictionary.length + room + 1;
  const text = `${dictionary}${' '.repeat(room + 64 - (used % 64))}\n`;
  return new Uint8Array([...MAGIC, 1, 0, text.length % 256, Math.floor(text.length / 256), ...encodeUtf8(text)]);
};

/** The writer behind `encodeNpy` and `encodeNpz`. */
export const formatNpy = (tensor: Tensor, refuse: Refuse, operation: string): Uint8Array => {
  // First of all, because a traced value or a foreign object has no elements to write.
  elements(tensor, operation);
  checkGeometry(tensor.shape, refuse);
  const header = headerFor(tensor);
  const bytes = new Uint8Array(header.length + byteLength(tensor));
  bytes.set(header);
  writeElements(tensor, bytes, header.length, operation);
  return bytes;
};

/**
 * Reads a file of NumPy's `.npy` format, versions 1.0 to 3.0, C or Fortran order, either byte order. The types `f4`, `f8`,
 * `i4` and `b1` become `f32`, `f64`, `i32` and `bool`, to the bit; nothing in the file is executed.
 *
 * @returns `Left` with code `Malformed` when the file contradicts the format (trailing bytes included), and `Unsupported`
 * for types that tensors do not have (`i8`, `u1`, objects, …), with the conversion to do in Python.
 * @see NumPy Enhancement Proposal 1, “A simple file format for NumPy arrays”.
 * @example
 * ```ts
 * const file = encodeNpy(tensor([[1, 2], [3, 4]]));
 * const read = decodeNpy(file);
 * console.log(read._tag === 'Right' && format(read.right)); // f64[2,2] [[1, 2], [3, 4]]
 * const cut = decodeNpy(file.subarray(0, 100));
 * console.log(cut._tag === 'Left' && cut.left.code); // Malformed
 * ```
 */
export const decodeNpy = (bytes: Uint8Array): Either<NatgradError, Tensor> => reading('decodeNpy', bytes, parseNpy);

/**
 * Writes a tensor in NumPy's `.npy` format, version 1.0, C order, little-endian, with the bytes that NumPy itself writes.
 *
 * @throws `TracedValue` inside a traced function; `Unsupported` beyond 64 axes.
 * @example
 * ```ts
 * const file = encodeNpy(tensor([1, 2, 3]));
 * console.log(file.length); // 152
 * console.log(String.fromCharCode(...file.subarray(1, 6))); // NUMPY
 * ```
 */
export const encodeNpy = (tensor: Tensor): Uint8Array => formatNpy(tensor, refuseFor('encodeNpy'), 'encodeNpy');
