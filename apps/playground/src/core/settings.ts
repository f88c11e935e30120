/** What a person chooses, from the words in the fields to the options of TRPO. All that is wrong is said at once, by field. */
import {
  type AlgorithmName,
  decodeAlgorithm,
  type OptionName,
  presetConfig,
  presets,
  type TrpoConfig,
} from '@natgrad/rl-trpo';
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';

/** Options that the page offers; the others are those of the environment's preset. */
export const EDITABLE = ['delta', 'cgIterations', 'damping', 'batchSize'] as const satisfies readonly OptionName[];

type EditableOption = (typeof EDITABLE)[number];

/** A field of the form. */
export type Field = EditableOption | 'environment' | 'algorithm' | 'seed' | 'steps';

/** The words of the fields, as they stand there. */
export type Words = { readonly [Name in Field]: string };

/** What to train. Plain data. */
export interface Settings {
  readonly environment: string;
  readonly algorithm: AlgorithmName;
  readonly seed: number;
  /** Environment steps after which training ends. Another number is not another session. */
  readonly steps: number;
  readonly options: TrpoConfig;
}

/** What is wrong with a field, in words. */
export interface Issue {
  readonly field: string;
  readonly message: string;
}

const presetOf = (environment: string): string => (Object.hasOwn(presets, environment) ? environment : 'default');

/** The options with which an environment begins. */
export const startingOptions = (environment: string): TrpoConfig => {
  const config = presetConfig(presetOf(environment));
  if (isLeft(config)) throw new Error(config.left.message);
  return config.right;
};

/** Words that are no number stay words, for the decoder to refuse. */
const numberOr = (text: string): number | string =>
  text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text);

const whole = (field: 'seed' | 'steps', text: string, least: number, most: number): readonly Issue[] => {
  const value = numberOr(text);
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
    ? []
    : [
        {
          field,
          message: `found ${JSON.stringify(text.slice(0, 40))}, expected a whole number from ${least} to ${most}`,
        },
      ];
};

const MOST_STEPS = 1e9;

/** Settings from the words of the fields. */
export const decodeSettings = (words: Words): Either<readonly Issue[], Settings> => {
  const algorithm = decodeAlgorithm(words.algorithm);
  const options = presetConfig(
    presetOf(words.environment),
    Object.fromEntries(EDITABLE.map((name) => [name, numberOr(words[name])])),
  );
  const issues = [
    ...(isLeft(algorithm) ? [{ field: 'algorithm', message: algorithm.left.message }] : []),
    ...whole('seed', words.seed, 0, Number.MAX_SAFE_INTEGER),
    ...whole('steps', words.steps, 1, MOST_STEPS),
    ...(isLeft(options)
      ? options.left.issues.map(({ field, found, expected }) => ({
          field,
          message: `found ${found}, expected ${expected}`,
        }))
      : []),
  ];
  return isLeft(algorithm) || isLeft(options) || issues.length > 0
    ? left(issues)
    : right({
        environment: words.environment,
        algorithm: algorithm.right,
        seed: Number(words.seed),
        steps: Number(words.steps),
        options: options.right,
      });
};
