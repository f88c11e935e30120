/** What advantages are made from, taken out of a step, so that they can be made wrongly. */
import {
  bootstrapRows,
  type GaeInput,
  gae,
  normaliseAdvantages,
  type StepInput,
  type TrpoConfig,
} from '@natgrad/rl-trpo';
import { cast, fromTypedArray, toTypedArray } from '@natgrad/tensor';
import { mapResult } from './result.js';
import { type Estimated, SOUND, type Stages } from './variant.js';

/** Rewards, values and masks of a step as `gae` takes them. */
const gaeInput = ({ setup, state, batch }: StepInput, data: Estimated): GaeInput => {
  const { gamma, lambda } = setup.options;
  return {
    rewards: Float64Array.from(toTypedArray(batch.rewards), (reward) => reward / data.rewardScale),
    values: toTypedArray(data.values),
    finalValues: toTypedArray(setup.model.value(state.value, data.finalObservations)),
    terminated: toTypedArray(batch.terminated),
    truncated: toTypedArray(batch.truncated),
    segments: batch.segments,
    gamma,
    lambda,
  };
};

/** Rows that nothing follows, in their episode or in their segment. */
export const endsOf = ({ segments, terminated, truncated }: GaeInput): ReadonlySet<number> => {
  const over = Array.from({ length: terminated.length }, (_, row) => row).filter((row) => terminated[row] === 1);
  return new Set([...over, ...bootstrapRows(segments, terminated, truncated)]);
};

const withAdvantages = (
  data: Estimated,
  advantages: Float64Array,
  { normaliseAdvantages: normalised }: Pick<TrpoConfig, 'normaliseAdvantages'>,
): Estimated => ({
  ...data,
  advantages: cast(
    fromTypedArray(normalised ? normaliseAdvantages(advantages).advantages : advantages),
    data.advantages.dtype,
  ),
});

const withReturns = (data: Estimated, advantages: Float64Array): Estimated => {
  const values = toTypedArray(data.values);
  const sums = fromTypedArray(advantages.map((a, row) => a + (values[row] as number)));
  const returns = cast(sums, data.returns.dtype);
  return { ...data, returns, critic: { ...data.critic, targets: returns } };
};

/**
 * Stage 1 with other advantages.
 *
 * @param teaches whether the critic is taught the returns that follow from them, or the sound ones
 */
export const advantagesBy =
  (estimate: (input: GaeInput) => Float64Array, teaches = true): Stages['estimateAdvantages'] =>
  (input) =>
    mapResult(SOUND.estimateAdvantages(input), (data) => {
      const advantages = estimate(gaeInput(input, data));
      const changed = withAdvantages(data, advantages, input.setup.options);
      return teaches ? withReturns(changed, advantages) : changed;
    });

/** δ_t = r_t + γ V(s_{t+1}) − V(s_t). */
export const temporalDifferences = (input: GaeInput): Float64Array => gae({ ...input, lambda: 0 }).advantages;
