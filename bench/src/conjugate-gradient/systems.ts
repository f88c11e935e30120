/** The linear systems of real training: F + damping and g at points early, in the middle and late. */
import type { Engine } from '@natgrad/autodiff';
import { makeEnv, vectorise } from '@natgrad/envs';
import {
  defineAlgorithm,
  engineOf,
  estimateAdvantages,
  finish,
  fitCritic,
  type Model,
  mlpModel,
  type Operator,
  type ParameterTree,
  policyGradient,
  policyMetric,
  presetConfig,
  rollout,
  type Snapshot,
  startOfTraining,
  type TrpoConfig,
  train,
} from '@natgrad/rl-trpo';
import { key, type Tensor } from '@natgrad/tensor';
import { orThrow } from '../or-throw.js';

export interface System {
  readonly model: Model;
  readonly engine: Engine;
  /** Environment steps learnt from before. */
  readonly steps: number;
  readonly theta: ParameterTree;
  readonly observations: Tensor;
  /** v ↦ F v in both forms. */
  readonly gaussNewton: Operator;
  readonly hessian: Operator;
  /** g. */
  readonly gradient: ParameterTree;
}

/** Stages 1 to 3 of a step at a snapshot, up to the system that conjugate gradient would solve. */
const systemAt = (
  { model, options, engine }: { readonly model: Model; readonly options: TrpoConfig; readonly engine: Engine },
  envs: ReturnType<typeof vectorise>,
  { state, environments }: Snapshot,
): System => {
  const { batch } = rollout({ model, envs, ...options }, state, environments);
  const found: System[] = [];
  const look = defineAlgorithm({
    name: 'look',
    prepare: () => (input) => {
      const estimated = estimateAdvantages(input);
      if (estimated._tag === 'Left') return estimated;
      const gradient = policyGradient(input, estimated.right);
      if (gradient._tag === 'Left') return gradient;
      const metric = policyMetric(input, estimated.right, gradient.right.atOld);
      if (metric._tag === 'Left') return metric;
      found.push({
        model,
        engine,
        steps: state.steps,
        theta: state.policy,
        observations: estimated.right.observations,
        gaussNewton: metric.right.fisher,
        hessian: input.setup.compiled.hessian(state.policy, estimated.right),
        gradient: gradient.right.gradient,
      });
      const critic = fitCritic(input, estimated.right);
      return finish(input, { data: estimated.right, ...gradient.right, taken: null, critic });
    },
  });
  orThrow(look({ model, ...options }, undefined, engine)(state, batch));
  return found[0] as System;
};

/** Trains with a task's preset, and looks at the system at the beginning, half way and at the end. */
export const systemsOf = async (id: string, steps: number, seed: number): Promise<readonly System[]> => {
  const env = orThrow(makeEnv(id));
  const options = orThrow(presetConfig(id));
  const engine = orThrow(engineOf(options));
  const model = mlpModel(env, options);
  const envs = vectorise(env, options.environments);
  const config = { envs, model, options, key: key(seed), steps };
  const at = (snapshot: Snapshot): System => systemAt({ model, options, engine }, envs, snapshot);
  const systems = [at(startOfTraining(config))];
  for await (const iteration of train(config)) {
    const { steps: now } = iteration.state;
    if (now >= steps || (systems.length === 1 && now >= steps / 2)) systems.push(at(iteration));
  }
  return systems;
};
