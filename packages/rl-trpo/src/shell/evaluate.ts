/** How good a policy is: episodes of their own, from which nothing is learnt. */
import type { Env } from '@natgrad/envs';
import { foldIn, type Key, split } from '@natgrad/tensor';
import { invalid } from '@natgrad/tensor/internal';
import { actor } from '../act.js';
import type { TrpoConfig } from '../config.js';
import type { EngineOptions } from '../engine.js';
import type { Model } from '../model.js';
import type { TrpoState } from '../state.js';
import { environmentActions } from './environment-actions.js';

/** How actions are chosen. */
export type EvaluationMode =
  /** The most likely choice, the mean of a Gaussian. */
  | 'deterministic'
  /** Actions are sampled, as in training. */
  | 'sampled';

/** Which episodes to run. */
export interface EvaluationOptions {
  readonly key: Key;
  /** Default 100. */
  readonly episodes?: number;
  /** Default `deterministic`. */
  readonly mode?: EvaluationMode;
  /** Steps after which an episode is given up, for environments without a time limit of their own. Default 100,000. */
  readonly maxSteps?: number;
}

/** How episodes went. */
export interface Evaluation {
  readonly mode: EvaluationMode;
  /** Sum of rewards of each episode, in order. */
  readonly returns: readonly number[];
  /** Steps of each episode. */
  readonly lengths: readonly number[];
  /** Total cost of each episode; null in environments without costs. */
  readonly costs: readonly number[] | null;
  readonly mean: number;
  /** Standard deviation over the episodes (with n, not n − 1). */
  readonly deviation: number;
  readonly min: number;
  readonly max: number;
}

/** The model, the environment, and the options that concern acting. */
export type EvaluationConfig = { readonly model: Model; readonly env: Env } & Pick<
  TrpoConfig,
  'clipActions' | 'normaliseObservations' | 'observationClip'
> &
  Partial<EngineOptions>;

/** An episode that goes on; only `evaluate` itself holds one. */
interface Live {
  readonly episode: number;
  readonly key: Key;
  state: unknown;
  observation: ArrayLike<number>;
}

/** How far an evaluation is. */
export interface EvaluationProgress {
  /** Steps that all episodes together have made. */
  readonly steps: number;
  /** Steps that those which go on may still make. */
  readonly remaining: number;
  /** Episodes that are over, and all of them. */
  readonly over: number;
  readonly episodes: number;
}

/**
 * {@link evaluate}, step by step, for whoever has something else to do meanwhile: yields after each step of the episodes that go
 * on, and returns the evaluation.
 *
 * @throws what `evaluate` throws, when the first step is asked for
 */
export function* evaluation(
  config: EvaluationConfig,
  state: TrpoState,
  options: EvaluationOptions,
): Generator<EvaluationProgress, Evaluation> {
  const { env, model } = config;
  const { key, episodes = 100, mode = 'deterministic', maxSteps = 100_000 } = options;
  if (!Number.isSafeInteger(episodes) || episodes < 1)
    throw invalid('evaluate', `${episodes} episodes, expected a whole number ≥ 1`, {
      argument: 'episodes',
      found: String(episodes),
      expected: 'a whole number ≥ 1',
    });
  const { sample, deterministic } = actor(config, state);
  const width = model.observationWidth;
  const space = env.actionSpace;
  const toEnvironment = environmentActions(model.distribution, space, config.clipActions);
  const returns = new Array<number>(episodes).fill(0);
  const lengths = new Array<number>(episodes).fill(0);
  const costs = new Array<number>(episodes).fill(0);
  let live: readonly Live[] = returns.map((_, episode) => {
    const [start, acting] = split(foldIn(key, episode));
    return { episode, key: acting, ...env.reset(start) };
  });
  const longest = Math.min(maxSteps, env.timeLimit ?? Infinity);
  let steps = 0;
  for (let step = 0; live.length > 0; step += 1) {
    const observations = new Float64Array(live.length * width);
    live.forEach(({ observation }, row) => observations.set(Array.from(observation), row * width));
    const chosen =
      mode === 'deterministic'
        ? deterministic(observations)
        : sample(
            observations,
            live.map((each) => foldIn(each.key, step)),
          ).actions;
    const actions = toEnvironment(chosen);
    const actionWidth = actions.length / live.length;
    steps += live.length;
    live = live.filter((each, row) => {
      const action =
        space.kind === 'discrete'
          ? (actions[row] as number)
          : actions.slice(row * actionWidth, (row + 1) * actionWidth);
      const next = env.step(each.state, action);
      each.state = next.state;
      each.observation = next.observation;
      returns[each.episode] = (returns[each.episode] as number) + next.reward;
      costs[each.episode] = (costs[each.episode] as number) + (next.cost ?? 0);
      lengths[each.episode] = step + 1;
      return !next.terminated && !next.truncated && step + 1 < maxSteps;
    });
    yield { steps, remaining: live.length * (longest - step - 1), over: episodes - live.length, episodes };
  }
  const mean = returns.reduce((sum, x) => sum + x, 0) / episodes;
  const deviation = Math.sqrt(returns.reduce((sum, x) => sum + (x - mean) ** 2, 0) / episodes);
  return {
    mode,
    returns,
    lengths,
    costs: env.reportsCost === true ? costs : null,
    mean,
    deviation,
    min: Math.min(...returns),
    max: Math.max(...returns),
  };
}

/** The result of an evaluation that is not looked at on its way. */
export const finished = (steps: Generator<EvaluationProgress, Evaluation>): Evaluation => {
  let next = steps.next();
  while (next.done !== true) next = steps.next();
  return next.value;
};

/**
 * Runs episodes with the policy of a state. Episode `e` depends on `foldIn(key, e)` only, so the first ten of a hundred are the
 * ten of a shorter evaluation. A pure function of its arguments.
 *
 * @throws `InvalidArgument` unless there is at least one episode, and what the environment or the model throw
 */
export const evaluate = (config: EvaluationConfig, state: TrpoState, options: EvaluationOptions): Evaluation =>
  finished(evaluation(config, state, options));
