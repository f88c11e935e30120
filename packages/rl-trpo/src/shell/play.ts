/** One episode, step by step: for whoever wants to see what a policy does, and not only how good it is. */
import type { Action, Transition } from '@natgrad/envs';
import { foldIn, type Key, split } from '@natgrad/tensor';
import { invalid } from '@natgrad/tensor/internal';
import { actor } from '../act.js';
import type { TrpoState } from '../state.js';
import { environmentActions } from './environment-actions.js';
import type { EvaluationConfig, EvaluationMode } from './evaluate.js';

/** Which episode to play. */
export interface PlayOptions {
  readonly key: Key;
  /** Number of the episode: the one that {@link evaluate} has at this place for the same key. Default 0. */
  readonly episode?: number;
  /** Default `deterministic`. */
  readonly mode?: EvaluationMode;
  /** Steps after which the episode is given up. Default 100,000. */
  readonly maxSteps?: number;
}

/** One step of an episode. */
export interface PlayedStep {
  /** The state in which it was made. */
  readonly state: unknown;
  /** What the environment was told: a choice, or a vector. */
  readonly action: Action;
  readonly transition: Transition<unknown>;
}

/**
 * Plays one episode with the policy of a state and yields its steps, at least one: the very episode that {@link evaluate} counts.
 * Ends with it, or after `maxSteps`. Depends on its arguments only; whoever takes no more steps stops it there.
 *
 * @throws `InvalidArgument` unless `episode` is a whole number and there is at least one step, and what the environment or the model
 * throw
 * @example
 * ```ts
 * import { cartPole, timeLimit } from '@natgrad/envs';
 * const env = timeLimit(cartPole(), 500);
 * const model = mlpModel(env, defaultConfig);
 * const made = initialState({ model, ...defaultConfig }, key(0));
 * if (made._tag === 'Left') throw made.left;
 * const steps = [...play({ env, model, ...defaultConfig }, made.right, { key: key(1) })];
 * console.log(steps.at(-1)?.transition.terminated); // true
 * ```
 */
export function* play(config: EvaluationConfig, state: TrpoState, options: PlayOptions): Generator<PlayedStep, void> {
  const { env, model } = config;
  const { key, episode = 0, mode = 'deterministic', maxSteps = 100_000 } = options;
  for (const [argument, value, least] of [
    ['episode', episode, 0],
    ['maxSteps', maxSteps, 1],
  ] as const)
    if (!Number.isSafeInteger(value) || value < least)
      throw invalid('play', `${argument} is ${value}, expected a whole number ≥ ${least}`, {
        argument,
        found: String(value),
        expected: `a whole number ≥ ${least}`,
      });
  const { sample, deterministic } = actor(config, state);
  const discrete = env.actionSpace.kind === 'discrete';
  const toEnvironment = environmentActions(model.distribution, env.actionSpace, config.clipActions);
  const [start, acting] = split(foldIn(key, episode));
  let { state: here, observation } = env.reset(start);
  for (let step = 0; step < maxSteps; step += 1) {
    const told = toEnvironment(
      mode === 'deterministic' ? deterministic(observation) : sample(observation, [foldIn(acting, step)]).actions,
    );
    const action = discrete ? (told[0] as number) : told;
    const transition = env.step(here, action);
    yield { state: here, action, transition };
    if (transition.terminated || transition.truncated) return;
    ({ state: here, observation } = transition);
  }
}
