/** Pitfall: memory. What a step leaves behind, and what keeps it alive. */
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { jitLinearize, type LinearOperator, type WasmEngine, wasmEngine } from '@natgrad/autodiff';
import {
  type DistributionParameters,
  type ParameterTree,
  rollout,
  type TrpoConfig,
  type TrpoState,
  trpoStep,
} from '@natgrad/rl-trpo';
import { key, normal, type Tensor, treeLeaves } from '@natgrad/tensor';
import { bytesPerElement } from '@natgrad/tensor/internal';
import { cartPole, type Finding, type Pitfall } from './pitfall.js';
import { prepare, runWith } from './run.js';

/** The default batch and networks. */
const OPTIONS: Partial<TrpoConfig> = { batchSize: 2048, hidden: [64, 64], valueHidden: [64, 64] };
const KEPT = 20;

const kibibytes = (bytes: number): number => Math.round(bytes / 1024);

const bytesOf = (tree: unknown): number =>
  treeLeaves(tree).reduce((sum, { size, dtype }) => sum + size * bytesPerElement(dtype), 0);

const stateBytes = ({ policy, value, valueOptimiser, previousSolution }: TrpoState): number =>
  bytesOf([policy, value, valueOptimiser.first, valueOptimiser.second]) +
  (previousSolution === null ? 0 : bytesOf(previousSolution));

/** Lets the collector and the engine's finalizers, which need turns of the event loop, do what they can. */
const residentBytes = async (engine: WasmEngine): Promise<number> => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  let [least, idle] = [Infinity, 0];
  for (let turn = 0; turn < 20_000 && idle < 1000; turn += 1) {
    if (turn % 500 === 0) collect();
    await setImmediate();
    const bytes = engine.statistics().residentBytes;
    idle = bytes < least ? 0 : idle + 1;
    least = Math.min(least, bytes);
  }
  return least;
};

type Linearised = LinearOperator<ParameterTree, DistributionParameters>;

/** Linearisations of the policy at a batch, one after the other, on an engine of their own. */
const linearisations = async (
  checkpointing: boolean,
  keeps: boolean,
): Promise<{ readonly residuals: number; readonly engine: number }> => {
  const { model } = prepare(cartPole.env, { ...OPTIONS, checkpointing });
  const engine = wasmEngine({ deterministic: true });
  const linearise = jitLinearize((theta: ParameterTree, observations: Tensor) => model.policy(theta, observations), {
    engine,
  });
  const { policy } = model.initialise(key(0));
  const observations = normal(key(1), [OPTIONS.batchSize as number, model.observationWidth]);
  const kept: Linearised[] = [];
  let residuals = 0;
  for (let k = 0; k < KEPT; k += 1) {
    const operator = linearise(policy, observations);
    residuals = operator.residualBytes;
    operator.transpose(operator.value);
    if (keeps) kept.push(operator);
  }
  const bytes = await residentBytes(engine);
  // Used after the measurement, so that they are alive during it.
  return { residuals, engine: kept.length === (keeps ? KEPT : 0) ? bytes : Number.NaN };
};

const linearised = async (name: string, checkpointing: boolean, keeps: boolean): Promise<Finding> => {
  const { residuals, engine } = await linearisations(checkpointing, keeps);
  return {
    variant: name,
    values: { 'KiB each': kibibytes(residuals), [`KiB alive after ${KEPT}`]: kibibytes(engine) },
  };
};

/** States and batches are plain tensors outside the engine: their bytes are what they are. */
const plain = (name: string, bytes: number, alive: number): Finding => ({
  variant: name,
  values: { 'KiB each': kibibytes(bytes), [`KiB alive after ${KEPT}`]: kibibytes(alive * bytes) },
});

export const memory: Pitfall = {
  name: 'memory',
  setting: () =>
    `CartPole-v1, ${OPTIONS.batchSize} rows, 64-64 networks, f64; linearisations in the memory of an engine of their own, after the garbage collector`,
  measure: async () => {
    const prepared = prepare(cartPole.env, OPTIONS);
    const { state, environments } = runWith(
      prepared,
      trpoStep({ ...prepared.config, model: prepared.model }),
      0,
      1,
    ).end;
    const { batch } = rollout({ ...prepared.config, ...prepared }, state, environments);
    const { segments: _segments, ...tensors } = batch;
    return [
      await linearised(`${KEPT} linearised policies, kept`, false, true),
      await linearised(`${KEPT} linearised policies, kept, \`checkpointing\``, true, true),
      await linearised(`${KEPT} linearised policies, each dropped`, false, false),
      plain(`${KEPT} batches, kept`, bytesOf(tensors), KEPT),
      plain(`${KEPT} states, kept`, stateBytes(state), KEPT),
    ];
  },
};
