/** What a step is made from: a model, and options that are checked once. */
import { type Either, map } from 'fp-ts/lib/Either.js';
import { decodeConfig, type TrpoConfig } from './config.js';
import type { TrpoError } from './errors.js';
import type { Model } from './model.js';

/** The model, and any options: what is not given has its default. */
export type StepConfig = { readonly model: Model } & Partial<TrpoConfig>;

export interface Setup {
  readonly model: Model;
  readonly options: TrpoConfig;
}

/** Separates model and options and checks the latter. */
export const resolveSetup = ({ model, ...options }: StepConfig): Either<TrpoError, Setup> =>
  map((complete: TrpoConfig): Setup => ({ model, options: complete }))(decodeConfig(options));
