/**
 * The laws of an environment, as fast-check properties: run them against your own with any test runner.
 *
 * @example
 * ```ts
 * import { envLaws } from '@natgrad/envs/laws';
 * import fc from 'fast-check';
 *
 * for (const law of envLaws(cartPole())) fc.assert(law.property, { numRuns: 20 });
 * ```
 *
 * @module @natgrad/envs/laws
 */
import { foldIn, isNatgradError, type Key, key as keyOf } from '@natgrad/tensor';
import fc from 'fast-check';
import type { Env, Start, Transition } from '../env.js';
import { type Action, type Box, contains, type Vector, widthOf } from '../spaces.js';
import { actionsFor, faultOf, finiteActionsFor, invalidActionsFor } from './actions.js';
import { clonePlain, firstDifference, freezeDeep } from './plain.js';

/** One law: what it says, and the property that must hold for random episodes. */
export interface EnvLaw {
  readonly name: string;
  readonly property: fc.IPropertyWithHooks<unknown>;
}

export interface EnvLawOptions {
  /** Longest random episode, in steps. Default 60. */
  readonly steps?: number;
  /** Actions to try. Default: every choice of a discrete space; vectors inside, at and beyond the bounds of a box. */
  readonly actions?: fc.Arbitrary<Action>;
}

interface Episode {
  readonly key: Key;
  readonly actions: readonly Action[];
}

const require = (holds: boolean, message: () => string): void => {
  if (!holds) throw new Error(message());
};

const requireSame = (what: string, a: unknown, b: unknown): void => {
  const difference = firstDifference(a, b, what);
  require(difference === null, () => `these should be equal to the bit: ${difference}`);
};

const keys: fc.Arbitrary<Key> = fc.nat().map(keyOf);

/** All transitions of an episode, each made from the state before it; goes on after the end. */
const play = <State>(
  env: Env<State>,
  { key, actions }: Episode,
): readonly [Start<State>, readonly Transition<State>[]] => {
  const start = env.reset(key);
  const transitions: Transition<State>[] = [];
  actions.reduce((state, action) => {
    const next = env.step(state, action);
    transitions.push(next);
    return next.state;
  }, start.state);
  return [start, transitions];
};

const requireFinite = (observation: Vector, space: Box, when: string): void => {
  require(observation.length === widthOf(space), () =>
    `${when} has ${observation.length} numbers, its space ${widthOf(space)}`);
  for (let i = 0; i < observation.length; i += 1)
    require(Number.isFinite(observation[i]), () => `element ${i} of ${when} is ${String(observation[i])}`);
};

const requireInside = (observation: Vector, space: Box, when: string): void => {
  requireFinite(observation, space, when);
  require(contains(space, observation), () =>
    `${when} lies outside its space: [${Array.from(observation).join(', ')}]`);
};

/** What a transition keeps wherever it begins; `shown` is the observation before it. */
const requireTransition = (
  { observationSpace: space, reportsCost: costs = false }: Env,
  next: Transition<unknown>,
  shown: Vector,
  when: string,
): void => {
  require(Number.isFinite(next.reward), () => `the reward of ${when} is ${String(next.reward)}`);
  require(costs ? Number.isFinite(next.cost) : next.cost === undefined, () =>
    `the cost of ${when} is ${String(next.cost)}, where reportsCost is ${costs}`);
  require(typeof next.terminated === 'boolean', () =>
    `terminated of ${when} is ${String(next.terminated)}, no boolean`);
  require(typeof next.truncated === 'boolean', () => `truncated of ${when} is ${String(next.truncated)}, no boolean`);
  requireFinite(next.observation, space, `the observation of ${when}`);
  if (next.failure === undefined) return;
  require(next.terminated && next.reward === 0, () => `${when} failed, but it goes on, or pays ${next.reward}`);
  requireSame(`observation of ${when}, which failed`, Array.from(next.observation), Array.from(shown));
};

/**
 * The laws that every environment keeps: spaces are well formed; `reset` depends on the key only; `step` depends on state and
 * action only, also from old states and after other episodes; no input is changed; observations lie in their space until
 * the end of an episode; rewards, costs and observations are finite and flags are booleans, also after it and for finite actions of any
 * size; a step that fails ends the episode, pays nothing and shows what was shown before it; a state is plain data and
 * its copy continues alike; observations are fresh; a time limit truncates at its step and not before; coordinates can be
 * read back; a scene depends on state and action only; invalid actions are typed errors.
 *
 * Needs `fast-check`. Each property runs as often as its `numRuns` says; the time-limit law plays whole episodes.
 */
export const envLaws = <State>(env: Env<State>, options: EnvLawOptions = {}): readonly EnvLaw[] => {
  const { observationSpace, actionSpace, coordinates } = env;
  const actions = options.actions ?? actionsFor(actionSpace);
  const episodes: fc.Arbitrary<Episode> = fc.record({
    key: keys,
    actions: fc.array(actions, { minLength: 1, maxLength: options.steps ?? 60, size: 'max' }),
  });
  const law = (name: string, holds: (episode: Episode) => void): EnvLaw => ({
    name: `${env.id}: ${name}`,
    property: fc.property(episodes, holds),
  });
  const limit = env.timeLimit;

  return [
    law('spaces are well formed', () => {
      for (const [name, space] of Object.entries({ observationSpace, actionSpace }))
        require(faultOf(space) === null, () => `${name} is malformed: ${faultOf(space)}`);
      require(limit === null || (Number.isInteger(limit) && limit >= 1), () => `timeLimit is ${String(limit)}`);
    }),
    law('reset depends on the key only', (episode) => {
      const first = clonePlain(env.reset(episode.key), 'start');
      play(env, { ...episode, key: foldIn(episode.key, 1) });
      requireSame('start', clonePlain(env.reset(episode.key), 'start'), first);
    }),
    law('step depends on state and action only', (episode) => {
      const [start, transitions] = play(env, episode);
      const recorded = transitions.map((transition) => clonePlain(transition, 'transition'));
      play(env, { ...episode, key: foldIn(episode.key, 1) });
      // Backwards, so that every step runs in another order than the first time.
      for (let i = transitions.length - 1; i >= 0; i -= 1) {
        const before = i === 0 ? start.state : (transitions[i - 1] as Transition<State>).state;
        requireSame(
          `transition ${i}`,
          clonePlain(env.step(before, episode.actions[i] as Action), 'transition'),
          recorded[i],
        );
      }
    }),
    law('inputs are not changed', ({ key, actions: taken }) => {
      const frozenKey = freezeDeep({ ...key });
      let { state } = env.reset(frozenKey);
      requireSame('key', frozenKey, { ...key });
      for (const action of taken) {
        const stateBefore = clonePlain(state);
        const actionBefore = clonePlain(action, 'action');
        const next = env.step(freezeDeep(state), action);
        requireSame('state', clonePlain(state), stateBefore);
        requireSame('action', clonePlain(action, 'action'), actionBefore);
        state = next.state;
      }
    }),
    law('observations lie in their space until the end of the episode', (episode) => {
      const [start, transitions] = play(env, episode);
      requireInside(start.observation, observationSpace, 'the first observation');
      const end = transitions.findIndex(({ terminated, truncated }) => terminated || truncated);
      transitions
        .slice(0, end < 0 ? transitions.length : end + 1)
        .forEach(({ observation }, i) => requireInside(observation, observationSpace, `the observation of step ${i}`));
    }),
    law('rewards, costs and observations are finite and flags are booleans', (episode) => {
      const [start, transitions] = play(env, episode);
      transitions.forEach((next, i) =>
        requireTransition(env, next, (transitions[i - 1] ?? start).observation, `step ${i}`),
      );
    }),
    law('step is total after the end of an episode', (episode) => {
      const [, transitions] = play(env, episode);
      const end = transitions.find(({ terminated, truncated }) => terminated || truncated) ?? transitions.at(-1);
      // However the episode ended, twice its actions follow.
      let last = end as Transition<State>;
      [...episode.actions, ...episode.actions].forEach((action, i) => {
        const next = env.step(last.state, action);
        requireTransition(env, next, last.observation, `step ${i} after the end`);
        last = next;
      });
    }),
    law('a state is plain data and its copy continues alike', (episode) => {
      const [start, transitions] = play(env, episode);
      let copy = clonePlain(start.state) as State;
      transitions.forEach((transition, i) => {
        const next = env.step(copy, episode.actions[i] as Action);
        requireSame(`transition ${i}`, clonePlain(next, 'transition'), clonePlain(transition, 'transition'));
        copy = clonePlain(next.state) as State;
      });
    }),
    law('observations are fresh', (episode) => {
      const start = env.reset(episode.key);
      const kept = [{ observation: start.observation, copy: clonePlain(start.observation, 'observation') }];
      episode.actions.reduce((state, action) => {
        const { state: next, observation } = env.step(state, action);
        kept.push({ observation, copy: clonePlain(observation, 'observation') });
        return next;
      }, start.state);
      require(new Set(kept.map(({ observation }) => observation)).size === kept.length, () =>
        'one vector was handed out twice');
      kept.forEach(({ observation, copy }, i) =>
        requireSame(`observation ${i} after the episode`, clonePlain(observation, 'observation'), copy),
      );
    }),
    ...(actionSpace.kind !== 'box' || faultOf(actionSpace) !== null
      ? []
      : [
          {
            name: `${env.id}: finite actions of any size lead to finite transitions or to failures`,
            property: fc.property(episodes, finiteActionsFor(actionSpace), (episode, wild) => {
              const [start, transitions] = play(env, episode);
              [start, ...transitions].forEach(({ state, observation }, i) =>
                requireTransition(env, env.step(state, wild), observation, `the wild action after ${i} steps`),
              );
            }),
          },
        ]),
    law('invalid actions are typed errors', ({ key }) => {
      const { state } = env.reset(key);
      for (const action of invalidActionsFor(actionSpace)) {
        const thrown = caught(() => env.step(state, action as Action));
        require(isNatgradError(thrown), () =>
          `the action ${String(action)} gives ${String(thrown)}, not a NatgradError`);
      }
    }),
    ...(limit === null
      ? []
      : [
          law('a time limit truncates at its step and not before', ({ key, actions: pattern }) => {
            let { state } = env.reset(key);
            for (let step = 1; step <= limit + 1; step += 1) {
              const next = env.step(state, pattern[step % pattern.length] as Action);
              require(next.truncated === step >= limit, () =>
                `truncated is ${next.truncated} at step ${step} of ${limit}`);
              state = next.state;
            }
          }),
        ]),
    ...(env.scene === undefined
      ? []
      : [
          law('a scene depends on state and action only and changes nothing', (episode) => {
            const [start, transitions] = play(env, episode);
            const draw = (state: State, i: number): unknown =>
              clonePlain(env.scene?.(freezeDeep(state), episode.actions[i]), 'scene');
            const states = [start, ...transitions].map(({ state }) => clonePlain(state) as State);
            const scenes = states.map(draw);
            // Drawn between its steps, an episode goes on as it did before; and backwards, the scenes are the same.
            transitions.forEach((transition, i) => {
              const next = env.step(states[i] as State, episode.actions[i] as Action);
              draw(next.state, i + 1);
              requireSame(`transition ${i}`, clonePlain(next, 'transition'), clonePlain(transition, 'transition'));
            });
            for (let i = states.length - 1; i >= 0; i -= 1)
              requireSame(`scene ${i}`, draw(states[i] as State, i), scenes[i]);
          }),
        ]),
    ...(coordinates === undefined
      ? []
      : [
          law('coordinates can be read back', (episode) => {
            const [start, transitions] = play(env, episode);
            [start, ...transitions].forEach(({ state }, i) => {
              const values = Array.from(coordinates.read(state));
              require(values.length === coordinates.names.length, () =>
                `${values.length} values, ${coordinates.names.length} names`);
              requireSame(`coordinates ${i}`, Array.from(coordinates.read(coordinates.start(values).state)), values);
            });
          }),
        ]),
  ];
};

const caught = (run: () => unknown): unknown => {
  try {
    run();
    return undefined;
  } catch (error) {
    return error;
  }
};
