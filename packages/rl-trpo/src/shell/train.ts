/** Training: the step of an algorithm unfolded over rollouts. What is not a pure function of the state is here: the clock, and waiting. */
import type { EnvSpec, VectorEnv } from '@natgrad/envs';
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
import { inProcess, type Rollouts, type WorkerCount } from './rollouts.js';
import type { Environments, StepFailure } from './share.js';
import { TrainingError } from './training-error.js';

/** All that training goes on from: plain data and tensors. */
export interface Snapshot {
  readonly state: TrpoState;
  readonly environments: Environments;
}

/** Seconds of one iteration, by part; of a rollout that workers began during the step before, those that it was waited for. */
export type Seconds = { readonly [Part in Stage | 'rollout' | 'total']: number };

/** What is written down about an iteration: the report of its step, and what only a clock can tell. */
export interface IterationRecord {
  readonly report: StepReport;
  readonly seconds: Seconds;
  /** Environment steps of this iteration per second of it. */
  readonly stepsPerSecond: number;
  /** Workers that shared the rollout; 0 where it was made in this process, as with every environment that is a closure. */
  readonly workers: number;
  /** Steps of the environment that could not be made, and the first of them in words; null where all could. */
  readonly failures: { readonly count: number; readonly first: string } | null;
}

/** An iteration that is over. Immutable: it can be kept, saved and continued from, however long training has gone on. */
export interface Iteration extends Snapshot {
  readonly record: IterationRecord;
}

/** What to train, with what options, and from where on. */
export interface TrainOptions {
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

/** Training in environments that are there: functions, which act in this process. */
export interface TrainConfig extends TrainOptions {
  /** What to act in, e.g. `vectorise(cartPole(), 8)`. */
  readonly envs: VectorEnv;
}

/** Training in an environment that is given as data, so that workers can make their own. */
export interface SpecTrainConfig extends TrainOptions {
  /** A registered environment, or the URL of a module that exports one. The option `environments` says how many there are. */
  readonly environment: EnvSpec;
  /** Who acts. The bits do not depend on it. Default `auto`, which with a `model` of one's own is this process: it cannot travel. */
  readonly workers?: WorkerCount;
  /** The module that workers run, for those who bundle this package. Default: its own file `worker.js`. */
  readonly workerScript?: URL;
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

/** The model that was given, or the one that the options name. */
const modelOf = ({ model, envs }: TrainConfig, options: TrpoConfig): Model =>
  model ?? orThrow<Model>(tryModelFor(envs, options));

const modelCannotTravel = (workers: WorkerCount): TrpoError =>
  issueError('InvalidConfig', {
    code: 'contradiction',
    field: 'workers',
    found: `${workers} with a model of one's own, whose functions cannot travel to workers`,
    expected: '0, or options in place of the model',
  });

/** What cannot be: an environment of functions where data is asked for, and workers for one. */
const closureMistake = (given: TrainConfig | SpecTrainConfig): TrpoError | null => {
  const { envs, environment, workers } = given as Partial<TrainConfig & SpecTrainConfig>;
  const expected =
    'envs: vectorise(env, count) for an environment of functions, which acts in this process; or data, such as { id }';
  if (envs !== undefined && workers !== undefined && workers !== 0)
    return issueError('InvalidConfig', {
      code: 'contradiction',
      field: 'workers',
      found: `${workers} with envs, whose functions cannot travel to workers`,
      expected: '0, or environment as data in place of envs',
    });
  const own = Object.entries(environment ?? {}).find(([, value]) => typeof value === 'function');
  if (own === undefined) return null;
  return issueError('InvalidConfig', {
    code: 'wrongKind',
    field: 'environment',
    found: `an object with the function ${own[0]}`,
    expected,
  });
};

/**
 * Where training begins: fresh parameters, and the start of the first episodes.
 *
 * @throws `TrainingError` for invalid options
 */
export const startOfTraining = (config: TrainConfig): Snapshot => {
  const options = resolve(config);
  const model = modelOf(config, options);
  const [stateKey, environmentsKey] = split(config.key);
  const { state: vector, observations } = config.envs.reset(environmentsKey);
  return { state: orThrow(initialState({ model, ...options }, stateKey)), environments: { vector, observations } };
};

/** Where there is no `setImmediate`, there are no signals to hear either. */
const nextTurn = (): Promise<void> =>
  new Promise((resume) => {
    if (typeof setImmediate === 'function') setImmediate(resume);
    else setTimeout(resume, 0);
  });

/**
 * Lets whatever else waits, such as signals and output, have its turn. Twice: the first may come before the event loop has asked
 * the system for news. (A timer may always do so after long work: it is due as soon as the clock is read again.)
 */
const pause = async (): Promise<void> => {
  await nextTurn();
  await nextTurn();
};

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

/** What becomes of the failures of a rollout in its record. */
const summaryOf = (failures: readonly StepFailure[]): IterationRecord['failures'] => {
  const [first] = failures;
  if (first === undefined) return null;
  const { environment, step, failure } = first;
  return {
    count: failures.length,
    first: `environment ${environment}, step ${step}: found ${failure.found}, expected ${failure.expected}`,
  };
};

/** Everything that iterations have in common. */
const prepare = async (
  given: TrainConfig | SpecTrainConfig,
): Promise<{
  readonly config: TrainConfig;
  readonly options: TrpoConfig;
  readonly model: Model;
  readonly rollouts: Rollouts;
}> => {
  const mistake = closureMistake(given);
  if (mistake !== null) throw new TrainingError(mistake);
  if ('envs' in given) {
    const options = resolve(given);
    const model = modelOf(given, options);
    return { config: given, options, model, rollouts: inProcess({ model, envs: given.envs, ...options }) };
  }
  const { environment, workers = given.model === undefined ? 'auto' : 0, workerScript, ...rest } = given;
  if (given.model !== undefined && workers !== 0) throw new TrainingError(modelCannotTravel(workers));
  // Not for everyone: threads are Node's (a page gets `in-page.ts`), and whoever hands in `envs` has loaded what is needed.
  const { environmentsOf, workerRollouts } = await import('#workers');
  const config = { ...rest, envs: await environmentsOf(environment, orThrow(decodeConfig(rest.options ?? {}))) };
  const options = resolve(config);
  const model = modelOf(config, options);
  const acting = { model, envs: config.envs, ...options };
  return { config, options, model, rollouts: workerRollouts({ environment, options }, acting, workers, workerScript) };
};

/**
 * Trains: an iteration after the other, each a rollout and a step, until `steps` are reached or nobody asks for the next one.
 * The numbers, all but the seconds, depend on the configuration alone, and not on the number of workers; going on from an
 * iteration gives the same bits as never having stopped.
 *
 * Workers live as long as the iteration over the result does (`break` ends them too), and do not keep the process alive. One that
 * crashes is replaced, and its share of the rollout is taken again, with the same bits.
 *
 * @throws `TrainingError` for invalid options, a state of another model, a batch that cannot be learnt from, or a share with which
 * two workers in a row were lost (`WorkerCrashed`); what `rollout`, `loadEnv` and the environment itself throw
 * @example
 * ```ts
 * import { makeEnv, vectorise } from '@natgrad/envs';
 * const env = makeEnv('CartPole-v1');
 * if (env._tag === 'Left') throw env.left;
 * const config = { envs: vectorise(env.right, 4), options: { batchSize: 64, hidden: [8] }, key: key(0), steps: 128 };
 * for await (const { record } of train(config)) console.log(record.report.totalSteps <= 128); // true
 * ```
 * @example
 * ```ts
 * const options = { environments: 2, batchSize: 64, hidden: [8] };
 * const config = { environment: { id: 'Pendulum-v1' }, workers: 2, options, key: key(0), steps: 64 };
 * for await (const { record } of train(config)) console.log(record.workers); // 2
 * ```
 */
export async function* train(given: TrainConfig | SpecTrainConfig): AsyncGenerator<Iteration, void, undefined> {
  const { config, options, model, rollouts } = await prepare(given);
  const { steps = Infinity } = config;
  const { probe, read } = stopwatch();
  try {
    // Where the next rollout goes on; null before the last step, which none follows.
    let standing: Environments | null = null;
    const step = algorithms[config.algorithm ?? 'trpo']({ model, ...options }, probe, undefined, (next) => {
      if (standing !== null) rollouts.begin(next, standing);
    });
    let { state, environments } = config.from ?? startOfTraining(config);
    while (state.steps < steps) {
      const start = performance.now();
      const { rollout, workers } = await rollouts.take(state, environments);
      const rolloutSeconds = (performance.now() - start) / 1000;
      await pause();
      standing = state.steps + rollout.batch.rewards.size < steps ? rollout.environments : null;
      const resumed = performance.now();
      const result = orThrow(step(state, rollout.batch));
      const total = rolloutSeconds + (performance.now() - resumed) / 1000;
      ({ state, environments } = { state: result.state, environments: rollout.environments });
      yield {
        state,
        environments,
        record: {
          report: result.report,
          seconds: { rollout: rolloutSeconds, ...read(), total },
          stepsPerSecond: result.report.steps / total,
          workers,
          failures: summaryOf(rollout.failures),
        },
      };
      await pause();
    }
  } finally {
    await rollouts.close();
  }
}
