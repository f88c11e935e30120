import type { Key } from '@natgrad/tensor';
import { type EnvDefinition, type NumberOption, optionsOrThrow } from '../definition.js';
import { uniformBetween } from '../draw.js';
import { defineEnv, type Env, type Start, type Transition } from '../env.js';
import { arrow, type Scene } from '../scene.js';
import { box, type Vector } from '../spaces.js';

/** Where the walker is. */
export interface DetourState {
  readonly x: number;
  readonly y: number;
}

/** Options of {@link detour}. */
export interface DetourOptions {
  /** Radius of the pond, in [0, 0.8]. Default 0.4. */
  readonly radius?: number;
}

const SPEED = 0.1;
const FIELD = 2;
const GOAL = { x: 1, y: 0, reach: 0.1 };
/** Off the straight way, so that one way round is shorter than the other. */
const POND = { x: 0, y: 0.15 };
const OPTIONS: { readonly radius: NumberOption } = {
  radius: { kind: 'number', default: 0.4, minimum: 0, maximum: 0.8, description: 'radius of the pond; 0 for none' },
};

const clip = (x: number): number => Math.min(FIELD, Math.max(-FIELD, x));
const toGoal = ({ x, y }: DetourState): number => Math.hypot(x - GOAL.x, y - GOAL.y);
const observed = (state: DetourState): Start<DetourState> => ({ state, observation: [state.x, state.y] });

/** From above; the walker is red in the pond. The picture follows it where it leaves the middle of the field. */
const sceneOf = ({ x, y }: DetourState, radius: number, action?: Vector): Scene => {
  const beyond = (at: number, limit: number): number => at - Math.min(limit, Math.max(-limit, at));
  const [dx, dy] = [action?.[0] ?? 0, action?.[1] ?? 0];
  const reach = 0.28 / Math.max(1, Math.hypot(dx, dy));
  const wet = Math.hypot(x - POND.x, y - POND.y) < radius;
  return {
    shapes: [
      {
        kind: 'path',
        points: [
          [-FIELD, -FIELD, 0],
          [FIELD, -FIELD, 0],
          [FIELD, FIELD, 0],
          [-FIELD, FIELD, 0],
          [-FIELD, -FIELD, 0],
        ],
        width: 0.03,
        tint: 'metal',
      },
      { kind: 'disc', at: [POND.x, POND.y, 0], radius, tint: 'water' },
      {
        kind: 'path',
        points: [
          [-1, -0.2, 0],
          [-1, 0.2, 0],
        ],
        width: 0.02,
        dashed: true,
        tint: 'ink',
      },
      { kind: 'disc', at: [GOAL.x, GOAL.y, 0], radius: GOAL.reach, tint: 'goal' },
      { kind: 'disc', at: [GOAL.x, GOAL.y, 0], radius: GOAL.reach / 2, tint: 'paper' },
      ...arrow([x, y, 0.05], [x + reach * dx, y + reach * dy, 0.05], 0.022),
      { kind: 'sphere', at: [x, y, 0.06], radius: 0.06, tint: wet ? 'danger' : 'body' },
    ],
    ground: { z: 0, tile: 0.25, surface: 'grass' },
    camera: { view: 'above', target: [beyond(x, 1), beyond(y, 0.5), 0], span: [2.7, 1.7] },
    stepSeconds: 0.1,
  };
};

/**
 * Detour without its time limit: walk to a goal, round a pond that lies in the way. Reports costs.
 *
 * The walker starts at (−1, y), y ~ U(−0.2, 0.2), in a field of [−2, 2]² whose edges stop it. Action: a vector of two numbers, the
 * direction and share of the speed of 0.1 per step; vectors longer than 1 count as if they had length 1. Observation: the
 * position. Reward: by how much the distance to the goal (1, 0) fell. Terminates within 0.1 of it.
 *
 * Cost: 1 for each step that ends in the pond, a disc around (0, 0.15). Rewards sum up to the distance that was covered, about
 * 1.9, whichever way is taken, but a discount makes the shortest way the best, and that goes through the pond: 7 or 8 steps of
 * cost. One step or two longer, the way round costs nothing.
 *
 * An environment of this project, made so that the best policy without a limit on the cost violates any limit worth the name.
 *
 * @throws `InvalidArgument` for a radius outside [0, 0.8], and for unknown options
 * @example
 * ```ts
 * const env = detour();
 * const wet = env.step({ x: -0.3, y: 0 }, [1, 0]);
 * const dry = env.step({ x: -0.3, y: -0.5 }, [1, 0]);
 * console.log(wet.cost, dry.cost); // 1 0
 * ```
 */
export const detour = (given: DetourOptions = {}): Env<DetourState, Vector> => {
  const { radius } = optionsOrThrow('detour', OPTIONS, given);
  return defineEnv<DetourState, Vector>({
    id: 'Detour-v0',
    actionSpace: box({ low: -1, high: 1, shape: [2] }),
    observationSpace: box({ low: -FIELD, high: FIELD, shape: [2] }),
    reportsCost: true,
    reset: (key: Key): Start<DetourState> => observed({ x: -1, y: uniformBetween(key, 0, -0.2, 0.2) }),
    step: (state: DetourState, action: Vector): Transition<DetourState> => {
      const [dx, dy] = [action[0] as number, action[1] as number];
      const pace = SPEED / Math.max(1, Math.hypot(dx, dy));
      const next = { x: clip(state.x + pace * dx), y: clip(state.y + pace * dy) };
      return {
        ...observed(next),
        reward: toGoal(state) - toGoal(next),
        cost: Math.hypot(next.x - POND.x, next.y - POND.y) < radius ? 1 : 0,
        terminated: toGoal(next) < GOAL.reach,
        truncated: false,
      };
    },
    coordinates: {
      names: ['x', 'y'],
      dtype: 'f64',
      read: ({ x, y }: DetourState): Vector => [x, y],
      start: (values: Vector): Start<DetourState> => observed({ x: values[0] as number, y: values[1] as number }),
    },
    scene: (state: DetourState, action?: Vector) => sceneOf(state, radius, action),
  });
};

export const definition: EnvDefinition<typeof OPTIONS> = {
  id: 'Detour-v0',
  summary: 'walk to a goal round a pond, which costs; for constrained policy optimisation',
  timeLimit: 50,
  rewardThreshold: null,
  options: OPTIONS,
  create: (options) => detour(options),
};
