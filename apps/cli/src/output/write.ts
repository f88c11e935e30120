/** Files that somebody asked for by name. */
import { writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Failure } from '../failure.js';

const REASONS: Readonly<Record<string, (file: string) => string>> = {
  ENOENT: (file) => `there is no folder ${dirname(file)}`,
  ENOTDIR: (file) => `${dirname(file)} is not a folder`,
  EISDIR: () => 'it is a folder',
  EACCES: () => 'no permission to write it',
  EROFS: () => 'the file system is read-only',
  ENOSPC: () => 'no space left on the disk',
};

/** Writes a file, or fails with one line that says why not. */
export const writeOut = (file: string, text: string): void => {
  try {
    writeFileSync(file, text);
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const reason = Object.hasOwn(REASONS, code) ? REASONS[code]?.(file) : message;
    throw new Failure(`${file}: it cannot be written, ${reason ?? message} (${code})`);
  }
};
