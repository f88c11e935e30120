/** Which random numbers are for what: all of an iteration come from the key in the state. */
import { foldIn, type Key, split } from '@natgrad/tensor';

export interface IterationKeys {
  /** Of the state after the step. */
  readonly next: Key;
  /** Order of rows in the value fit. */
  readonly valueFit: Key;
  /** Actions of the rollout before the step. */
  readonly acting: Key;
}

export const iterationKeys = (key: Key): IterationKeys => {
  const [next, valueFit, acting] = split(key, 3) as readonly [Key, Key, Key];
  return { next, valueFit, acting };
};

/** The key for all actions of an environment in one rollout. */
export const environmentKey = (stateKey: Key, environment: number): Key =>
  foldIn(iterationKeys(stateKey).acting, environment);

/**
 * The key for one action: depends on the state's key, the environment's number and the step of this rollout, so the action
 * does not depend on which other environments are stepped, in what order, or by whom.
 */
export const actionKey = (stateKey: Key, environment: number, step: number): Key =>
  foldIn(environmentKey(stateKey, environment), step);
