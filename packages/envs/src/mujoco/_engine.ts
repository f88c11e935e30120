/** The physics engine: loaded once, and of each model one compiled copy with the memory that it steps in. */
import { NatgradError } from '@natgrad/tensor';
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';

/** The version of `@mujoco/mujoco` that the models, the recorded trajectories and the results are of. */
export const MUJOCO_VERSION = '3.14.0';

/** As much of the package as is used; its own types would be asked of everybody who imports this one. */
interface Model {
  readonly nq: number;
  readonly nv: number;
  readonly nbody: number;
  readonly ngeom: number;
  readonly opt: { readonly timestep: number };
  readonly qpos0: Float64Array;
  readonly body_mass: Float64Array;
  readonly geom_type: Int32Array;
  readonly geom_size: Float64Array;
  readonly geom_bodyid: Int32Array;
}

interface Data {
  time: number;
  readonly qpos: Float64Array;
  readonly qvel: Float64Array;
  readonly qacc_warmstart: Float64Array;
  readonly ctrl: Float64Array;
  readonly cinert: Float64Array;
  readonly cvel: Float64Array;
  readonly cfrc_ext: Float64Array;
  readonly qfrc_actuator: Float64Array;
  readonly qfrc_constraint: Float64Array;
  readonly xpos: Float64Array;
  readonly xipos: Float64Array;
  readonly site_xpos: Float64Array;
  readonly geom_xpos: Float64Array;
  readonly geom_xmat: Float64Array;
}

interface Package {
  readonly MjModel: { from_xml_string(xml: string): Model };
  readonly MjData: new (model: Model) => Data;
  mj_resetData(model: Model, data: Data): void;
  mj_forward(model: Model, data: Data): void;
  mj_step(model: Model, data: Data): void;
  mj_rnePostConstraint(model: Model, data: Data): void;
}

/** Live views of what the engine computed last: to be read at once, and not to be kept. */
type Views = Omit<Data, 'time'>;

/** All that a step depends on. Plain data; lists, because small typed arrays cost several times as much to make. */
export interface PhysicsState {
  readonly qpos: readonly number[];
  readonly qvel: readonly number[];
  /** Accelerations from which the constraint solver starts; without them a replay drifts. */
  readonly warmstart: readonly number[];
}

/**
 * A compiled model and the memory that it steps in. It has no state of its own between calls: whoever uses it restores what it
 * goes on from, so any number of environments share one.
 */
export interface Simulation {
  readonly model: Model;
  /** Modelled pose. */
  readonly initialPosition: Float64Array;
  readonly timestep: number;
  views(): Views;
  /** From a pose at rest or in motion, with everything that follows from it computed. */
  begin(qpos: ArrayLike<number>, qvel: ArrayLike<number>): void;
  restore(state: PhysicsState): void;
  save(): PhysicsState;
  /** `substeps` steps of the engine under one control; what is found where the physics ran away, null where it did not. */
  advance(control: ArrayLike<number>, substeps: number): string | null;
  /** Contact forces of the last step, which the engine computes on demand. */
  contactForces(): void;
}

/** A loaded engine. */
export interface Mujoco {
  /** The simulation of a model (MJCF), compiled once. */
  simulation(mjcf: string): Simulation;
}

const VIEWS = [
  'qpos',
  'qvel',
  'qacc_warmstart',
  'ctrl',
  'cinert',
  'cvel',
  'cfrc_ext',
  'qfrc_actuator',
  'qfrc_constraint',
  'xpos',
  'xipos',
  'site_xpos',
  'geom_xpos',
  'geom_xmat',
] as const satisfies readonly (keyof Views)[];

/** Fetched once, because a getter costs more than what is read through it. */
const viewsOf = (data: Data): Views => Object.fromEntries(VIEWS.map((name) => [name, data[name]])) as unknown as Views;

/** MuJoCo calls larger numbers bad (mjMAXVAL). */
const LARGEST = 1e10;

const firstBad = (name: string, values: Float64Array): string | null => {
  for (let i = 0; i < values.length; i += 1)
    if (!(Math.abs(values[i] as number) <= LARGEST)) return `${name}[${i}] is ${values[i]}`;
  return null;
};

const listOf = (values: Float64Array): readonly number[] => {
  const out = new Array<number>(values.length);
  for (let i = 0; i < values.length; i += 1) out[i] = values[i] as number;
  return out;
};

const fill = (out: Float64Array, values: readonly number[]): void => {
  for (let i = 0; i < out.length; i += 1) out[i] = values[i] as number;
};

const simulate = (mujoco: Package, mjcf: string): Simulation => {
  const model = mujoco.MjModel.from_xml_string(mjcf);
  const data = new mujoco.MjData(model);
  const initialPosition = model.qpos0.slice();
  const { timestep } = model.opt;
  let fetched = viewsOf(data);
  // When the engine's memory grows, as it does for another model, views of the old memory become empty.
  const views = (): Views => {
    if (fetched.qpos.length === 0) fetched = viewsOf(data);
    return fetched;
  };
  const begin = (qpos: ArrayLike<number>, qvel: ArrayLike<number>): void => {
    mujoco.mj_resetData(model, data);
    const now = views();
    now.qpos.set(qpos);
    now.qvel.set(qvel);
    mujoco.mj_forward(model, data);
  };
  return {
    model,
    initialPosition,
    timestep,
    views,
    begin,
    restore: ({ qpos, qvel, warmstart }) => {
      const now = views();
      fill(now.qpos, qpos);
      fill(now.qvel, qvel);
      fill(now.qacc_warmstart, warmstart);
    },
    save: () => {
      const { qpos, qvel, qacc_warmstart: warmstart } = views();
      return { qpos: listOf(qpos), qvel: listOf(qvel), warmstart: listOf(warmstart) };
    },
    advance: (control, substeps) => {
      views().ctrl.set(control);
      // The engine answers numbers that are not finite, or huge, by resetting itself, which its clock tells.
      data.time = 1;
      for (let i = 0; i < substeps; i += 1) mujoco.mj_step(model, data);
      const { qpos, qvel } = views();
      if (!(data.time > 1)) {
        mujoco.mj_resetData(model, data);
        return 'a state that is not finite or huge, from which the engine reset itself';
      }
      const found = firstBad('qpos', qpos) ?? firstBad('qvel', qvel);
      if (found !== null) mujoco.mj_resetData(model, data);
      return found;
    },
    contactForces: () => mujoco.mj_rnePostConstraint(model, data),
  };
};

const engineOf = (mujoco: Package): Mujoco => {
  const compiled = new Map<string, Simulation>();
  return {
    simulation: (mjcf) => {
      const simulation = compiled.get(mjcf) ?? simulate(mujoco, mjcf);
      compiled.set(mjcf, simulation);
      return simulation;
    },
  };
};

/** How the package is found. */
export interface MujocoOptions {
  /** Where the engine's WebAssembly is, for pages whose bundler moves it. */
  readonly locateFile?: (name: string) => string;
}

type Factory = (options?: MujocoOptions) => Promise<unknown>;

/**
 * Why the engine cannot start on this platform, and the cure; null where nothing is known against it. Asked before the package is
 * loaded: its loader writes to the console, and without WebAssembly it waits for ever.
 */
const refusal = (): { readonly found: string; readonly expected: string } | null => {
  if (typeof WebAssembly === 'undefined')
    return { found: 'there is no WebAssembly', expected: 'Node.js without --jitless, or a browser with WebAssembly' };
  try {
    return new WebAssembly.Memory({ initial: 1 }) && null;
  } catch (error) {
    return {
      found: `no memory for WebAssembly (${error instanceof Error ? error.message : String(error)})`,
      expected: 'more memory or addresses for this process (ulimit -v), or node --disable-wasm-trap-handler',
    };
  }
};

const unable = (found: string, expected: string): Either<NatgradError, never> =>
  left(
    new NatgradError('Unsupported', `the package @mujoco/mujoco cannot be loaded: ${found}; ${expected}`, {
      operation: 'loadMujoco',
      argument: '@mujoco/mujoco',
      found,
      expected,
    }),
  );

const fetchEngine = async (options: MujocoOptions): Promise<Either<NatgradError, Mujoco>> => {
  const refused = refusal();
  if (refused !== null) return unable(refused.found, refused.expected);
  const install = `npm install @mujoco/mujoco@${MUJOCO_VERSION}`;
  try {
    const { default: factory } = (await import('@mujoco/mujoco')) as { readonly default: Factory };
    return right(engineOf((await factory(options)) as Package));
  } catch (error) {
    const missing = (error as { readonly code?: unknown }).code === 'ERR_MODULE_NOT_FOUND';
    const found = missing ? 'it is not installed' : error instanceof Error ? error.message : String(error);
    // Its bindings write code for the types of each function that they bind.
    const expected = error instanceof EvalError ? "a content policy with script-src 'unsafe-eval'" : install;
    return unable(found, expected);
  }
};

/** One engine for the process: its memory is large, and simulations are shared anyway. */
const loaded: Promise<Either<NatgradError, Mujoco>>[] = [];

/**
 * Loads the physics engine, which takes a fifth of a second, the first time that it is asked for; later calls share it. It is
 * an optional package, which the MuJoCo tasks need and nothing else does.
 *
 * @returns `Left` with code `Unsupported` where the package is missing or cannot start here, and the cure
 * @example
 * ```ts
 * const mujoco = await loadMujoco()();
 * if (mujoco._tag === 'Left') throw mujoco.left;
 * const env = hopper(mujoco.right, { healthyReward: 2 });
 * console.log(env.observationSpace.shape); // [ 11 ]
 * ```
 */
export const loadMujoco =
  (options: MujocoOptions = {}): TaskEither<NatgradError, Mujoco> =>
  () => {
    const engine = loaded[0] ?? fetchEngine(options);
    loaded[0] = engine;
    return engine;
  };
