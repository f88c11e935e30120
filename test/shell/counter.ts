/** An environment of which everything is known: it counts, and its actions are what it was told. */
import { box, defineEnv, type Env, timeLimit, type Vector } from '@natgrad/envs';
import { type Key, uniformAt } from '@natgrad/tensor';

export interface CounterState {
  /** Different in each episode, and between 0 and 1. */
  readonly mark: number;
  readonly count: number;
  /** Typed arrays belong to plain data, and so do numbers that JSON does not know. */
  readonly told: Float64Array;
  readonly oddities: readonly number[];
}

/**
 * Observes `[mark, count]`, rewards the action as the environment was told it, terminates when `count` reaches `end` (after
 * which nothing follows), is truncated after `limit`.
 */
export const counter = ({
  end = Infinity,
  limit = 1000,
}: {
  readonly end?: number;
  readonly limit?: number;
} = {}): Env =>
  timeLimit(
    defineEnv<CounterState, Vector>({
      id: 'Counter-v0',
      observationSpace: box({ low: -Infinity, high: Infinity, shape: [2] }),
      actionSpace: box({ low: -0.5, high: 0.5, shape: [1] }),
      reset: (key: Key) => {
        const mark = uniformAt(key, 0);
        const state = { mark, count: 0, told: new Float64Array(1), oddities: [Number.NaN, -0, Infinity, -Infinity] };
        return { state, observation: [mark, 0] };
      },
      step: ({ mark, count, oddities }, action) => {
        const told = Float64Array.from(action);
        const state = { mark, count: count + 1, told, oddities };
        return {
          state,
          observation: [mark, count + 1],
          reward: told[0] ?? 0,
          terminated: count + 1 >= end,
          truncated: false,
        };
      },
    }),
    limit,
  );
