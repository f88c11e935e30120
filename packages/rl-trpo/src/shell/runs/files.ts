/** Files that are there wholly or not at all. */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import { fileSystemError, type RunError, runError } from './errors.js';

/**
 * What a run needs of a file system, as in `node:fs`; tests hand in one that fails. Spelt out, so that whoever uses the types of
 * this package needs none of Node's.
 */
export interface FileSystem {
  readonly openSync: (path: string, flags: string) => number;
  readonly writeSync: (file: number, bytes: Uint8Array, offset: number) => number;
  readonly fsyncSync: (file: number) => void;
  readonly closeSync: (file: number) => void;
  readonly fstatSync: (file: number) => { readonly size: number };
  /** From the current position, which `null` stands for. */
  readonly readSync: (file: number, bytes: Uint8Array, offset: number, length: number, position: null) => number;
  readonly readdirSync: (folder: string) => readonly string[];
  readonly mkdirSync: (folder: string, options: { readonly recursive: boolean }) => unknown;
  readonly renameSync: (from: string, to: string) => void;
  readonly rmSync: (path: string, options: { readonly recursive: boolean; readonly force: boolean }) => void;
}

export const nodeFileSystem: FileSystem = fs;

/** Runs what may throw an error of the file system about `path`. */
export const attempt = <T>(path: string, run: () => T): Either<RunError, T> => {
  try {
    return right(run());
  } catch (error) {
    return left(fileSystemError(path, error));
  }
};

export const sha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');

/** Opens a file, uses it, and closes it whatever happens. Throws. */
const withFile = (system: FileSystem, path: string, flags: string, use: (file: number) => void): void => {
  const file = system.openSync(path, flags);
  try {
    use(file);
  } finally {
    system.closeSync(file);
  }
};

const writeAll = (system: FileSystem, file: number, content: string | Uint8Array): void => {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  for (let written = 0; written < bytes.length; ) written += system.writeSync(file, bytes, written);
};

/** Writes all of it and waits until it is on the disk. Throws. */
const writeDurably = (system: FileSystem, path: string, content: string | Uint8Array, flags: string): void =>
  withFile(system, path, flags, (file) => {
    writeAll(system, file, content);
    system.fsyncSync(file);
  });

/** Adds to the end of a file: safe when this process ends, and only after {@link syncFile} also when the machine does. Throws. */
export const append = (system: FileSystem, path: string, content: string): void =>
  withFile(system, path, 'a', (file) => writeAll(system, file, content));

/** Waits until all that was written to a file is on the disk. Throws. */
export const syncFile = (system: FileSystem, path: string): void =>
  withFile(system, path, 'a', (file) => system.fsyncSync(file));

/** Waits until the names in a folder are on the disk; where folders cannot be opened (Windows) there is nothing to wait for. */
export const syncFolder = (system: FileSystem, folder: string): void => {
  let handle: number;
  try {
    handle = system.openSync(folder, 'r');
  } catch (error) {
    if (process.platform === 'win32') return;
    throw error;
  }
  try {
    system.fsyncSync(handle);
  } finally {
    system.closeSync(handle);
  }
};

/** Replaces a file: the old content or the new one is there at any moment, never a part. Throws. */
export const replaceFile = (system: FileSystem, path: string, content: string | Uint8Array): void => {
  const folder = dirname(path);
  const temporary = `${path}.writing`;
  writeDurably(system, temporary, content, 'w');
  system.renameSync(temporary, path);
  syncFolder(system, folder);
};

/** Writes the files of a new folder, which appears under its name only when all of them are on the disk. Throws. */
export const writeFolder = (
  system: FileSystem,
  folder: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): void => {
  const temporary = `${folder}.writing`;
  system.rmSync(temporary, { recursive: true, force: true });
  system.mkdirSync(temporary, { recursive: true });
  for (const [name, content] of Object.entries(files)) writeDurably(system, join(temporary, name), content, 'wx');
  syncFolder(system, temporary);
  system.rmSync(folder, { recursive: true, force: true });
  system.renameSync(temporary, folder);
  syncFolder(system, dirname(folder));
};

/** Reads a file of at most `limit` bytes: as many as it had when it was opened, so that nothing that grows or never ends is met. */
export const readBounded = (system: FileSystem, path: string, limit: number): Either<RunError, Uint8Array> => {
  const opened = attempt(path, () => system.openSync(path, 'r'));
  if (isLeft(opened)) return opened;
  const file = opened.right;
  try {
    const size = system.fstatSync(file).size;
    if (size > limit) return left(runError('TooLarge', path, `${size} bytes`, `at most ${limit} are read`));
    return attempt(path, () => {
      const bytes = new Uint8Array(size);
      let filled = 0;
      for (let count = 1; count > 0 && filled < size; filled += count)
        count = system.readSync(file, bytes, filled, size - filled, null);
      return bytes.subarray(0, filled);
    });
  } finally {
    system.closeSync(file);
  }
};

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Bytes as JSON. */
export const parseJson = (path: string, bytes: Uint8Array): Either<RunError, unknown> => {
  try {
    return right(JSON.parse(utf8.decode(bytes)));
  } catch (error) {
    return left(
      runError(
        'Malformed',
        path,
        `no JSON (${error instanceof Error ? error.message : String(error)})`,
        'a JSON file that natgrad wrote',
      ),
    );
  }
};
