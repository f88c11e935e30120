/** What a step is made from: a model, options that are checked once, and the engine that they name. */
import type { Engine } from '@natgrad/autodiff';
import { chain, type Either, left, map, right } from 'fp-ts/lib/Either.js';
import { decodeConfig, type TrpoConfig } from './config.js';
import { modelContradictions } from './contradictions.js';
import { engineOf } from './engine.js';
import { entropyBonusFault } from './entropy-bonus.js';
import { type TrpoError, trpoError } from './errors.js';
import type { Model } from './model.js';

/** The model, and any options: what is not given has its default. */
export type StepConfig = { readonly model: Model } & Partial<TrpoConfig>;

export interface Setup {
  readonly model: Model;
  readonly options: TrpoConfig;
  readonly engine: Engine;
}

/** Separates model and options, checks the latter, and finds the engine unless one is given. */
export const resolveSetup = ({ model, ...options }: StepConfig, own?: Engine): Either<TrpoError, Setup> =>
  chain((complete: TrpoConfig) => {
    const entropy = entropyBonusFault(model.distribution, complete.entropyBonus);
    const [fault, ...rest] = [...(entropy === null ? [] : [entropy]), ...modelContradictions(model, complete)];
    if (fault !== undefined) return left(trpoError('InvalidConfig', [fault, ...rest]));
    return map((engine: Engine): Setup => ({ model, options: complete, engine }))(
      own === undefined ? engineOf(complete) : right(own),
    );
  })(decodeConfig(options));
