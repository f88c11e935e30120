/** Gymnasium's MuJoCo tasks, version 5, on the official package. */
import type { EngineEnvDefinition } from '../definition.js';
import { definition as ant } from './ant.js';
import { definition as halfCheetah } from './half-cheetah.js';
import { definition as hopper } from './hopper.js';
import { definition as humanoid } from './humanoid.js';
import { definition as invertedDoublePendulum } from './inverted-double-pendulum.js';
import { definition as invertedPendulum } from './inverted-pendulum.js';
import { definition as reacher } from './reacher.js';
import { definition as swimmer } from './swimmer.js';
import { definition as walker2d } from './walker2d.js';

export const mujoco: readonly EngineEnvDefinition[] = [
  halfCheetah,
  hopper,
  walker2d,
  ant,
  humanoid,
  swimmer,
  reacher,
  invertedPendulum,
  invertedDoublePendulum,
];
