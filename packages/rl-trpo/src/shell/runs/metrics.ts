/** The numbers of a run, a line of JSON per iteration. */
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import type { StepReport } from '../../report.js';
import type { IterationRecord } from '../train.js';
import { type RunError, runError } from './errors.js';
import { append, attempt, type FileSystem, readBounded, replaceFile } from './files.js';

/** One line: the report of the step, what the clock said, and who acted. */
export type MetricsRecord = StepReport &
  Omit<IterationRecord, 'report'> & {
    /** Seconds of this iteration and all before it. */
    readonly elapsed: number;
  };

export interface Metrics {
  readonly records: readonly MetricsRecord[];
  /** True if the last line is only the beginning of one: the run was stopped while writing it. It is left out. */
  readonly incomplete: boolean;
}

const LIMIT = 2 ** 29;

export const metricsRecord = ({ report, ...rest }: IterationRecord, before: number): MetricsRecord => ({
  ...report,
  ...rest,
  elapsed: before + rest.seconds.total,
});

/** Lines from before there were workers say nothing of them, nor of failures. */
const BEFORE_WORKERS = { workers: 0, failures: null } as const;

/** Adds a line. The checkpoint after it waits until it is on the disk. */
export const appendMetrics = (system: FileSystem, path: string, record: MetricsRecord): Either<RunError, void> =>
  attempt(path, () => append(system, path, `${JSON.stringify(record)}\n`));

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
    records.push({ ...BEFORE_WORKERS, ...record });
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
