import { type CartPoleState, cartPole, type Env, makeEnv } from '@natgrad/envs';
import { key } from '@natgrad/tensor';

const env: Env<CartPoleState, number> = cartPole();
const reward: number = env.step(env.reset(key(0)).state, 1).reward;

/** Compiled only. */
export const doesNotCompile = (): void => {
  // @ts-expect-error an action of this environment is a number
  env.step(env.reset(key(0)).state, 'left');
};

const made = makeEnv('CartPole-v1');
if (reward !== 1 || made._tag !== 'Right') throw new Error('wrong result');
