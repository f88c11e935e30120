/** Training: the step of an algorithm unfolded over rollouts. What is not a pure function of the state is here: the clock, and waiting. */
import type { VectorEnv } from '@natgrad/envs';
import { type Key, split } from '@natgrad/tensor';
import { type Either, isLeft } from 'fp-ts/lib/Either.js';
import { type AlgorithmName, algorithms, decodeAlgorithm, needsCosts } from '../algorithms/index.js';
import { decodeConfig, type TrpoConfig } from '../config.js';
import { issueError, type TrpoError } from '../errors.js';
import type { Probe, Stage } from '../frame.js';
import { initialState } from '../initial-state.js';
import type { Model } from '../model.js';
import { tryModelFor } from '../policy/model-for.js';
import type { StepReport } from '../report.js';
import type { TrpoState } from '../state.js';
import { type Environments, rollout } from './rollout.js';

/** All that training goes on from: plain data and tensors. */
export interface Snapshot {
  readonly state: TrpoState;
  readonly environments: Environments;
}

/** Seconds of one iteration, by part. */
export type Seconds = { readonly [Part in Stage | 'rollout' | 'total']: number };

/** What is written down about an iteration: the report of its step, and what only a clock can tell. */
export interface IterationRecord {
  readonly report: StepReport;
  readonly seconds: Seconds;
  /** Environment steps of this iteration per second of it. */
  readonly stepsPerSecond: number;
}

/** An iteration that is over. Immutable: it can be kept, saved and continued from, however long training has gone on. */
export interface Iteration extends Snapshot {
  readonly record: IterationRecord;
}

/** What to train, where, with what options, and from where on. */
export interface TrainConfig {
  /** What to act in, e.g. `vectorise(cartPole(), 8)`. */
  readonly envs: VectorEnv;
  /** Default: the one for these environments that the option `network` names, a perceptron. */
  readonly model?: Model;
  /** What improves the policy. Default: `trpo`. */
  readonly algorithm?: AlgorithmName;
  /** Options that differ from the defaults; `environments` is the number of `envs`. */
  readonly options?: Partial<TrpoConfig>;
  /** Source of all randomness. */
  readonly key: Key;
  /** Environment steps after which training ends, with the iteration that reaches them. Default: it goes on for ever. */
  readonly steps?: number;
  /** An iteration, or what was saved of one, to go on from as if training had never stopped. */
  readonly from?: Snapshot;
}

/** Thrown by {@link train} where a step could not be made; {@link TrainingError.reason} says all that is wrong. */
export class TrainingError extends Error {
  readonly _tag = 'TrainingError' as const;
  readonly reason: TrpoError;

  constructor(reason: TrpoError) {
    super(reason.message);
    this.name = 'TrainingError';
    this.reason = reason;
  }
}

const orThrow = <T>(result: Either<TrpoError, T>): T => {
  if (isLeft(result)) throw new TrainingError(result.left);
  return result.right;
};

/** What is wrong with constraints on costs that nobody reports. */
export const costsMissing = (algorithm: AlgorithmName, environment: string): TrpoError =>
  issueError('InvalidConfig', {
    code: 'contradiction',
    field: 'algorithm',
    found: `'${algorithm}' in ${environment}, which reports no costs`,
    expected: 'an environment that reports costs, such as Detour-v0, or another algorithm',
  });

/** The options of training in these environments, complete. */
const resolve = ({ envs, options = {}, algorithm = 'trpo' }: TrainConfig): TrpoConfig => {
  if (needsCosts(orThrow(decodeAlgorithm(algorithm))) && envs.env.reportsCost !== true)
    throw new TrainingError(costsMissing(algorithm, envs.env.id));
  const config = orThrow(decodeConfig({ ...options, environments: options.environments ?? envs.count }));
  if (config.environments !== envs.count)
    throw new TrainingError(
      issueError('InvalidConfig', {
        code: 'contradiction',
        field: 'environments',
        found: `${config.environments}, but ${envs.count} vectorised environments`,
        expected: 'the number of environments in envs, or no such option',
      }),
    );
  return config;
};

/**
 * Where training begins: fresh parameters, and the start of the first episodes.
 *
 * @throws `TrainingError` for invalid options
 */
export const startOfTraining = (config: TrainConfig): Snapshot => {
  const options = resolve(config);
  const model = config.model ?? orThrow<Model>(tryModelFor(config.envs, options));
  const [stateKey, environmentsKey] = split(config.key);
  const { state: vector, observations } = config.envs.reset(environmentsKey);
  return { state: orThrow(initialState({ model, ...options }, stateKey)), environments: { vector, observations } };
};

/** Lets whatever else waits, such as signals and output, have its turn. */
const pause = (): Promise<void> => new Promise((resume) => setTimeout(resume, 0));

const STAGES: readonly Stage[] = ['advantages', 'gradient', 'conjugateGradient', 'lineSearch', 'policyFit', 'valueFit'];

/** A probe, and the seconds that each stage took since the stopwatch was last read. */
const stopwatch = (): { readonly probe: Probe; readonly read: () => Record<Stage, number> } => {
  const none = (): Record<Stage, number> =>
    Object.fromEntries(STAGES.map((stage) => [stage, 0])) as Record<Stage, number>;
  let seconds = none();
  return {
    probe: (stage, run) => {
      const start = performance.now();
      try {
        return run();
      } finally {
        seconds[stage] += (performance.now() - start) / 1000;
      }
    },
    read: () => {
      const taken = seconds;
      seconds = none();
      return taken;
    },
  };
};

/**
 * Trains: an iteration after the other, each a rollout and a step, until `steps` are reached or nobody asks for the next one.
 * The numbers, all but the seconds, depend on the configuration alone; going on from an iteration gives the same bits as never
 * having stopped.
 *
 * @throws `TrainingError` for invalid options, a state of another model, or a batch that cannot be learnt from; what {@link rollout}
 * and the environment itself throw
 * @example
 * ```ts
 * import { makeEnv, vectorise } from '@natgrad/envs';
 * const env = makeEnv('CartPole-v1');
 * if (env._tag === 'Left') throw env.left;
 * const config = { envs: vectorise(env.right, 4), options: { batchSize: 64, hidden: [8] }, key: key(0), steps: 128 };
 * for await (const { record } of train(config)) console.log(record.report.totalSteps <= 128); // true
 * ```
 */
export async function* train(config: TrainConfig): AsyncGenerator<Iteration, void, undefined> {
  const { envs, steps = Infinity } = config;
  const options = resolve(config);
  const model = config.model ?? orThrow<Model>(tryModelFor(envs, options));
  const { probe, read } = stopwatch();
  const step = algorithms[config.algorithm ?? 'trpo']({ model, ...options }, probe);
  let { state, environments } = config.from ?? startOfTraining(config);
  while (state.steps < steps) {
    const start = performance.now();
    const acted = rollout({ model, envs, ...options }, state, environments);
    const rolloutSeconds = (performance.now() - start) / 1000;
    await pause();
    const resumed = performance.now();
    const result = orThrow(step(state, acted.batch));
    const total = rolloutSeconds + (performance.now() - resumed) / 1000;
    ({ state, environments } = { state: result.state, environments: acted.environments });
    yield {
      state,
      environments,
      record: {
        report: result.report,
        seconds: { rollout: rolloutSeconds, ...read(), total },
        stepsPerSecond: result.report.steps / total,
      },
    };
    await pause();
  }
}
