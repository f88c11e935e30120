/** Training of environments that are given as data: in workers, each with an environment, a model and an engine of its own. */
import { availableParallelism } from 'node:os';
import { occupyCores } from '@natgrad/autodiff/internal';
import type { ActingState } from '../../state.js';
import { checkEnvironments, mergeShares, type Rollout, type RolloutConfig, stepsOf } from '../rollout.js';
import { inProcess, type Rollouts, type WorkerCount } from '../rollouts.js';
import type { Environments } from '../share.js';
import { checkCount } from './count.js';
import { packState, type ShareRequest, type WorkerSetup } from './messages.js';
import { type Pool, startPool } from './pool.js';

export { environmentsOf } from './environment.js';

/** Far more than there are cores: beyond that a number is a mistake, and would take the machine down. */
const MOST = 256;

/** Environments first to last, of `count`, for the i-th of `workers`. */
const rangeOf = (i: number, workers: number, count: number): readonly [number, number] => [
  Math.floor((i * count) / workers),
  Math.floor(((i + 1) * count) / workers),
];

/** The module that a worker runs. */
export const workerScript: URL = new URL('./worker.js', import.meta.url);

/** A rollout that was begun before it was asked for. */
interface Begun {
  readonly state: ActingState;
  readonly from: Environments;
  readonly rollout: Promise<Rollout>;
}

const isFor = (begun: Begun, state: ActingState, from: Environments): boolean =>
  begun.from === from &&
  begun.state.policy === state.policy &&
  begun.state.observationStatistics === state.observationStatistics &&
  begun.state.key.high === state.key.high &&
  begun.state.key.low === state.key.low;

/** The rollouts of a pool: `workers` of its threads divide the environments among them. */
export const pooled = (pool: Pool, workers: number, { model, envs, batchSize }: RolloutConfig): Rollouts => {
  let begun: Begun | null = null;
  const start = async (state: ActingState, from: Environments): Promise<Rollout> => {
    const width = model.observationWidth;
    checkEnvironments(from, envs.count, width);
    const steps = stepsOf(batchSize, envs.count);
    const packed = packState(state);
    const { key, states, episodes } = from.vector;
    const requests = Array.from({ length: workers }, (_, i): ShareRequest => {
      const [first, end] = rangeOf(i, workers, envs.count);
      const part: Environments = {
        vector: { key, states: states.slice(first, end), episodes: episodes.slice(first, end) },
        observations: from.observations.slice(first * width, end * width),
      };
      return { state: packed, firstIndex: first, input: { steps: steps.slice(first, end), from: part } };
    });
    const release = occupyCores(workers);
    try {
      return mergeShares(model, await pool.take(requests));
    } finally {
      release();
    }
  };
  return {
    begin: (state, from) => {
      if (begun !== null) return;
      const rollout = start(state, from);
      // Heard by whoever takes it, if somebody does.
      rollout.catch(() => undefined);
      begun = { state, from, rollout };
    },
    take: async (state, from) => {
      const ready = begun;
      begun = null;
      if (ready !== null && isFor(ready, state, from)) return { rollout: await ready.rollout, workers };
      // Of another state: the step that announced it was repeated, or kept another policy. Threads take one request at a time.
      await ready?.rollout.catch(() => undefined);
      return { rollout: await start(state, from), workers };
    },
    close: pool.close,
  };
};

/**
 * Milliseconds that a rollout must take in this process for workers to be worth it. Sending states and batches back and forth costs
 * a few, starting a worker a few hundred once.
 */
const WORTHWHILE = 50;

/**
 * Rollouts that are tried. The first ones are slower than the others: the code that runs them is not compiled yet. Every worker
 * compiles its own, and makes only a part of each rollout.
 */
const TRIALS = { here: 4, there: 12 } as const;

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * In this process, unless even the fastest of the first rollouts takes so long that workers are worth a trial; then by whoever
 * makes whole iterations faster. (More threads than idle cores gain nothing; a single one can act while the critic is fitted, but may
 * slow that down.)
 */
const chosenByTime = (here: Rollouts, start: () => Rollouts): Rollouts => {
  let current = here;
  let least = Infinity;
  let leastHere = Infinity;
  let last: number | null = null;
  /** Milliseconds from one rollout to the next, by whoever makes them now; null when it has been decided who that is. */
  let iterations: number[] | null = [];
  const choose = async (tried: readonly number[]): Promise<void> => {
    if (current === here && least > WORTHWHILE) {
      [current, leastHere, iterations] = [start(), Math.min(...tried), []];
      return;
    }
    iterations = null;
    // A rollout that began during a slow iteration makes the next one fast: the mean of several tells.
    if (current === here || mean(tried.slice(tried.length / 2)) < leastHere) return;
    await current.close();
    current = here;
  };
  return {
    begin: (state, from) => current.begin(state, from),
    take: async (state, from) => {
      const before = performance.now();
      if (last !== null) iterations?.push(before - last);
      last = before;
      if (iterations?.length === (current === here ? TRIALS.here : TRIALS.there)) await choose(iterations);
      const began = performance.now();
      const taken = await current.take(state, from);
      least = Math.min(least, performance.now() - began);
      return taken;
    },
    close: () => current.close(),
  };
};

/** Rollouts by as many workers as were asked for. */
export const workerRollouts = (
  setup: WorkerSetup,
  config: RolloutConfig,
  wanted: WorkerCount,
  script: URL = workerScript,
): Rollouts => {
  checkCount(wanted);
  const here = inProcess(config);
  const cores = availableParallelism();
  const count = Math.min(wanted === 'auto' ? cores : wanted, config.envs.count, MOST);
  const start = (): Rollouts => pooled(startPool(setup, script), count, config);
  if (wanted === 'auto') return cores > 1 ? chosenByTime(here, start) : here;
  return count > 0 ? start() : here;
};
