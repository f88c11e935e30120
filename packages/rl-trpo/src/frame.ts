/** The frame that every algorithm has in common: a configuration becomes a pure step from a state and a batch to a new state. */
import type { Engine } from '@natgrad/autodiff';
import { chain, type Either, left, right } from 'fp-ts/lib/Either.js';
import { attempt } from './attempt.js';
import type { Batch } from './batch.js';
import { type CompiledSetup, compileModel } from './compiled.js';
import { type TrpoError, type TrpoIssue, trpoError } from './errors.js';
import type { StepResult } from './finish.js';
import { type MemoryForm, remembered } from './memory.js';
import type { ParameterTree } from './model.js';
import type { StepReport } from './report.js';
import { resolveSetup, type Setup, type StepConfig } from './setup.js';
import type { ActingState, TrpoState } from './state.js';
import { validateBatch } from './validate-batch.js';
import { validateState } from './validate-state.js';

/** Parts of a step that a probe may time. */
export type Stage = 'advantages' | 'gradient' | 'conjugateGradient' | 'lineSearch' | 'policyFit' | 'valueFit';

/** Runs a part of the step: the place for a clock, which the step itself does not have. */
export type Probe = <T>(stage: Stage, run: () => T) => T;

/**
 * Hears what the next rollout will act with as soon as that is known: whoever makes it can begin while the critic is fitted. Hears it
 * again from a step that is repeated because a thread was lost.
 */
export type Announce = (next: ActingState) => void;

/** A state and a batch in, a new state and a report out, or an error that says what is wrong with either. Never throws. */
export type Step<Report extends StepReport = StepReport> = (
  state: TrpoState,
  batch: Batch,
) => Either<TrpoError, StepResult<Report>>;

/**
 * An algorithm: a step for a configuration. Keep `algorithm(config)` and call it again: it holds what was compiled, once for
 * each size of batch.
 *
 * @param config the model, and the options that differ from the defaults
 * @param probe measures the parts of the step; the result does not depend on it
 * @param engine runs the step in place of the engine that the options name
 * @param announce hears, in the middle of a step, how the state after it will act; the result does not depend on it
 */
export type Algorithm<Report extends StepReport = StepReport> = (
  config: StepConfig,
  probe?: Probe,
  engine?: Engine,
  announce?: Announce,
) => Step<Report>;

/** What the stages of one step work on: valid inputs, and what was compiled for them. */
export interface StepInput {
  /** Name of the algorithm, for the report. */
  readonly algorithm: string;
  readonly setup: CompiledSetup;
  readonly probe: Probe;
  readonly announce: Announce;
  readonly state: TrpoState;
  readonly batch: Batch;
  /** `state.memory`, or at the first step what the algorithm begins with; null for one that keeps nothing. */
  readonly memory: ParameterTree | null;
}

/** What makes an algorithm, beside the frame. */
export interface AlgorithmParts<Report extends StepReport = StepReport> {
  readonly name: string;
  /** What it keeps from one step to the next; without it, nothing. */
  readonly memory?: MemoryForm;
  /** What is wrong with a configuration for this algorithm: options that it cannot honour. Default: nothing. */
  readonly refuses?: (setup: Setup) => readonly TrpoIssue[];
  /**
   * Makes the step for a setup, once: the place to compile programs of its own. The step gets valid inputs; what it throws
   * becomes an error of the model.
   */
  readonly prepare: (setup: CompiledSetup) => (input: StepInput) => Either<TrpoError, StepResult<Report>>;
}

/**
 * An algorithm from its parts. The frame resolves and checks options, state, memory and batch, so that the parts see valid inputs
 * only; and whatever they throw, it returns. See {@link trpoStep} for the stages that an algorithm is composed of.
 *
 * @example
 * ```ts
 * // Learns the values of a policy and leaves the policy alone.
 * const evaluation = defineAlgorithm({
 *   name: 'evaluation',
 *   prepare: () => (input) => {
 *     const estimated = estimateAdvantages(input);
 *     if (estimated._tag === 'Left') return estimated;
 *     const gradient = policyGradient(input, estimated.right);
 *     if (gradient._tag === 'Left') return gradient;
 *     return finish(input, { data: estimated.right, ...gradient.right, taken: null, critic: fitCritic(input, estimated.right) });
 *   },
 * });
 * const model = mlpModel({ observationSpace: { low: [0] }, actionSpace: { kind: 'discrete', n: 2 } });
 * console.log(evaluation({ model, gamma: 2 })({} as TrpoState, {} as Batch)._tag); // Left
 * ```
 */
export const defineAlgorithm =
  <Report extends StepReport = StepReport>({
    name,
    memory,
    refuses = () => [],
    prepare,
  }: AlgorithmParts<Report>): Algorithm<Report> =>
  (config, probe = (_stage, run) => run(), engine, announce = () => undefined) => {
    const prepared = chain((valid: Setup) => {
      const { model, options } = valid;
      const [fault, ...rest] = refuses(valid);
      if (fault !== undefined) return left(trpoError('InvalidConfig', [fault, ...rest]));
      const setup = {
        ...valid,
        compiled: compileModel(model, { ...options, engine: valid.engine }),
      };
      return right({ setup, step: prepare(setup) });
    })(resolveSetup(config, engine));
    return (state, batch) =>
      chain(({ setup, step }: { readonly setup: CompiledSetup; readonly step: ReturnType<typeof prepare> }) =>
        attempt('state and batch', () =>
          chain(() =>
            chain((kept: ParameterTree | null) =>
              chain(() =>
                attempt('model', () => step({ algorithm: name, setup, probe, announce, state, batch, memory: kept })),
              )(validateBatch(setup.model, batch)),
            )(remembered(name, memory, setup, state)),
          )(validateState(setup.model, state)),
        ),
      )(prepared);
  };
