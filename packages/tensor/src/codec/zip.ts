/**
 * The part of the ZIP format that `.npz` files use, read strictly: stored and deflated entries, one disk, no encryption.
 * `fflate` does the compression; its own reader is not used, because it trusts the sizes in the directory, keeps the last of
 * two entries of one name and does not check CRCs. Source: PKWARE's APPNOTE 6.3.
 */
import { Inflate, zipSync } from 'fflate';
import { compareNames, decodeUtf8 } from './names.js';
import { quote, type Refuse } from './refuse.js';

export interface ZipEntry {
  readonly name: string;
  readonly deflated: boolean;
  readonly crc: number;
  /** The bytes as they stand in the archive. */
  readonly stored: Uint8Array;
  /** Length after decompression, as the directory claims it. */
  readonly size: number;
}

/** An entry with its place in the file, before its local header has been looked at. */
interface Listed extends Omit<ZipEntry, 'stored'> {
  readonly flags: number;
  readonly method: number;
  readonly storedSize: number;
  readonly offset: number;
  readonly rawName: Uint8Array;
}

const END_RECORD = 22;
const DIRECTORY_RECORD = 46;
const LOCAL_RECORD = 30;
/** Deflate spends at least two bits on 258 bytes of output. */
const MAX_RATIO = 1032;
/** Compressed bytes given to the decompressor at a time: it cannot run further ahead than `PIECE · MAX_RATIO` bytes. */
const PIECE = 2 ** 14;

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

type Numbers<Offsets extends readonly number[]> = { readonly [K in keyof Offsets]: number };

/** Several 16-bit fields of the record at `at`. */
const shorts = <const O extends readonly number[]>(view: DataView, at: number, offsets: O): Numbers<O> =>
  offsets.map((offset) => view.getUint16(at + offset, true)) as unknown as Numbers<O>;

/** Several 32-bit fields of the record at `at`. */
const longs = <const O extends readonly number[]>(view: DataView, at: number, offsets: O): Numbers<O> =>
  offsets.map((offset) => view.getUint32(at + offset, true)) as unknown as Numbers<O>;

const CRC_TABLE: Uint32Array = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit += 1) remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1;
  return remainder;
});

const crc32 = (bytes: Uint8Array): number => {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i += 1)
    crc = (CRC_TABLE[(crc ^ (bytes[i] as number)) & 0xff] as number) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
};

interface Directory {
  readonly start: number;
  readonly end: number;
  readonly count: number;
}

/** The end record stands last, before a comment whose length it knows. */
const findDirectory = (bytes: Uint8Array, refuse: Refuse): Directory => {
  const view = viewOf(bytes);
  for (let at = bytes.length - END_RECORD; at >= Math.max(0, bytes.length - END_RECORD - 0xffff); at -= 1) {
    if (view.getUint32(at, true) !== 0x06054b50 || view.getUint16(at + 20, true) !== bytes.length - at - END_RECORD)
      continue;
    const [disk, firstDisk, here, count] = shorts(view, at, [4, 6, 8, 10]);
    const [length, start] = longs(view, at, [12, 16]);
    if (count === 0xffff || length === 0xffffffff || start === 0xffffffff)
      throw refuse.unsupported('end record', 'a ZIP64 archive', 'an archive below 4 GiB with fewer than 65535 entries');
    if (disk !== 0 || firstDisk !== 0 || here !== count)
      throw refuse.unsupported('end record', 'an archive in several parts', 'one file');
    if (start + length !== at)
      throw refuse.malformed(
        'end record',
        `a directory of ${length} bytes at ${start}`,
        `a directory that ends at ${at}`,
      );
    return { start, end: at, count };
  }
  throw refuse.malformed('end record', `none in ${bytes.length} bytes`, 'a ZIP archive that ends with its end record');
};

const entryName = (raw: Uint8Array, flags: number, refuse: Refuse): string => {
  const name = decodeUtf8(raw);
  if (name === undefined || name.includes('\0'))
    throw refuse.malformed('name', `bytes [${raw.subarray(0, 20).join(',')}]`, 'UTF-8 without NUL');
  // Without the flag, bytes beyond ASCII are in an unknown encoding.
  if ((flags & 0x800) === 0 && raw.some((byte) => byte > 0x7f))
    throw refuse.unsupported('name', quote(name), 'ASCII, or a name marked as UTF-8');
  return name;
};

const readDirectory = (bytes: Uint8Array, { start, end, count }: Directory, refuse: Refuse): readonly Listed[] => {
  const view = viewOf(bytes);
  const listed: Listed[] = [];
  let at = start;
  while (at < end) {
    if (end - at < DIRECTORY_RECORD || view.getUint32(at, true) !== 0x02014b50)
      throw refuse.malformed('directory', `no record at ${at}`, `${count} records`);
    const [flags, method, nameLength, extra, comment] = shorts(view, at, [8, 10, 28, 30, 32]);
    const [crc, storedSize, size, offset] = longs(view, at, [16, 20, 24, 42]);
    const next = at + DIRECTORY_RECORD + nameLength + extra + comment;
    if (next > end)
      throw refuse.malformed('directory', `a record at ${at} that ends at ${next}`, `an end at ${end} or before`);
    const rawName = bytes.subarray(at + DIRECTORY_RECORD, at + DIRECTORY_RECORD + nameLength);
    const name = entryName(rawName, flags, refuse);
    if ((flags & 1) !== 0) throw refuse.unsupported(quote(name), 'an encrypted entry', 'a plain one');
    if (method !== 0 && method !== 8)
      throw refuse.unsupported(
        quote(name),
        `compression method ${method}`,
        'stored (0) or deflate (8), as numpy.savez writes them',
      );
    if (size === 0xffffffff || storedSize === 0xffffffff || offset === 0xffffffff)
      throw refuse.unsupported(quote(name), 'an entry with ZIP64 sizes', 'an entry below 4 GiB');
    listed.push({ name, deflated: method === 8, crc, size, flags, method, storedSize, offset, rawName });
    at = next;
  }
  if (listed.length !== count) throw refuse.malformed('directory', `${listed.length} records`, `${count} records`);
  return listed;
};

/** Finds an entry's bytes; the local header must tell the same story as the directory. */
const locate = (
  bytes: Uint8Array,
  limit: number,
  entry: Listed,
  refuse: Refuse,
): { readonly from: number; readonly to: number } => {
  const view = viewOf(bytes);
  const { name, offset, rawName } = entry;
  if (offset + LOCAL_RECORD > limit || view.getUint32(offset, true) !== 0x04034b50)
    throw refuse.malformed(quote(name), `no local header at ${offset}`, 'a local header where the directory says');
  const [flags, method, nameLength, extra] = shorts(view, offset, [6, 8, 26, 28]);
  const nameAt = offset + LOCAL_RECORD;
  const from = nameAt + nameLength + extra;
  const to = from + entry.storedSize;
  if (to > limit) throw refuse.malformed(quote(name), `data up to byte ${to}`, `data that ends at ${limit} or before`);
  if (nameLength !== rawName.length || rawName.some((byte, i) => bytes[nameAt + i] !== byte))
    throw refuse.malformed(quote(name), 'another name in the local header', 'one name');
  if (method !== entry.method || flags !== entry.flags)
    throw refuse.malformed(
      quote(name),
      'another method or other flags in the local header',
      'one method and one set of flags',
    );
  const sizes = longs(view, offset, [14, 18, 22]);
  const claimed = [entry.crc, entry.storedSize, entry.size];
  // A streaming writer puts them after the data (flag 8); NumPy puts the sizes, not the CRC, into a ZIP64 field (all ones).
  const differs = sizes.some((value, i) => value !== claimed[i] && !(i > 0 && value === 0xffffffff));
  if ((flags & 8) === 0 && differs)
    throw refuse.malformed(
      quote(name),
      `CRC and sizes [${sizes.join(',')}] in the local header`,
      `[${claimed.join(',')}] as in the directory`,
    );
  return { from, to };
};

/**
 * Lists the entries of an archive without decompressing any. Refuses two entries of one name, entries that share bytes, and
 * sizes that cannot be true; together they may claim at most `maxBytes`.
 */
export const listZip = (bytes: Uint8Array, maxBytes: number, refuse: Refuse): readonly ZipEntry[] => {
  const directory = findDirectory(bytes, refuse);
  const listed = readDirectory(bytes, directory, refuse);
  const names = new Set<string>();
  let total = 0;
  for (const { name, deflated, size, storedSize } of listed) {
    if (names.has(name)) throw refuse.malformed('directory', `two entries ${quote(name)}`, 'each name once');
    names.add(name);
    if (deflated ? size > storedSize * MAX_RATIO : size !== storedSize)
      throw refuse.malformed(
        quote(name),
        `${storedSize} bytes for a content of ${size}`,
        deflated ? `at most ${MAX_RATIO} times as much` : 'equal sizes',
      );
    total += size;
  }
  // Written so that a limit which is not a number refuses too.
  if (!(total <= maxBytes))
    throw refuse.unsupported(
      'directory',
      `${total} bytes after decompression`,
      `at most ${maxBytes}: pass { maxBytes } to read more`,
    );
  const places = listed.map((entry) => ({ entry, ...locate(bytes, directory.start, entry, refuse) }));
  let end = 0;
  for (const { entry, to } of [...places].sort((a, b) => a.entry.offset - b.entry.offset)) {
    if (entry.offset < end)
      throw refuse.malformed(
        quote(entry.name),
        `an entry at ${entry.offset} that overlaps another`,
        `${end} or beyond`,
      );
    end = to;
  }
  return places.map(({ entry: { name, deflated, crc, size }, from, to }) => ({
    name,
    deflated,
    crc,
    size,
    stored: bytes.subarray(from, to),
  }));
};

/** Decompresses in pieces and stops as soon as there is more than the directory claims. */
const inflate = ({ name, stored, size }: ZipEntry, refuse: Refuse): Uint8Array => {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const stream = new Inflate((chunk) => {
    length += chunk.length;
    if (length <= size) chunks.push(chunk);
  });
  for (let at = 0; at === 0 || at < stored.length; at += PIECE) {
    try {
      stream.push(stored.subarray(at, at + PIECE), at + PIECE >= stored.length);
    } catch (error) {
      throw refuse.malformed(
        quote(name),
        `compressed data that does not decode (${(error as Error).message})`,
        'a deflate stream',
      );
    }
    if (length > size) break;
  }
  if (length !== size)
    throw refuse.malformed(
      quote(name),
      `${length > size ? 'more than ' : ''}${Math.min(length, size)} bytes after decompression`,
      `${size} bytes`,
    );
  const content = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    content.set(chunk, at);
    at += chunk.length;
  }
  return content;
};

/** The content of an entry, decompressed and checked against its size and CRC. */
export const readEntry = (entry: ZipEntry, refuse: Refuse): Uint8Array => {
  const content = entry.deflated ? inflate(entry, refuse) : entry.stored;
  const crc = crc32(content);
  if (crc !== entry.crc) throw refuse.malformed(quote(entry.name), `CRC ${crc}`, `CRC ${entry.crc}`);
  return content;
};

/** An archive of the entries, sorted by name and dated 1980-01-01, so that equal contents give equal bytes. */
export const writeZip = (entries: ReadonlyMap<string, Uint8Array>, compress: boolean): Uint8Array => {
  const sorted = [...entries].sort(([a], [b]) => compareNames(a, b));
  return zipSync(Object.fromEntries(sorted), { level: compress ? 6 : 0, mtime: new Date(1980, 0, 1) });
};
