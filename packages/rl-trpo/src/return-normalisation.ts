/**
 * A critic that learns returns in units of their own, shifted and scaled by running statistics, so that it does not matter to it
 * how large rewards are. V(s) = mean + deviation · critic(s): all that is not the critic's own fit is in raw units. (The scaling
 * of targets is that of van Hasselt, Guez, Hessel, Mnih and Silver 2016, "Learning values across many orders of magnitude",
 * section 2; without their correction of the last layer, which a critic that may be any function does not have.)
 */
import { add, divide, multiply, subtract, type Tensor, zeros } from '@natgrad/tensor';
import { elements } from '@natgrad/tensor/internal';
import { type RunningStatistics, varianceOf } from './running-statistics.js';

/** V = mean + deviation · critic. */
export interface ValueScale {
  readonly mean: number;
  readonly deviation: number;
}

/**
 * The scale that statistics of returns (`[1]` wide) stand for; null for none, where critic and V are the same. Before the first
 * return is seen mean and deviation are 0, and so is every V: whatever a fresh critic says has no unit yet.
 */
export const valueScaleOf = (statistics: RunningStatistics | null): ValueScale => {
  if (statistics === null) return { mean: 0, deviation: 1 };
  if (statistics.count === 0) return { mean: 0, deviation: 0 };
  const [mean, variance] = [statistics.mean, varianceOf(statistics)].map((x) => elements(x)[0] as number);
  return { mean: mean as number, deviation: Math.sqrt(variance as number) };
};

const isIdentity = ({ mean, deviation }: ValueScale): boolean => mean === 0 && deviation === 1;

/**
 * Values from what the critic says.
 *
 * @example
 * ```ts
 * console.log(toNested(toValues({ mean: 10, deviation: 2 }, tensor([0, 1.5])))); // [ 10, 13 ]
 * ```
 */
export const toValues = (scale: ValueScale, outputs: Tensor): Tensor =>
  isIdentity(scale) ? outputs : add(multiply(outputs, scale.deviation), scale.mean);

/** What the critic is to learn of returns: the inverse of {@link toValues}, and zeros where all returns were the same. */
export const toTargets = (scale: ValueScale, returns: Tensor): Tensor => {
  if (isIdentity(scale)) return returns;
  const { mean, deviation } = scale;
  return deviation > 0 ? divide(subtract(returns, mean), deviation) : zeros(returns.shape, returns.dtype);
};
