/** Snapshots of training on disk: a folder each, of which every bit is covered by a checksum. */
import { join } from 'node:path';
import { decodeSafetensors, encodeSafetensors } from '@natgrad/tensor';
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import { defaultConfig } from '../../config.js';
import { emptyStatistics } from '../../running-statistics.js';
import type { Snapshot } from '../train.js';
import { decodeData, encodeData, UndecodableData } from './codec.js';
import { checkFormat, identityOf, RUN_FORMAT, type RunDescription } from './description.js';
import { type RunError, runError } from './errors.js';
import { attempt, type FileSystem, parseJson, readBounded, sha256, syncFolder, writeFolder } from './files.js';

const STATE = 'state.json';
const TENSORS = 'tensors.safetensors';
/** In the format of `sha256sum`, which can check it too. */
const SUMS = 'SHA256SUMS';

/** Far more than a run writes. */
const LIMITS = { [STATE]: 2 ** 30, [TENSORS]: 2 ** 31, [SUMS]: 4096 } as const;

/** Checkpoints that are kept: the newest, and one before it. */
const KEPT = 2;

const NAME = /^\d{9}$/;
const nameOf = (iteration: number): string => String(iteration).padStart(9, '0');

const checksums = (state: string | Uint8Array, tensors: Uint8Array): string =>
  `${sha256(state)}  ${STATE}\n${sha256(tensors)}  ${TENSORS}\n`;

/** Folders of whole checkpoints, oldest first. */
const listed = (system: FileSystem, folder: string): Either<RunError, readonly string[]> => {
  const names = attempt(folder, () => system.readdirSync(folder));
  if (isLeft(names)) return names.left.code === 'NotFound' ? right([]) : names;
  return right(names.right.filter((name) => NAME.test(name)).sort());
};

/** Removes old checkpoints, each under another name first, so that no half of one is ever met; and what a crash left. */
const prune = (system: FileSystem, folder: string): void => {
  const names = system.readdirSync(folder);
  const whole = names.filter((name) => NAME.test(name)).sort();
  for (const name of whole.slice(0, -KEPT)) system.renameSync(join(folder, name), join(folder, `${name}.removing`));
  for (const name of system.readdirSync(folder))
    if (/\.(writing|removing)$/.test(name)) system.rmSync(join(folder, name), { recursive: true, force: true });
  syncFolder(system, folder);
};

/** Writes a checkpoint: it is there wholly or not at all, whenever the process or the machine stops. */
export const writeCheckpoint = (
  system: FileSystem,
  folder: string,
  description: RunDescription,
  { state, environments }: Snapshot,
): Either<RunError, string> => {
  const { json, tensors } = encodeData({ state, environments });
  const { iteration, steps } = state;
  const head = { format: RUN_FORMAT, versions: description.versions, run: identityOf(description), iteration, steps };
  const text = `${JSON.stringify({ ...head, data: json })}\n`;
  const bytes = encodeSafetensors(tensors, { iteration: String(iteration), steps: String(steps) });
  const path = join(folder, nameOf(iteration));
  return attempt(path, () => {
    system.mkdirSync(folder, { recursive: true });
    writeFolder(system, path, { [STATE]: text, [TENSORS]: bytes, [SUMS]: checksums(text, bytes) });
    prune(system, folder);
    return path;
  });
};

/** What the identity of a checkpoint lacks that is older than an algorithm's name or an option: what there was then. */
const whatThereWas: Readonly<Record<string, unknown>> = { ...defaultConfig, algorithm: 'trpo' };

/** Values of a checkpoint's identity that differ from the run's. */
const foreign = (path: string, description: RunDescription, identity: unknown): RunError | null => {
  const expected = identityOf(description);
  const written = (typeof identity === 'object' && identity !== null ? identity : {}) as Readonly<
    Record<string, unknown>
  >;
  const found = Object.fromEntries(
    [...new Set([...Object.keys(expected), ...Object.keys(written)])]
      .filter((name) => Object.hasOwn(written, name) || Object.hasOwn(whatThereWas, name))
      .map((name) => [name, Object.hasOwn(written, name) ? written[name] : whatThereWas[name]]),
  );
  const names = [...new Set([...Object.keys(expected), ...Object.keys(found)])];
  const differing = names.filter((name) => JSON.stringify(found[name]) !== JSON.stringify(expected[name]));
  const show = (from: Readonly<Record<string, unknown>>): string =>
    differing
      .slice(0, 4)
      .map((name) => `${name} ${(JSON.stringify(from[name]) ?? 'absent').slice(0, 60)}`)
      .join(', ');
  return differing.length === 0
    ? null
    : runError('Foreign', path, `a checkpoint of ${show(found)}`, `this run is of ${show(expected)}`);
};

const readVerified = (
  system: FileSystem,
  path: string,
): Either<RunError, { readonly state: Uint8Array; readonly tensors: Uint8Array }> => {
  const read = (name: keyof typeof LIMITS): Either<RunError, Uint8Array> =>
    readBounded(system, join(path, name), LIMITS[name]);
  const sums = read(SUMS);
  if (isLeft(sums)) return sums;
  const state = read(STATE);
  if (isLeft(state)) return state;
  const tensors = read(TENSORS);
  if (isLeft(tensors)) return tensors;
  if (new TextDecoder().decode(sums.right) !== checksums(state.right, tensors.right))
    return left(
      runError(
        'Altered',
        path,
        `${STATE}, ${TENSORS} and ${SUMS} do not belong together`,
        'the files as they were saved; remove this folder to go back to the checkpoint before it',
      ),
    );
  return right({ state: state.right, tensors: tensors.right });
};

/** A snapshot from before states had a memory and statistics of returns, and episodes costs. */
const completed = ({ state, ...rest }: Snapshot): Snapshot => {
  const { memory = null, valueStatistics = emptyStatistics(1) } = state as Partial<Snapshot['state']>;
  const progress = state.progress.map((each) => ({ ...each, cost: (each as Partial<typeof each> | null)?.cost ?? 0 }));
  return { ...rest, state: { ...state, memory, valueStatistics, progress } };
};

const hasParts = (data: unknown): data is Snapshot => {
  const { state, environments } = (data ?? {}) as Partial<Record<keyof Snapshot, unknown>>;
  const { vector, observations } = (environments ?? {}) as Partial<Record<string, unknown>>;
  const { progress } = (state ?? {}) as Partial<Record<string, unknown>>;
  const { states, episodes } = (vector ?? {}) as Partial<Record<string, unknown>>;
  return (
    typeof state === 'object' &&
    state !== null &&
    Array.isArray(progress) &&
    observations instanceof Float64Array &&
    Array.isArray(states) &&
    Array.isArray(episodes)
  );
};

/** Reads a checkpoint: whole, of this run, and in a format that is known. */
const readCheckpoint = (system: FileSystem, path: string, description: RunDescription): Either<RunError, Snapshot> => {
  const files = readVerified(system, path);
  if (isLeft(files)) return files;
  const place = join(path, STATE);
  const json = parseJson(place, files.right.state);
  if (isLeft(json)) return json;
  const checked = checkFormat(place, json.right);
  if (isLeft(checked)) return checked;
  const stranger = foreign(path, description, checked.right['run']);
  if (stranger !== null) return left(stranger);
  const tensors = decodeSafetensors(files.right.tensors);
  const malformed = (found: string): Either<RunError, never> =>
    left(runError('Malformed', path, found, 'a checkpoint as natgrad writes it'));
  if (isLeft(tensors)) return malformed(tensors.left.message);
  try {
    const data = decodeData(checked.right['data'], tensors.right.tensors);
    return hasParts(data) ? right(completed(data)) : malformed('parts of the state are missing');
  } catch (error) {
    if (error instanceof UndecodableData) return malformed(error.message);
    throw error;
  }
};

/** The newest checkpoint; null where there is none yet. */
export const newestCheckpoint = (
  system: FileSystem,
  folder: string,
  description: RunDescription,
): Either<RunError, Snapshot | null> => {
  const names = listed(system, folder);
  if (isLeft(names)) return names;
  const last = names.right.at(-1);
  return last === undefined ? right(null) : readCheckpoint(system, join(folder, last), description);
};
