/** Pictures of states. */
import { invalid } from '@natgrad/tensor/internal';
import type { Env } from '../env.js';
import type { Scene } from '../scene.js';
import type { Action } from '../spaces.js';
import { drawingOf } from './drawing.js';
import { svgOf } from './markup.js';
import type { Theme } from './palette.js';

/** How a picture is made. */
export interface PictureOptions {
  /** In picture units, which are pixels where nothing scales it: from 16 to 10,000. Default 640. */
  readonly width?: number;
  /** Default: as the camera's span, between a half and three quarters of the width. */
  readonly height?: number;
  /** `auto`, the default, follows the reader's preference. */
  readonly theme?: Theme;
  /** What readers that do not see it are told; also the tooltip. */
  readonly title?: string;
  /**
   * Prefix of the ids and classes in the picture: a letter, then letters, digits and hyphens. Default `scene`. Pictures with different themes in one page need
   * different ones.
   */
  readonly id?: string;
}

/** How a state is drawn. */
export interface RenderOptions<A extends Action = Action> extends PictureOptions {
  /** What is done in this state: shown as a force, an answer, where that can be seen. */
  readonly action?: A;
}

const THEMES: readonly Theme[] = ['light', 'dark', 'auto'];

/** Options with their defaults, checked. */
export const resolvePicture = (
  operation: string,
  given: PictureOptions,
  { camera: { span } }: Scene,
  title: string,
): Required<PictureOptions> => {
  const width = given.width ?? 640;
  // (A span that is no number is taken for a wide one.)
  const height = Math.round(width * Math.min(0.75, Math.max(0.5, span[1] / span[0] || 0.5)));
  const options = { width, height, theme: 'auto' as const, title, id: 'scene', ...given };
  const refuse = (argument: keyof PictureOptions, expected: string): never => {
    const found = JSON.stringify(options[argument]) ?? 'undefined';
    throw invalid(operation, `${argument} is ${found.slice(0, 80)}, expected ${expected}`, {
      argument,
      found,
      expected,
    });
  };
  for (const side of ['width', 'height'] as const)
    if (!(options[side] >= 16 && options[side] <= 10_000)) refuse(side, 'a number from 16 to 10,000');
  if (!THEMES.includes(options.theme)) refuse('theme', THEMES.join(', '));
  if (!/^[a-z][a-z0-9-]{0,60}$/i.test(options.id)) refuse('id', 'a letter, then letters, digits and hyphens');
  return options;
};

/**
 * A scene as SVG text.
 *
 * The text is XML that stands alone or inside a page. It names nothing outside, runs nothing, and holds finite numbers only,
 * whatever is in the scene: shapes without a place are left out. The same scene gives the same text.
 *
 * @throws `InvalidArgument` for impossible options
 * @example
 * ```ts
 * const ball: Scene = {
 *   shapes: [{ kind: 'sphere', at: [0, 0, 0.5], radius: 0.5, tint: 'body' }],
 *   ground: { z: 0, tile: 0.5, surface: 'floor' },
 *   camera: { view: 'oblique', target: [0, 0, 0.5], span: [3, 2] },
 *   stepSeconds: 0.05,
 * };
 * console.log(renderScene(ball, { title: 'a ball' }).slice(0, 4)); // <svg
 * ```
 */
export const renderScene = (scene: Scene, options: PictureOptions = {}): string => {
  const { width, height, ...frame } = resolvePicture('renderScene', options, scene, 'a scene');
  return svgOf(drawingOf(scene, width, height), frame);
};

/** The scene of a state. */
const sceneOf = <State, A extends Action>(operation: string, env: Env<State, A>, state: State, action?: A): Scene => {
  if (env.scene === undefined)
    throw invalid(operation, `${env.id} has no scene to draw`, {
      argument: 'env',
      found: env.id,
      expected: 'an environment with a scene',
    });
  return env.scene(state, action);
};

/**
 * A state of an environment as SVG text: {@link renderScene} of its scene.
 *
 * @throws `InvalidArgument` for an environment without a scene, and for impossible options
 * @example
 * ```ts
 * const env = cartPole();
 * const { state } = env.reset(key(0));
 * const svg = render(env, state, { width: 320, height: 200, theme: 'dark', action: 1 });
 * console.log(svg.includes('aria-label="CartPole-v1"')); // true
 * ```
 */
export const render = <State, A extends Action>(
  env: Env<State, A>,
  state: State,
  options: RenderOptions<A> = {},
): string => {
  const { action, ...picture } = options;
  const scene = sceneOf('render', env, state, action);
  const { width, height, ...frame } = resolvePicture('render', picture, scene, env.id);
  return svgOf(drawingOf(scene, width, height), frame);
};
