/** What rollouts cost beyond the physics in them. */
import { type RolloutConfig, rollout, type Snapshot } from '@natgrad/rl-trpo';
import { foldIn, toTypedArray } from '@natgrad/tensor';

/** Milliseconds of a rollout, and of its steps on the bare environment. */
export type Pair = readonly [rollout: number, physics: number];

/** Rollouts in a row; the first finds cold caches. */
const ROLLOUTS = 4;

/**
 * Milliseconds of rollouts in this process, each beside those of its own steps on the bare environment: the same states, the same
 * actions. Null for environments of choices, or whose actions pass through a bijection.
 */
export const besidePhysics = (config: RolloutConfig, { state, environments }: Snapshot): readonly Pair[] | null => {
  const { env, actionSpace, count } = config.envs;
  if (actionSpace.kind !== 'box' || config.model.distribution.bijection !== undefined) return null;
  const { low, high } = actionSpace;
  const pairs: Pair[] = [];
  let from = environments;
  for (let turn = 0; turn < ROLLOUTS; turn += 1) {
    const began = performance.now();
    const { batch, environments: after } = rollout(config, state, from);
    const taken = performance.now() - began;
    const numbers = toTypedArray(batch.actions);
    const actions = Array.from({ length: batch.rewards.size }, (_, row) =>
      low.map((least, j) => {
        const sampled = numbers[row * low.length + j] as number;
        return config.clipActions ? Math.min(high[j] as number, Math.max(least, sampled)) : sampled;
      }),
    );
    const { key: episodes, states, episodes: begun } = from.vector;
    const start = performance.now();
    let row = 0;
    for (let i = 0; i < count; i += 1) {
      let [standing, episode] = [states[i], begun[i] as number];
      for (let left = batch.segments[i]?.length ?? 0; left > 0; left -= 1, row += 1) {
        const next = env.step(standing, actions[row] as number[]);
        standing = next.state;
        if (!next.terminated && !next.truncated) continue;
        episode += 1;
        standing = env.reset(foldIn(foldIn(episodes, i), episode)).state;
      }
    }
    pairs.push([taken, performance.now() - start]);
    from = after;
  }
  return pairs.slice(1);
};
