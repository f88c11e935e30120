/** For benchmarks: the engine of the MuJoCo tasks without an environment around it. Not covered by semantic versioning. */
export type { Simulation } from './mujoco/_engine.js';
export type { MujocoTask } from './mujoco/_task.js';
export { mujocoTasks } from './mujoco/index.js';
