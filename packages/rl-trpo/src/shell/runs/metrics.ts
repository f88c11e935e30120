/** The numbers of a run, a line of JSON per iteration. */
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import type { StepReport } from '../../report.js';
import type { IterationRecord, Seconds } from '../train.js';
import { type RunError, runError } from './errors.js';
import { attempt, type FileSystem, readBounded, replaceFile, writeDurably } from './files.js';

/** One line: the report of the step, and what the clock said. */
export type MetricsRecord = StepReport & {
  readonly seconds: Seconds;
  readonly stepsPerSecond: number;
  /** Seconds of this iteration and all before it. */
  readonly elapsed: number;
};

export interface Metrics {
  readonly records: readonly MetricsRecord[];
  /** True if the last line is only the beginning of one: the run was stopped while writing it. It is left out. */
  readonly incomplete: boolean;
}

const LIMIT = 2 ** 29;

export const metricsRecord = ({ report, seconds, stepsPerSecond }: IterationRecord, before: number): MetricsRecord => ({
  ...report,
  seconds,
  stepsPerSecond,
  elapsed: before + seconds.total,
});

/** Adds a line and waits until it is on the disk. */
export const appendMetrics = (system: FileSystem, path: string, record: MetricsRecord): Either<RunError, void> =>
  attempt(path, () => writeDurably(system, path, `${JSON.stringify(record)}\n`, 'a'));

const isRecord = (value: unknown): value is MetricsRecord => {
  const { iteration, totalSteps, elapsed, episodes } = (value ?? {}) as Partial<Record<keyof MetricsRecord, unknown>>;
  return (
    Number.isSafeInteger(iteration) &&
    Number.isSafeInteger(totalSteps) &&
    Number.isFinite(elapsed) &&
    typeof episodes === 'object' &&
    episodes !== null
  );
};

/** All lines; none where there is no file yet. */
export const readMetrics = (system: FileSystem, path: string): Either<RunError, Metrics> => {
  const bytes = readBounded(system, path, LIMIT);
  if (isLeft(bytes)) return bytes.left.code === 'NotFound' ? right({ records: [], incomplete: false }) : bytes;
  const lines = new TextDecoder().decode(bytes.right).split('\n');
  // What follows the last line break is nothing, or a line that was not finished.
  const incomplete = lines.pop() !== '';
  const records: MetricsRecord[] = [];
  for (const [i, line] of lines.entries()) {
    let record: unknown;
    try {
      record = JSON.parse(line);
    } catch {
      record = undefined;
    }
    if (!isRecord(record))
      return left(
        runError(
          'Malformed',
          path,
          `line ${i + 1} is no record of an iteration`,
          'one JSON object a line, as natgrad writes it',
        ),
      );
    records.push(record);
  }
  return right({ records, incomplete });
};

/** Forgets the lines after an iteration, which was the last to be saved, and an unfinished one. */
export const rewindMetrics = (
  system: FileSystem,
  path: string,
  iteration: number,
): Either<RunError, readonly MetricsRecord[]> => {
  const read = readMetrics(system, path);
  if (isLeft(read)) return read;
  const { records, incomplete } = read.right;
  const kept = records.filter((record) => record.iteration <= iteration);
  if (kept.length === records.length && !incomplete) return right(kept);
  return attempt(path, () => {
    replaceFile(system, path, kept.map((record) => `${JSON.stringify(record)}\n`).join(''));
    return kept;
  });
};
