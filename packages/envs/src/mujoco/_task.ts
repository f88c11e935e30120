/** From the facts of a task to a pure environment: restore the state, step the engine, read what the task shows and pays. */
import type { Key, NatgradError } from '@natgrad/tensor';
import { describeForeign, invalid } from '@natgrad/tensor/internal';
import { type Either, map } from 'fp-ts/lib/Either.js';
import {
  type BooleanOption,
  type EngineEnvDefinition,
  type EnvSpaces,
  type NumberOption,
  type OptionTable,
  type OptionValues,
  optionsOrThrow,
  type RangeOption,
} from '../definition.js';
import { defineEnv, type Env, type Start } from '../env.js';
import { FINITE, failedStep, unfinite } from '../failure.js';
import { box, type Vector } from '../spaces.js';
import { loadMujoco, type Mujoco, type PhysicsState, type Simulation } from './_engine.js';
import { type Portrait, portraitist } from './_scene.js';

/** State of a MuJoCo task. Plain data. */
export interface MujocoState extends PhysicsState {
  /**
   * Where along x the task says that it is: velocities are differences of it. For Ant and Humanoid the engine's own derived
   * position, which is one substep behind `qpos`; that is why it is part of the state.
   */
  readonly place: number;
  /**
   * What was shown of this state, which a step that fails shows again. The rest does not tell: forces of contact and of the motors, and
   * positions that the engine derives, belong to the step that led here.
   */
  readonly observation: Vector;
}

/** What a step did, for the task to judge. */
export interface Move {
  /** Displacement along x per second. */
  readonly velocity: number;
  /** Raw, as it was given; the engine clamps what it applies. */
  readonly action: Vector;
  readonly observation: Float64Array;
}

/** Reward, and whether the task is over. */
export interface Judgement {
  readonly reward: number;
  readonly terminated: boolean;
}

/** A pose and a motion to begin with. */
export interface Beginning {
  readonly qpos: ArrayLike<number>;
  readonly qvel: ArrayLike<number>;
}

/** The facts of a task. Its functions read the simulation and change nothing. */
export interface MujocoTask<Table extends OptionTable = OptionTable> {
  readonly id: string;
  readonly summary: string;
  readonly timeLimit: number;
  readonly rewardThreshold: number | null;
  readonly options: Table;
  /** MJCF. */
  readonly model: string;
  /** Steps of the engine per step of the environment. */
  readonly frameSkip: number;
  readonly actions: { readonly width: number; readonly bound: number };
  /** Coordinates of a pose, and of a motion. */
  readonly sizes: { readonly nq: number; readonly nv: number };
  readonly portrait: Portrait;
  observationWidth(options: OptionValues<Table>): number;
  /** True where contact forces are observed or paid for: they cost time. */
  readonly contactForces?: boolean;
  begin(key: Key, simulation: Simulation, options: OptionValues<Table>): Beginning;
  /** See {@link MujocoState.place}. */
  place(simulation: Simulation): number;
  observe(simulation: Simulation, options: OptionValues<Table>): Float64Array;
  judge(simulation: Simulation, move: Move, options: OptionValues<Table>): Judgement;
}

const spacesOfTask = <Table extends OptionTable>(task: MujocoTask<Table>, options: OptionValues<Table>): EnvSpaces => ({
  observationSpace: box({ low: -Infinity, high: Infinity, shape: [task.observationWidth(options)] }),
  actionSpace: box({ low: -task.actions.bound, high: task.actions.bound, shape: [task.actions.width] }),
});

const before = (state: MujocoState): Start<MujocoState> => ({ state, observation: state.observation });

/** The environment of a task on an engine, without its time limit; options are complete. */
const environmentOf = <Table extends OptionTable>(
  task: MujocoTask<Table>,
  mujoco: Mujoco,
  options: OptionValues<Table>,
): Env<MujocoState, Vector> => {
  const simulation = mujoco.simulation(task.model);
  const { nq, nv } = task.sizes;
  const seconds = simulation.timestep * task.frameSkip;
  // Field by field: copying records by spreading them costs as much as the rest of a step around the engine.
  const stateNow = (observation: Vector): MujocoState => {
    const { qpos, qvel, warmstart } = simulation.save();
    return { qpos, qvel, warmstart, place: task.place(simulation), observation };
  };
  const start = (qpos: ArrayLike<number>, qvel: ArrayLike<number>): Start<MujocoState> => {
    simulation.begin(qpos, qvel);
    const observation = task.observe(simulation, options);
    return { state: stateNow(observation), observation };
  };
  const draw = portraitist(task.portrait, simulation, seconds);
  return defineEnv<MujocoState, Vector>({
    id: task.id,
    rewardThreshold: task.rewardThreshold,
    ...spacesOfTask(task, options),
    reset: (key) => {
      const { qpos, qvel } = task.begin(key, simulation, options);
      return start(qpos, qvel);
    },
    step: (state, action) => {
      simulation.restore(state);
      const found = simulation.advance(action, task.frameSkip);
      if (found !== null) return failedStep(before(state), found, 'finite positions and velocities up to 1e10');
      if (task.contactForces === true) simulation.contactForces();
      const observation = task.observe(simulation, options);
      const next = stateNow(observation);
      const move = { velocity: (next.place - state.place) / seconds, action, observation };
      const { reward, terminated } = task.judge(simulation, move, options);
      const made = { state: next, observation, reward, terminated, truncated: false };
      const lost = unfinite(made);
      return lost === null ? made : failedStep(before(state), lost, FINITE);
    },
    coordinates: {
      names: [
        ...Array.from({ length: nq }, (_, i) => `qpos[${i}]`),
        ...Array.from({ length: nv }, (_, i) => `qvel[${i}]`),
      ],
      dtype: 'f64',
      facts: {
        frame_skip: task.frameSkip,
        timestep: simulation.timestep,
        dt: seconds,
        nq,
        nv,
        nu: task.actions.width,
      },
      read: ({ qpos, qvel }) => [...qpos, ...qvel],
      start: (values) => {
        const all = Array.from(values);
        return start(all.slice(0, nq), all.slice(nq));
      },
    },
    scene: ({ qpos, qvel }) => {
      simulation.begin(qpos, qvel);
      return draw();
    },
  });
};

/** What a file of a task exports: a constructor for those who hold an engine, and the definition for the registry. */
export interface MujocoEnvironment<Table extends OptionTable> {
  /** @throws `InvalidArgument` for what is no engine, and for unknown or impossible options */
  readonly create: (mujoco: Mujoco, options?: Partial<OptionValues<Table>>) => Env<MujocoState, Vector>;
  readonly definition: EngineEnvDefinition<Table>;
  readonly task: MujocoTask<Table>;
}

/** Refuses what is no engine, such as the `Either` in which one is loaded. */
const checkEngine = (operation: string, given: unknown): void => {
  if (typeof given === 'object' && given !== null && 'simulation' in given) return;
  const [found, expected] = [describeForeign(given), 'a loaded engine: the right of await loadMujoco()()'];
  throw invalid(operation, `the engine is ${found}, expected ${expected}`, { argument: 'mujoco', found, expected });
};

/** Completes a task. */
export const mujocoEnvironment = <Table extends OptionTable>(task: MujocoTask<Table>): MujocoEnvironment<Table> => {
  const { id, summary, timeLimit, rewardThreshold, options } = task;
  return {
    task,
    create: (mujoco, given = {}) => {
      checkEngine(id, mujoco);
      return environmentOf(task, mujoco, optionsOrThrow(id, options, given));
    },
    definition: {
      id,
      summary,
      timeLimit,
      rewardThreshold,
      options,
      spaces: (values) => spacesOfTask(task, values),
      load: async (values): Promise<Either<NatgradError, Env>> =>
        map((mujoco: Mujoco): Env => environmentOf(task, mujoco, values))(await loadMujoco()()),
    },
  };
};

/** A weight in the reward: any finite number, as in Gymnasium; a negative one turns a reward into a cost. */
export const weight = (value: number, description: string): NumberOption => ({
  kind: 'number',
  default: value,
  minimum: -Infinity,
  maximum: Infinity,
  description,
});

/** The size of the noise at the beginning of an episode. */
export const noise = (value: number): NumberOption => ({
  kind: 'number',
  default: value,
  minimum: 0,
  maximum: 1e3,
  description: 'size of the noise at the beginning of an episode',
});

/** A switch. */
export const flag = (value: boolean, description: string): BooleanOption => ({
  kind: 'boolean',
  default: value,
  description,
});

/** Lowest and highest of something; infinite where it is not bounded. */
export const range = (low: number, high: number, description: string): RangeOption => ({
  kind: 'range',
  default: [low, high],
  minimum: -Infinity,
  maximum: Infinity,
  description,
});

/** Σ x². */
export const squares = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i += 1) sum += (values[i] as number) ** 2;
  return sum;
};

/** Packs parts one after the other. Number by number: calls of `set` cost more than a few numbers do. */
export const joined = (...parts: readonly (readonly number[] | Float64Array)[]): Float64Array => {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Float64Array(length);
  let at = 0;
  for (const part of parts) for (let i = 0; i < part.length; i += 1, at += 1) out[at] = part[i] as number;
  return out;
};

/** Each number brought into [low, high]. */
export const clipped = (values: Float64Array, low: number, high: number): Float64Array =>
  values.map((x) => Math.min(high, Math.max(low, x)));
