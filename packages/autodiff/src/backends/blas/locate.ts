/** Which file a library's name means on Linux, looked at before it is loaded. Elsewhere loaders say themselves what is wrong. */
import { type LibraryFile, unloadable } from './elf.js';

/** As much of `node:fs` as is used. */
export interface FileSystem {
  readonly statSync: (path: string) => { readonly size: number; readonly isFile: () => boolean };
  readonly openSync: (path: string, flags: 'r') => number;
  readonly readSync: (file: number, into: Uint8Array, offset: number, length: number, position: number) => number;
  readonly closeSync: (file: number) => void;
}

/** The process that looks for a library. */
export interface Host {
  readonly arch: string;
  /** The environment variable LD_LIBRARY_PATH. */
  readonly libraryPath: string;
  readonly files: FileSystem;
}

/** What to load, or why nothing is loaded. */
export interface Located {
  /** What the loader is given: the file that was looked at, or the name as it was; null where it must not be loaded. */
  readonly load: string | null;
  /** What is wrong with a file that was found; null where nothing is. */
  readonly reason: string | null;
}

/** Folders of the multiarch scheme of Debian. */
const TRIPLETS: Readonly<Record<string, string>> = {
  arm: 'arm-linux-gnueabihf',
  arm64: 'aarch64-linux-gnu',
  ia32: 'i386-linux-gnu',
  loong64: 'loongarch64-linux-gnu',
  ppc64: 'powerpc64le-linux-gnu',
  riscv64: 'riscv64-linux-gnu',
  s390x: 's390x-linux-gnu',
  x64: 'x86_64-linux-gnu',
};

/** Folders in the loader's order: not all that its configuration may name, but those that people set and that systems have. */
const foldersOf = ({ arch, libraryPath }: Host): readonly string[] => {
  const set = libraryPath === '' ? [] : libraryPath.split(/[:;]/).map((folder) => (folder === '' ? '.' : folder));
  const triplet = TRIPLETS[arch];
  const multiarch = triplet === undefined ? [] : [`/lib/${triplet}`, `/usr/lib/${triplet}`];
  return [...set, '/usr/local/lib', ...multiarch, '/lib64', '/usr/lib64', '/lib', '/usr/lib'];
};

const fileOf = (files: FileSystem, descriptor: number, size: number): LibraryFile => ({
  size,
  read: (offset, bytes) => {
    const into = new Uint8Array(Math.min(bytes, Math.max(0, size - offset)));
    return into.subarray(0, files.readSync(descriptor, into, 0, into.length, offset));
  },
});

/** What is wrong with a file; null where nothing is known, undefined where it cannot be read. Never throws, never waits. */
const inspect = ({ files, arch }: Host, path: string): ReturnType<typeof unloadable> | undefined => {
  try {
    const status = files.statSync(path);
    if (!status.isFile()) return { foreign: false, reason: 'is no file' };
    const descriptor = files.openSync(path, 'r');
    try {
      return unloadable(fileOf(files, descriptor, status.size), arch);
    } finally {
      files.closeSync(descriptor);
    }
  } catch {
    return undefined;
  }
};

/**
 * The file of a name, which is a path where it has a slash. What a loader passes over for another machine is passed over; a name that
 * is not found here is left to the loader, which may know other folders.
 */
export const locate = (name: string, host: Host): Located => {
  const isPath = name.includes('/');
  let foreign: string | null = null;
  for (const path of isPath ? [name] : foldersOf(host).map((folder) => `${folder}/${name}`)) {
    const found = inspect(host, path);
    if (found === null) return { load: path, reason: null };
    if (found === undefined) continue;
    const reason = `${path} ${found.reason}`;
    if (!found.foreign || isPath) return { load: null, reason };
    foreign ??= reason;
  }
  return { load: name, reason: foreign };
};
