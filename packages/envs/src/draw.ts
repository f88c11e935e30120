/** Reset noise. */
import { type Key, uniformAt } from '@natgrad/tensor';

/** The `index`-th draw of a key, uniform in [low, high). */
export const uniformBetween = (key: Key, index: number, low: number, high: number): number =>
  low + (high - low) * uniformAt(key, index);
