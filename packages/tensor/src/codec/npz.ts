/** NumPy's `.npz` format: a ZIP archive with one `.npy` file per array. Source: documentation of `numpy.savez`. */
import type { Either } from 'fp-ts/lib/Either.js';
import type { NatgradError } from '../errors.js';
import type { Tensor } from '../tensor.js';
import { encodeUtf8, isWellFormed, namedTensors, nameRecord } from './names.js';
import { formatNpy, parseNpy } from './npy.js';
import { quote, type Refuse, reading, refuseFor } from './refuse.js';
import { listZip, readEntry, writeZip, type ZipEntry } from './zip.js';

const SUFFIX = '.npy';

export interface NpzReadOptions {
  /** Most bytes that all arrays together may have after decompression; 1 GiB unless given. */
  readonly maxBytes?: number;
}

export interface NpzWriteOptions {
  /** True to deflate, as `numpy.savez_compressed` does; `numpy.savez` and this function store. */
  readonly compress?: boolean;
}

const readArray = (entry: ZipEntry, refuse: Refuse): readonly [string, Tensor] => {
  if (!entry.name.endsWith(SUFFIX))
    throw refuse.unsupported(
      quote(entry.name),
      'an entry that is not an .npy file',
      'arrays only, as numpy.savez writes them',
    );
  return [entry.name.slice(0, -SUFFIX.length), parseNpy(readEntry(entry, refuse), refuse.within(quote(entry.name)))];
};

/**
 * Reads a file of NumPy's `.npz` format, stored or compressed. The result has no prototype, so that every name, also
 * `__proto__`, is just a name. CRCs are checked; sizes are checked before anything is decompressed.
 *
 * @returns `Left` with code `Malformed` when the file contradicts the format (two arrays of one name, overlapping entries,
 * wrong sizes or CRCs, anything that `decodeNpy` refuses), and `Unsupported` for ZIP64, encryption, other compression
 * methods, entries that are no arrays, and contents larger than `maxBytes`.
 * @example
 * ```ts
 * const file = encodeNpz({ weights: tensor([[1, 2]]), bias: tensor([3]) });
 * const read = decodeNpz(file);
 * console.log(read._tag === 'Right' && Object.keys(read.right).join(' ')); // bias weights
 * ```
 */
export const decodeNpz = (
  bytes: Uint8Array,
  { maxBytes = 2 ** 30 }: NpzReadOptions = {},
): Either<NatgradError, Readonly<Record<string, Tensor>>> =>
  reading('decodeNpz', bytes, (file, refuse) =>
    nameRecord(listZip(file, maxBytes, refuse).map((entry) => readArray(entry, refuse))),
  );

/**
 * Writes tensors in NumPy's `.npz` format. Equal records give equal bytes: entries are sorted by name and carry no date.
 *
 * @throws `TracedValue` inside a traced function; `Unsupported` beyond 65534 arrays or 4 GiB; `Malformed` for a name that is
 * not well-formed text, contains NUL or is longer than 65531 bytes.
 * @example
 * ```ts
 * const file = encodeNpz({ x: zeros([100, 10]) }, { compress: true });
 * console.log(file.length < 1000); // true
 * ```
 */
export const encodeNpz = (
  record: Readonly<Record<string, Tensor>>,
  { compress = false }: NpzWriteOptions = {},
): Uint8Array => {
  const refuse = refuseFor('encodeNpz');
  const entries = new Map<string, Uint8Array>();
  let total = 22;
  for (const [name, tensor] of namedTensors(record, 'encodeNpz')) {
    const nameLength = encodeUtf8(name).length + SUFFIX.length;
    if (!isWellFormed(name) || name.includes('\0') || nameLength > 0xffff)
      throw refuse.malformed('name', quote(name), 'well-formed text without NUL, at most 65531 bytes');
    const bytes = formatNpy(tensor, refuse.within(quote(name)), 'encodeNpz');
    entries.set(`${name}${SUFFIX}`, bytes);
    // Both headers, and deflate's overhead where nothing can be compressed.
    total += 76 + 2 * nameLength + bytes.length + 5 * Math.ceil(bytes.length / 16384) + 16;
  }
  if (entries.size >= 0xffff || total >= 0xffffffff)
    throw refuse.unsupported(
      'record',
      `${entries.size} arrays, ${total} bytes`,
      'fewer than 65535 arrays and 4 GiB: write several files',
    );
  return writeZip(entries, compress);
};
