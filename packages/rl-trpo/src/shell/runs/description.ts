/** What a run is of: all that training needs to begin, and what it ran on. */
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import { type AlgorithmName, decodeAlgorithm } from '../../algorithms/index.js';
import { decodeConfig, type TrpoConfig } from '../../config.js';
import { decodeData, encodeData, UndecodableData } from './codec.js';
import { type RunError, runError } from './errors.js';

/** The format of a run's files that this version writes, and the newest that it reads. */
export const RUN_FORMAT = 1;

export interface RunDescription {
  readonly environment: { readonly id: string; readonly options: Readonly<Record<string, unknown>> };
  /** What improves the policy. */
  readonly algorithm: AlgorithmName;
  readonly seed: number;
  /** Environment steps to train for. */
  readonly steps: number;
  /** Name of the preset that the options came from, if one did. */
  readonly preset: string | null;
  /** Every option, resolved. */
  readonly options: TrpoConfig;
  /** True where somebody asked for this engine, so that no other takes its place where it does not run. Default false. */
  readonly engineChosen?: boolean;
  /** Of whatever the bits of a run may depend on: packages, Node, engine, platform. */
  readonly versions: Readonly<Record<string, string>>;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Refuses what a newer version has written, and what is no file of a run at all. */
export const checkFormat = (path: string, value: unknown): Either<RunError, Readonly<Record<string, unknown>>> => {
  if (!isRecord(value) || !Number.isInteger(value['format']))
    return left(runError('Malformed', path, 'no format number', 'a file of a run'));
  const format = value['format'] as number;
  if (format < 1) return left(runError('Malformed', path, `format ${format}`, `a format from 1 to ${RUN_FORMAT}`));
  if (format > RUN_FORMAT) {
    const versions = value['versions'];
    const writer =
      isRecord(versions) && typeof versions['natgrad'] === 'string'
        ? `natgrad ${versions['natgrad'].slice(0, 40)}`
        : 'a newer version';
    return left(
      runError(
        'NewerVersion',
        path,
        `format ${format}, written by ${writer}`,
        `this version reads formats up to ${RUN_FORMAT}: update natgrad`,
      ),
    );
  }
  return right(value);
};

/** Options of an environment may be infinite, for which JSON has no number. */
export const encodeDescription = (description: RunDescription): string => {
  const { id, options } = description.environment;
  const environment = { id, options: encodeData(options).json };
  return `${JSON.stringify({ format: RUN_FORMAT, ...description, environment }, null, 2)}\n`;
};

/** Options of an environment as they were given; null where they are not as natgrad writes them. */
const decodeOptions = (json: unknown): Readonly<Record<string, unknown>> | null => {
  try {
    const options = decodeData(json, {});
    return isRecord(options) ? options : null;
  } catch (error) {
    if (error instanceof UndecodableData) return null;
    throw error;
  }
};

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** Reads a description out of parsed JSON: every field checked, the options by their own decoder. */
export const decodeDescription = (path: string, json: unknown): Either<RunError, RunDescription> => {
  const checked = checkFormat(path, json);
  if (isLeft(checked)) return checked;
  // Runs from before there was a choice of algorithms are of TRPO.
  const {
    environment,
    algorithm = 'trpo',
    seed,
    steps,
    preset,
    options,
    engineChosen = false,
    versions,
  } = checked.right;
  const malformed = (field: string, expected: string): Either<RunError, never> =>
    left(runError('Malformed', path, `${field} is not as natgrad writes it`, `${field}: ${expected}`));
  const environmentOptions = isRecord(environment) ? decodeOptions(environment['options']) : null;
  if (!isRecord(environment) || typeof environment['id'] !== 'string' || environmentOptions === null)
    return malformed('environment', '{ id, options }');
  if (!isCount(seed)) return malformed('seed', 'a whole number ≥ 0');
  if (!isCount(steps)) return malformed('steps', 'a whole number ≥ 0');
  if (preset !== null && typeof preset !== 'string') return malformed('preset', 'a name, or null');
  if (typeof engineChosen !== 'boolean') return malformed('engineChosen', 'true or false');
  if (!isRecord(versions) || !Object.values(versions).every((version) => typeof version === 'string'))
    return malformed('versions', 'a record of strings');
  const decoded = decodeConfig(withEngine(options, versions));
  if (isLeft(decoded))
    return left(runError('Malformed', path, decoded.left.message, 'options that this version knows'));
  const known = decodeAlgorithm(algorithm);
  if (isLeft(known))
    return left(runError('Malformed', path, known.left.message, 'an algorithm that this version knows'));
  return right({
    environment: { id: environment['id'], options: environmentOptions },
    algorithm: known.right,
    seed,
    steps,
    preset,
    options: decoded.right,
    ...(engineChosen ? { engineChosen } : {}),
    versions: versions as Readonly<Record<string, string>>,
  });
};

/** Options from before there was a choice of engines: the run goes on with the one that its versions name. */
const withEngine = (options: unknown, versions: Readonly<Record<string, unknown>>): unknown =>
  isRecord(options) && !Object.hasOwn(options, 'engine') && versions['engine'] === 'interpreter'
    ? { ...options, engine: 'interpreter' }
    : options;

/** What a checkpoint must have in common with its run, by name; a state is no other because another engine found it. */
export const identityOf = ({
  environment,
  algorithm,
  seed,
  options,
}: RunDescription): Readonly<Record<string, unknown>> => {
  const { engine: _engine, deterministic: _deterministic, threads: _threads, ...identity } = options;
  return {
    environment: environment.id,
    algorithm,
    ...Object.fromEntries(Object.entries(environment.options).map(([name, value]) => [`env.${name}`, value])),
    seed,
    ...identity,
  };
};
