/**
 * What speaks against a library of Linux before it is loaded. A loader maps the file and reads it as memory: where the file ends too
 * early, the process dies of a bus error, which nothing can catch.
 */

/** A file whose parts can be read: fewer bytes where it ends. */
export interface LibraryFile {
  readonly size: number;
  readonly read: (offset: number, bytes: number) => Uint8Array;
}

/** Why a file cannot be loaded: a loader goes on to look for another one only where it is for another machine. */
export interface Unloadable {
  readonly foreign: boolean;
  /** Continues a sentence that begins with the path. */
  readonly reason: string;
}

/** Word size in bits and the number of the instruction set in ELF headers, by `process.arch`. */
const MACHINES: Readonly<Record<string, readonly [bits: number, machine: number]>> = {
  arm: [32, 40],
  arm64: [64, 183],
  ia32: [32, 3],
  loong64: [64, 258],
  ppc64: [64, 21],
  riscv64: [64, 243],
  s390x: [64, 22],
  x64: [64, 62],
};

/** Magic number, then word size, byte order and, from byte 16 on, type and machine. */
const IDENTITY = 20;
const MAGIC = [0x7f, 0x45, 0x4c, 0x46];
const LITTLE = 1;
const SHARED_OBJECT = 3;
const LOADED = 1;

/** Where headers have what is read here, by the size of a word. */
const LAYOUTS = {
  32: { header: 52, table: 28, entry: 42, count: 44, entryBytes: 32, offset: 4, size: 16 },
  64: { header: 64, table: 32, entry: 54, count: 56, entryBytes: 56, offset: 8, size: 32 },
} as const;

const hostIsLittle = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const nameOf = (bits: number, machine: number): string =>
  Object.entries(MACHINES).find(([, each]) => each[0] === bits && each[1] === machine)?.[0] ??
  `machine ${machine} of ${bits} bits`;

const broken = (reason: string): Unloadable => ({ foreign: false, reason });

const CUT = (size: number, needed: number): Unloadable =>
  broken(`is cut short: it has ${size} bytes of at least ${needed}`);

/** Why a process of this architecture cannot load the file; null where nothing is known against it. Reads headers only. */
export const unloadable = ({ size, read }: LibraryFile, arch: string): Unloadable | null => {
  const identity = read(0, IDENTITY);
  if (!MAGIC.every((byte, i) => i >= identity.length || identity[i] === byte)) return broken('is no library of Linux');
  if (identity.length < IDENTITY) return CUT(size, IDENTITY);
  const bits = identity[4] === 1 ? 32 : identity[4] === 2 ? 64 : null;
  if (bits === null) return broken('is no library of Linux');
  const isLittle = identity[5] === LITTLE;
  const machine = viewOf(identity).getUint16(18, isLittle);
  const own = MACHINES[arch];
  if (own !== undefined && (own[0] !== bits || own[1] !== machine || isLittle !== hostIsLittle))
    return {
      foreign: true,
      reason: `is for ${nameOf(bits, machine)}${isLittle === hostIsLittle ? '' : ' of the other byte order'}, this process is ${arch}`,
    };
  if (viewOf(identity).getUint16(16, isLittle) !== SHARED_OBJECT) return broken('is no shared library');
  const layout = LAYOUTS[bits];
  const header = read(0, layout.header);
  if (header.length < layout.header) return CUT(size, layout.header);
  const word = (bytes: Uint8Array, at: number): number =>
    bits === 64 ? Number(viewOf(bytes).getBigUint64(at, isLittle)) : viewOf(bytes).getUint32(at, isLittle);
  const table = word(header, layout.table);
  const entryBytes = viewOf(header).getUint16(layout.entry, isLittle);
  const count = viewOf(header).getUint16(layout.count, isLittle);
  if (entryBytes !== layout.entryBytes || count === 0) return broken('is no shared library: it has nothing to load');
  const tableEnd = table + count * entryBytes;
  if (tableEnd > size) return CUT(size, tableEnd);
  const entries = read(table, count * entryBytes);
  // The file became shorter in the meantime.
  if (entries.length < count * entryBytes) return CUT(table + entries.length, tableEnd);
  const ends = Array.from({ length: count }, (_, i) => entries.subarray(i * entryBytes, (i + 1) * entryBytes))
    .filter((entry) => viewOf(entry).getUint32(0, isLittle) === LOADED)
    .map((entry) => word(entry, layout.offset) + word(entry, layout.size));
  const end = ends.reduce((a, b) => Math.max(a, b), 0);
  return end > size ? CUT(size, end) : null;
};
