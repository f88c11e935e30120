/** What the walkers in the plane have in common: what they show, and what walking is worth. */
import type { Simulation } from './_engine.js';
import { clipped, type Judgement, joined, type Move, squares } from './_task.js';

/** True strictly between the bounds. */
export const within = (x: number, [low, high]: readonly [number, number]): boolean => low < x && x < high;

/** The pose, with or without the position along x, and velocities within ±10. */
export const observeWalking = (
  simulation: Simulation,
  { excludeCurrentPositionsFromObservation: without }: { readonly excludeCurrentPositionsFromObservation: boolean },
): Float64Array => {
  const { qpos, qvel } = simulation.views();
  return joined(without ? qpos.subarray(1) : qpos, clipped(qvel, -10, 10));
};

/** Velocity and health are paid for, controls cost, and who is not healthy is out unless the options say otherwise. */
export const judgeWalking = (
  healthy: boolean,
  { velocity, action }: Move,
  options: {
    readonly forwardRewardWeight: number;
    readonly healthyReward: number;
    readonly ctrlCostWeight: number;
    readonly terminateWhenUnhealthy: boolean;
  },
): Judgement => ({
  reward:
    options.forwardRewardWeight * velocity +
    (healthy ? options.healthyReward : 0) -
    options.ctrlCostWeight * squares(action),
  terminated: options.terminateWhenUnhealthy && !healthy,
});
