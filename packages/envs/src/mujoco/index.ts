/** Gymnasium's MuJoCo tasks, version 5, on the official package. */
import type { EngineEnvDefinition } from '../definition.js';
import type { MujocoTask } from './_task.js';
import { environment as ant } from './ant.js';
import { environment as halfCheetah } from './half-cheetah.js';
import { environment as hopper } from './hopper.js';
import { environment as humanoid } from './humanoid.js';
import { environment as invertedDoublePendulum } from './inverted-double-pendulum.js';
import { environment as invertedPendulum } from './inverted-pendulum.js';
import { environment as reacher } from './reacher.js';
import { environment as swimmer } from './swimmer.js';
import { environment as walker2d } from './walker2d.js';

const all = [
  halfCheetah,
  hopper,
  walker2d,
  ant,
  humanoid,
  swimmer,
  reacher,
  invertedPendulum,
  invertedDoublePendulum,
] as const;

export const mujoco: readonly EngineEnvDefinition[] = all.map(({ definition }): EngineEnvDefinition => definition);

/** The facts of the tasks, for those who measure the engine without an environment around it. */
export const mujocoTasks: readonly MujocoTask[] = all.map(({ task }): MujocoTask => task);
