/** Where training begins. */
import { type Key, split } from '@natgrad/tensor';
import { chain, type Either } from 'fp-ts/lib/Either.js';
import { adamState } from './adam.js';
import { attempt } from './attempt.js';
import type { TrpoError } from './errors.js';
import { emptyStatistics } from './running-statistics.js';
import { resolveSetup, type StepConfig } from './setup.js';
import type { TrpoState } from './state.js';
import { validateState } from './validate-state.js';

/**
 * The state before the first step. The same configuration and key give the same state, to the bit.
 *
 * @returns `Left` for an invalid configuration, or a model whose parameters are not finite float tensors.
 */
export const initialState = (config: StepConfig, key: Key): Either<TrpoError, TrpoState> =>
  chain(({ model, options }: { readonly model: StepConfig['model']; readonly options: { readonly delta: number } }) =>
    attempt('model.initialise', () => {
      const [modelKey, runKey] = split(key);
      const { policy, value } = model.initialise(modelKey);
      return validateState(model, {
        policy,
        value,
        valueOptimiser: adamState(value),
        observationStatistics: emptyStatistics(model.observationWidth),
        returnStatistics: emptyStatistics(1),
        valueStatistics: emptyStatistics(1),
        delta: options.delta,
        previousSolution: null,
        memory: null,
        key: runKey,
        iteration: 0,
        steps: 0,
        episodes: 0,
        progress: [],
      });
    }),
  )(resolveSetup(config));
