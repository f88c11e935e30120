/**
 * For benchmarks the engine of the MuJoCo tasks without an environment around it; for pages around pictures the escape of text. Not
 * covered by semantic versioning.
 */
export type { Simulation } from './mujoco/_engine.js';
export type { MujocoTask } from './mujoco/_task.js';
export { mujocoTasks } from './mujoco/index.js';
export { escapeXml } from './render/markup.js';
