/** What is seen of a policy: one episode of it, as pictures to be. */
import { type Env, filmOf, type Scene } from '@natgrad/envs';
import { type Model, type PlayedStep, play, type Snapshot } from '@natgrad/rl-trpo';
import { type Key, key } from '@natgrad/tensor';
import type { Episode, Scheme } from './protocol.js';
import type { Settings } from './settings.js';

/** Of an episode so much is shown, at most, that the next one, of a better policy, is not far. */
const MOST_SECONDS = 12;
const MOST_STEPS = 500;

const stepsShown = (env: Env): number => {
  const { stepSeconds = 0.05 } = env.scene?.(env.reset(key(0)).state) ?? {};
  return Math.max(1, Math.min(MOST_STEPS, Math.ceil(MOST_SECONDS / stepSeconds)));
};

/** A picture per state, and of what is done in it. */
const scenesOf = (env: Env, steps: readonly PlayedStep[]): readonly Scene[] => {
  const scene = env.scene?.bind(env);
  const end = steps.at(-1);
  if (scene === undefined || end === undefined) return [];
  return [...steps.map(({ state, action }) => scene(state, action)), scene(end.transition.state)];
};

const endingOf = ({ transition }: PlayedStep): Episode['ending'] =>
  transition.terminated ? 'terminated' : transition.truncated ? 'truncated' : 'cut';

/** An episode before it is drawn in the colours of a page. */
export interface Played extends Omit<Episode, 'film'> {
  readonly scenes: readonly Scene[];
}

/** What acts, and where. */
export interface Cast {
  readonly env: Env;
  readonly model: Model;
  readonly settings: Settings;
}

/** The episode of a number, with the most likely actions. */
export const playEpisode = (
  { env, model, settings }: Cast,
  { state }: Snapshot,
  { source, episode }: { readonly source: Key; readonly episode: number },
): Played => {
  const steps = [
    ...play({ env, model, ...settings.options }, state, { key: source, episode, maxSteps: stepsShown(env) }),
  ];
  return {
    scenes: scenesOf(env, steps),
    return: steps.reduce((sum, { transition }) => sum + transition.reward, 0),
    steps: steps.length,
    iteration: state.iteration,
    ending: endingOf(steps.at(-1) as PlayedStep),
  };
};

/** The episode as a film, or null where the environment describes no scene. */
export const filmed = ({ scenes, ...rest }: Played, environment: string, scheme: Scheme): Episode | null =>
  scenes.length === 0
    ? null
    : { ...rest, film: filmOf(scenes, { theme: scheme, title: `${environment}, an episode of the policy` }) };
