/** Which random numbers are for what: all of an iteration come from the key in the state. */
import { foldIn, type Key, split } from '@natgrad/tensor';

/** The keys of one iteration, one for each use of randomness. */
export interface IterationKeys {
  /** Of the state after the step. */
  readonly next: Key;
  /** Order of rows in the value fit. */
  readonly valueFit: Key;
  /** Actions of the rollout before the step. */
  readonly acting: Key;
  /** Order of rows in a policy fit. */
  readonly policyFit: Key;
  /** The critic of costs: its first parameters, and the order of rows in its fit. */
  readonly costs: Key;
  /** Which rows F is a mean over. */
  readonly fisher: Key;
}

/** Splits the key of a state into those of its iteration; `next` is the key of the state after it. */
export const iterationKeys = (key: Key): IterationKeys => {
  const [next, valueFit, acting, policyFit, costs, fisher] = split(key, 6) as readonly [Key, Key, Key, Key, Key, Key];
  return { next, valueFit, acting, policyFit, costs, fisher };
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
