import { type Key, randomIntAt } from '@natgrad/tensor';
import { invalid } from '@natgrad/tensor/internal';
import { type EnvDefinition, type NumberOption, optionsOrThrow } from '../definition.js';
import { defineEnv, type Env, type Start, type Transition } from '../env.js';
import { box, discrete, type Vector } from '../spaces.js';
import { repeatPreviousScene } from './_repeat-previous-scene.js';

/** An episode, and how far it has come. */
export interface RepeatPreviousState {
  /** Every symbol of the episode, `k + scored` of them: drawn when it begins, shown one at a time. */
  readonly symbols: readonly number[];
  /** Steps made. The symbol that is shown is `symbols[step]`. */
  readonly step: number;
}

/** How long to remember, what, and how often to be asked. */
export interface RepeatPreviousOptions {
  /** How many steps back the symbol to repeat was shown. Default 4. */
  readonly k?: number;
  /** How many symbols there are. Default 4. */
  readonly symbols?: number;
  /** Steps that count; an episode has `k` more, before there is something to repeat. Default 12. */
  readonly scored?: number;
}

const bounds: { readonly [Name in 'k' | 'symbols' | 'scored']: NumberOption } = {
  k: {
    kind: 'number',
    default: 4,
    minimum: 1,
    maximum: 100,
    whole: true,
    description: 'steps between a symbol and its repetition',
  },
  symbols: {
    kind: 'number',
    default: 4,
    minimum: 2,
    maximum: 100,
    whole: true,
    description: 'how many symbols there are',
  },
  scored: {
    kind: 'number',
    default: 12,
    minimum: 1,
    maximum: 900,
    whole: true,
    description: 'steps that count; an episode has k more, before there is something to repeat',
  },
};

/**
 * Say at every step which symbol was shown `k` steps before. The symbols are drawn independently and uniformly; the one that is
 * shown now is the observation, as a one-hot vector. Reward: 1 / `scored` for the right symbol, −1 / `scored` for a wrong one,
 * 0 in the first `k` steps, in which there is nothing to repeat. Terminates after `k + scored` steps, so that returns lie
 * in [−1, 1], and 1 is for never being wrong.
 *
 * **What memory is worth here.** The symbol to repeat is independent of the present observation (k ≥ 1). A policy that sees
 * only that is right with probability 1 / `symbols` in each step, whatever it does: its expected return is exactly
 * 2 / `symbols` − 1, −½ for four symbols, and no training can change it. With a memory of `k` symbols the return is 1.
 *
 * Source: the idea is that of RepeatPrevious in POPGym (Morad, Kortvelesy, Bettini, Liwicki and Prorok 2023, "POPGym:
 * Benchmarking Partially Observable Reinforcement Learning"), with the same reward. There the symbols are the suits of shuffled
 * cards, so that one who counts cards can do better than guess; here they are independent, which makes the bound above exact.
 * `k` counts steps back: POPGym’s k is one more.
 *
 * @throws `InvalidArgument` for options that are not whole numbers in their ranges, and for unknown ones
 * @example
 * ```ts
 * const env = repeatPrevious({ k: 1, scored: 4 });
 * const first = env.reset(key(0));
 * const second = env.step(first.state, 0); // nothing to repeat yet
 * const symbol = Array.from(first.observation).indexOf(1);
 * console.log(second.reward, env.step(second.state, symbol).reward); // 0 0.25
 * ```
 */
export const repeatPrevious = (given: RepeatPreviousOptions = {}): Env<RepeatPreviousState, number> => {
  const { k, symbols: count, scored } = optionsOrThrow('repeatPrevious', bounds, given);
  const length = k + scored;

  const observed = (state: RepeatPreviousState): Start<RepeatPreviousState> => {
    const observation = new Float32Array(count);
    // After the end nothing new is shown.
    observation[state.symbols[Math.min(state.step, length - 1)] as number] = 1;
    return { state, observation };
  };

  return defineEnv<RepeatPreviousState, number>({
    id: 'RepeatPrevious-v0',
    actionSpace: discrete(count),
    observationSpace: box({ low: 0, high: 1, shape: [count], dtype: 'f32' }),
    rewardThreshold: REWARD_THRESHOLD,
    reset: (key: Key): Start<RepeatPreviousState> =>
      observed({ symbols: Array.from({ length }, (_, t) => randomIntAt(key, t, { maximum: count })), step: 0 }),
    step: ({ symbols, step }: RepeatPreviousState, action: number): Transition<RepeatPreviousState> => {
      const counts = step >= k && step < length;
      const reward = counts ? (action === symbols[step - k] ? 1 : -1) / scored : 0;
      const next = { symbols, step: Math.min(step + 1, length) };
      return { ...observed(next), reward, terminated: next.step >= length, truncated: false };
    },
    coordinates: {
      names: ['step', ...Array.from({ length }, (_, t) => `symbol ${t}`)],
      dtype: 'f64',
      read: ({ symbols, step }: RepeatPreviousState): Vector => [step, ...symbols],
      start: (values: Vector): Start<RepeatPreviousState> => {
        const [step = 0, ...symbols] = Array.from(values);
        const whole = (x: number, least: number, most: number): boolean =>
          Number.isInteger(x) && x >= least && x <= most;
        if (!whole(step, 0, length) || !symbols.every((symbol) => whole(symbol, 0, count - 1)))
          throw invalid('RepeatPrevious-v0.coordinates.start', `[${values.length} numbers] are no episode`, {
            argument: 'values',
            expected: `a step from 0 to ${length}, then ${length} symbols from 0 to ${count - 1}`,
          });
        return observed({ symbols, step });
      },
    },
    scene: (state: RepeatPreviousState, action?: number) => repeatPreviousScene(state, k, action),
  });
};

/** 19 of 20 right. */
const REWARD_THRESHOLD = 0.9;

export const definition: EnvDefinition<typeof bounds> = {
  id: 'RepeatPrevious-v0',
  summary: 'say which symbol was shown k steps before: needs a memory',
  // The longest that the options allow; an episode ends by itself.
  timeLimit: bounds.k.maximum + bounds.scored.maximum,
  rewardThreshold: REWARD_THRESHOLD,
  options: bounds,
  create: (options) => repeatPrevious(options),
};
