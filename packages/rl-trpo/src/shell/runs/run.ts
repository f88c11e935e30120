/**
 * A run is a folder:
 *
 * - `run.json`: what it is of, every option resolved, and the versions that it began with;
 * - `metrics.jsonl`: a line per iteration;
 * - `checkpoints/000000042/`: the state after iteration 42, the newest and the one before it (`state.json`, `tensors.safetensors`, `SHA256SUMS`);
 * - `evaluation.json`: how good the policy was in the end.
 */
import { join } from 'node:path';
import { type Either, isLeft, left, map, right } from 'fp-ts/lib/Either.js';
import type { EngineOptions } from '../../engine.js';
import type { Iteration, Snapshot } from '../train.js';
import { newestCheckpoint, writeCheckpoint } from './checkpoint.js';
import { decodeDescription, encodeDescription, type RunDescription } from './description.js';
import { type RunError, runError } from './errors.js';
import { attempt, type FileSystem, nodeFileSystem, parseJson, readBounded, replaceFile, syncFile } from './files.js';
import {
  appendMetrics,
  type Metrics,
  type MetricsRecord,
  metricsRecord,
  readMetrics,
  rewindMetrics,
} from './metrics.js';

export interface Run {
  readonly folder: string;
  readonly description: RunDescription;
  readonly system: FileSystem;
}

/** A run, and where it stands. */
export interface ResumedRun {
  readonly run: Run;
  /** Null if it was stopped before its first iteration was saved. */
  readonly snapshot: Snapshot | null;
  /** Lines of the iterations up to the snapshot. */
  readonly records: readonly MetricsRecord[];
}

const RUN = 'run.json';
const METRICS = 'metrics.jsonl';
const CHECKPOINTS = 'checkpoints';
const EVALUATION = 'evaluation.json';

/**
 * Begins a run in a folder, which is made if need be.
 *
 * @returns `Left` if it cannot be written to, or holds a run already
 */
export const createRun = (
  folder: string,
  description: RunDescription,
  system: FileSystem = nodeFileSystem,
): Either<RunError, Run> => {
  const path = join(folder, RUN);
  const made = attempt(folder, () => system.mkdirSync(folder, { recursive: true }));
  if (isLeft(made)) return made;
  const names = attempt(folder, () => system.readdirSync(folder));
  if (isLeft(names)) return names;
  if (names.right.includes(RUN))
    return left(
      runError('AlreadyExists', folder, 'there is a run in this folder', 'resume that one, or choose another folder'),
    );
  return map(() => ({ folder, description, system }))(
    attempt(path, () => replaceFile(system, path, encodeDescription(description))),
  );
};

/** What a folder is a run of. */
export const openRun = (folder: string, system: FileSystem = nodeFileSystem): Either<RunError, Run> => {
  const path = join(folder, RUN);
  const bytes = readBounded(system, path, 2 ** 20);
  if (isLeft(bytes)) return bytes;
  const json = parseJson(path, bytes.right);
  if (isLeft(json)) return json;
  return map((description: RunDescription): Run => ({ folder, description, system }))(
    decodeDescription(path, json.right),
  );
};

/** The newest checkpoint of a run, or null. */
export const loadSnapshot = ({ folder, description, system }: Run): Either<RunError, Snapshot | null> =>
  newestCheckpoint(system, join(folder, CHECKPOINTS), description);

/** Opens a run to go on with it: forgets the lines of iterations that were not saved. */
export const resumeRun = (folder: string, system: FileSystem = nodeFileSystem): Either<RunError, ResumedRun> => {
  const run = openRun(folder, system);
  if (isLeft(run)) return run;
  const snapshot = loadSnapshot(run.right);
  if (isLeft(snapshot)) return snapshot;
  return map(
    (records: readonly MetricsRecord[]): ResumedRun => ({ run: run.right, snapshot: snapshot.right, records }),
  )(rewindMetrics(system, join(folder, METRICS), snapshot.right?.state.iteration ?? 0));
};

/** Writes the line of an iteration down. What is after the last {@link saveSnapshot} is forgotten when the run is resumed. */
export const recordIteration = (
  run: Run,
  iteration: Iteration,
  elapsedBefore: number,
): Either<RunError, MetricsRecord> => {
  const record = metricsRecord(iteration.record, elapsedBefore);
  return map(() => record)(appendMetrics(run.system, join(run.folder, METRICS), record));
};

/** Writes a checkpoint, once the lines before it are on the disk: no checkpoint is ahead of the lines. */
export const saveSnapshot = (run: Run, snapshot: Snapshot): Either<RunError, void> => {
  const metrics = join(run.folder, METRICS);
  const synced = attempt(metrics, () => syncFile(run.system, metrics));
  if (isLeft(synced)) return synced;
  return map(() => undefined)(writeCheckpoint(run.system, join(run.folder, CHECKPOINTS), run.description, snapshot));
};

/** Writes an iteration down: its line and its checkpoint. */
export const saveIteration = (
  run: Run,
  iteration: Iteration,
  elapsedBefore: number,
): Either<RunError, MetricsRecord> => {
  const record = recordIteration(run, iteration, elapsedBefore);
  if (isLeft(record)) return record;
  return map(() => record.right)(saveSnapshot(run, iteration));
};

/** The lines of a run. */
export const loadMetrics = ({ folder, system }: Run): Either<RunError, Metrics> =>
  readMetrics(system, join(folder, METRICS));

const describedAs = (run: Run, description: RunDescription): Either<RunError, Run> => {
  const path = join(run.folder, RUN);
  return map(() => ({ ...run, description }))(
    attempt(path, () => replaceFile(run.system, path, encodeDescription(description))),
  );
};

/** The same run, to be trained for another number of steps. */
export const extendRun = (run: Run, steps: number): Either<RunError, Run> =>
  steps === run.description.steps ? right(run) : describedAs(run, { ...run.description, steps });

/**
 * The same run, to go on with another engine; the versions in its description still tell which one it began with.
 *
 * @param engineChosen whether somebody asked for it; default: as before
 */
export const changeEngine = (
  run: Run,
  { engine, deterministic, threads }: EngineOptions,
  engineChosen: boolean = run.description.engineChosen ?? false,
): Either<RunError, Run> => {
  const { engineChosen: before = false, ...description } = run.description;
  const { options } = description;
  const changed = { ...options, engine, deterministic, threads: threads ?? options.threads };
  const same = engine === options.engine && deterministic === options.deterministic && engineChosen === before;
  return same && changed.threads === options.threads
    ? right(run)
    : describedAs(run, { ...description, options: changed, ...(engineChosen ? { engineChosen } : {}) });
};

/** Writes down how good the policy was: any plain data. */
export const saveEvaluation = (run: Run, evaluation: object): Either<RunError, void> => {
  const path = join(run.folder, EVALUATION);
  return attempt(path, () => replaceFile(run.system, path, `${JSON.stringify(evaluation, null, 2)}\n`));
};
