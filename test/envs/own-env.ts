/** A user's module of environments, for loading by URL. */
import { box, defineEnv, discrete, type Env } from '@natgrad/envs';

export const make = ({ id }: { readonly id: string }): Env =>
  defineEnv<null, number>({
    id,
    observationSpace: box({ low: 0, high: 1 }),
    actionSpace: discrete(1),
    reset: () => ({ state: null, observation: [0] }),
    step: (state) => ({ state, observation: [0], reward: 0, terminated: false, truncated: false }),
  });

export const still: Env = make({ id: 'Still-v0' });

export const notAnEnv: unknown = { id: 'Half-v0' };

export const throws = (): never => {
  throw new Error('not today');
};
