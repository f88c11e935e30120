/** Training runs with any algorithm, broken ones too: what every step reported, and nothing else. */
import { type Env, vectorise } from '@natgrad/envs';
import {
  type Algorithm,
  decodeConfig,
  initialState,
  type Model,
  modelFor,
  rollout,
  type Snapshot,
  type Step,
  type StepReport,
  type TrpoConfig,
} from '@natgrad/rl-trpo';
import { key, split } from '@natgrad/tensor';
import { orThrow } from '../or-throw.js';

/** Everything that acting and learning need. */
export interface Prepared {
  readonly config: TrpoConfig;
  readonly model: Model;
  readonly envs: ReturnType<typeof vectorise>;
}

/** Options are completed by `deterministic`, so that a run has the same numbers on every machine. */
export const prepare = (env: Env, options: Partial<TrpoConfig>): Prepared => {
  const config = orThrow(decodeConfig({ ...options, deterministic: true }));
  const envs = vectorise(env, config.environments);
  return { config, envs, model: modelFor(envs, config) };
};

/** Where a run with a seed begins. */
const startOf = ({ config, envs, model }: Prepared, seed: number): Snapshot => {
  const [stateKey, environmentKey] = split(key(seed));
  const { state: vector, observations } = envs.reset(environmentKey);
  return { state: orThrow(initialState({ ...config, model }, stateKey)), environments: { vector, observations } };
};

export interface Run<Report extends StepReport> {
  readonly reports: readonly Report[];
  /** After the last step. */
  readonly end: Snapshot;
}

/** Trains. A run ends early where a step is an error: broken algorithms may do that. */
export const runWith = <Report extends StepReport>(
  prepared: Prepared,
  step: Step<Report>,
  seed: number,
  iterations: number,
): Run<Report> => {
  const { config, envs, model } = prepared;
  let end = startOf(prepared, seed);
  const reports: Report[] = [];
  for (let iteration = 0; iteration < iterations; iteration += 1) {
    const { batch, environments } = rollout({ ...config, model, envs }, end.state, end.environments);
    const result = step(end.state, batch);
    if (result._tag === 'Left') break;
    reports.push(result.right.report);
    end = { state: result.right.state, environments };
  }
  return { reports, end };
};

/** The reports of runs with the seeds 0, 1, … */
export const reportsOf = <Report extends StepReport>(
  { env, options }: { readonly env: Env; readonly options: Partial<TrpoConfig> },
  algorithm: Algorithm<Report>,
  { seeds, iterations }: { readonly seeds: number; readonly iterations: number },
): readonly (readonly Report[])[] => {
  const prepared = prepare(env, options);
  // Compiled once for all seeds.
  const step = algorithm({ ...prepared.config, model: prepared.model });
  return Array.from({ length: seeds }, (_, seed) => runWith(prepared, step, seed, iterations).reports);
};
