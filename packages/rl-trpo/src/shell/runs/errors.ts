/** What can go wrong with the folder of a run. */

export type RunErrorCode =
  /** The folder or a file cannot be written to: permissions, or a read-only file system. */
  | 'ReadOnly'
  /** No space, or no quota, is left. */
  | 'DiskFull'
  /** There is no such folder or file. */
  | 'NotFound'
  /** The folder already holds a run. */
  | 'AlreadyExists'
  /** A file is not what was written: its checksum is another. */
  | 'Altered'
  /** A file is no valid JSON, or its parts are missing or of the wrong kind. */
  | 'Malformed'
  /** A checkpoint was made in another environment, or with another configuration, than the run's. */
  | 'Foreign'
  /** Written in a format that only a newer version reads. */
  | 'NewerVersion'
  /** Larger than anything that a run writes. */
  | 'TooLarge'
  /** Any other failure of the file system. */
  | 'FileSystem';

export interface RunError {
  readonly _tag: 'RunError';
  readonly code: RunErrorCode;
  /** The file or folder at fault. */
  readonly path: string;
  readonly found: string;
  /** What would have been right, or what to do about it. */
  readonly expected: string;
  readonly message: string;
}

export const runError = (code: RunErrorCode, path: string, found: string, expected: string): RunError => ({
  _tag: 'RunError',
  code,
  path,
  found,
  expected,
  message: `${path}: ${found}; ${expected}`,
});

const BY_SYSTEM_CODE: Readonly<Record<string, readonly [RunErrorCode, string, string]>> = {
  EACCES: ['ReadOnly', 'no permission', 'choose a folder that you may write to'],
  EPERM: ['ReadOnly', 'not permitted', 'choose a folder that you may write to'],
  EROFS: ['ReadOnly', 'the file system is read-only', 'choose a folder that you may write to'],
  ENOSPC: ['DiskFull', 'no space left on the disk', 'free some and resume: what was saved before is intact'],
  EDQUOT: ['DiskFull', 'the disk quota is used up', 'free some and resume: what was saved before is intact'],
  ENOENT: ['NotFound', 'there is no such file or folder', 'name the folder of a run'],
  ENOTDIR: ['NotFound', 'not a folder', 'name the folder of a run'],
  EEXIST: ['AlreadyExists', 'it exists already', 'choose another folder'],
};

/** An error of the file system, as data. */
export const fileSystemError = (path: string, error: unknown): RunError => {
  const { code = '', message = String(error) } = error instanceof Error ? (error as Error & { code?: string }) : {};
  const known = Object.hasOwn(BY_SYSTEM_CODE, code) ? BY_SYSTEM_CODE[code] : undefined;
  if (known === undefined) return runError('FileSystem', path, message, 'a working file system');
  const [kind, found, expected] = known;
  return runError(kind, path, `${found} (${code})`, expected);
};
