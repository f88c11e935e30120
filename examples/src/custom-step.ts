/**
 * A step of one's own: TRPO with a second constraint.
 *
 * Policies that become sure of themselves too early stop exploring, and a bound on the KL divergence does not prevent it:
 * within KL ≤ δ a nearly certain policy may still lose what entropy it has. So let a step also lose at most κ nats of mean
 * entropy. Both bounds must hold, so what counts is the larger share of either budget:
 *
 *     max(KL / δ, drop / κ) ≤ 1.
 *
 * Every stage of `trpoStep` is exported, and takes what the stages before it have made. This step is the same but for stages 4 and
 * 5, which look at that maximum where TRPO looks at KL alone.
 */
import { jit, mean } from '@natgrad/autodiff';
import { makeEnv, vectorise } from '@natgrad/envs';
import {
  type Algorithm,
  type Candidates,
  type CompiledSetup,
  candidatesAlong,
  chooseStepSize,
  defineAlgorithm,
  estimateAdvantages,
  finish,
  fitCritic,
  initialState,
  type LineSearchOutcome,
  lineSearch,
  mlpModel,
  naturalDirection,
  type ParameterTree,
  policyGradient,
  policyMetric,
  presetConfig,
  reasonToStay,
  rollout,
  type StepInput,
  type StepResult,
  solveReport,
  type TrpoConfig,
  type TrpoError,
  type TrpoReport,
} from '@natgrad/rl-trpo';
import { item, key, type Scalar, split, type Tensor } from '@natgrad/tensor';
import { type Either, isLeft } from 'fp-ts/lib/Either.js';

/** The mean entropy of a policy over a batch, as a program that is compiled once. */
const entropyProgram = ({ model, engine }: CompiledSetup): ((theta: ParameterTree, observations: Tensor) => number) => {
  const { distribution } = model;
  const program = jit(
    (theta: ParameterTree, observations: Tensor): Scalar => {
      if (distribution.entropy === undefined) throw new TypeError(`nobody knows the entropy of ${distribution.name}`);
      return mean(distribution.entropy(model.policy(theta, observations)));
    },
    { engine },
  );
  return (theta, observations) => item(program(theta, observations));
};

/**
 * TRPO whose steps lose at most `kappa` nats of mean entropy. With an infinite κ it is TRPO, to the bit.
 *
 * The report has `own.entropyDrop`, what the step lost, and `own.bound`, the constraint that it was nearer to.
 */
export const entropyBoundStep = (kappa: number): Algorithm<TrpoReport> =>
  defineAlgorithm({
    name: 'entropyBound',
    prepare: (setup) => {
      const entropy = entropyProgram(setup);
      return (input) => update(kappa, entropy, input);
    },
  });

const update = (
  kappa: number,
  entropy: (theta: ParameterTree, observations: Tensor) => number,
  input: StepInput,
): Either<TrpoError, StepResult<TrpoReport>> => {
  const { setup, state } = input;
  const { delta } = state;

  // 1. Advantages.   2. The gradient of the surrogate.   3. The natural gradient. All as TRPO.
  const estimated = estimateAdvantages(input);
  if (isLeft(estimated)) return estimated;
  const data = estimated.right;
  const surrogate = policyGradient(input, data);
  if (isLeft(surrogate)) return surrogate;
  const metric = policyMetric(input, data, surrogate.right.atOld);
  if (isLeft(metric)) return metric;
  const natural = naturalDirection(input, metric.right, surrogate.right.gradient);

  // 4. The step size. A candidate says how much of the trust region it uses; ours, how much of either budget.
  const candidate = candidatesAlong(input, data, surrogate.right.surrogateBefore, natural.solve.x);
  const entropyBefore = entropy(state.policy, data.observations);
  const dropAt = (scale: number): number => entropyBefore - entropy(candidate(scale).parameters, data.observations);
  const within: Candidates = (scale) => {
    const found = candidate(scale);
    return found.finite ? { ...found, kl: Math.max(found.kl, (delta * dropAt(scale)) / kappa) } : found;
  };
  const size = chooseStepSize({ kind: setup.options.stepSize, delta, ...natural }, within);

  // 5. The line search, likewise.
  const reason = reasonToStay(natural, size.scale);
  const { shrink, maxTries, acceptRatio } = setup.options;
  const outcome: LineSearchOutcome =
    reason !== null
      ? { status: 'rejected', reason, tries: 0 }
      : lineSearch((fraction) => within(fraction * size.scale), {
          delta,
          expectedGain: size.scale * natural.slope,
          shrink,
          maxTries,
          acceptRatio,
        });
  const scale = outcome.status === 'accepted' ? outcome.fraction * size.scale : 0;
  const { kl, parameters: theta } = candidate(scale);
  const taken = outcome.status === 'accepted' ? { ...outcome, kl, theta } : null;

  // 6. The critic, as TRPO.
  const critic = fitCritic(input, data, taken?.theta);
  const drop = taken === null ? 0 : dropAt(scale);
  return finish(input, {
    data,
    ...surrogate.right,
    taken,
    critic,
    natural,
    solve: solveReport({
      state,
      metric: metric.right,
      natural,
      size,
      // What the trial called KL was a share of either budget; the report tells the KL itself.
      outcome: outcome.status === 'accepted' ? { ...outcome, kl } : outcome,
    }),
    own: { entropyDrop: drop, bound: taken === null ? null : drop / kappa > kl / delta ? 'entropy' : 'kl' },
  });
};

/* ---------- What comes of it ---------- */

const orThrow = <T>(result: Either<{ readonly message: string }, T>): T => {
  if (isLeft(result)) throw new Error(result.left.message);
  return result.right;
};

/** Reports of a few iterations on CartPole, whose policy grows sure of itself quickly. */
export const learn = (
  algorithm: Algorithm<TrpoReport>,
  iterations: number,
  given: Partial<TrpoConfig> = {},
): readonly TrpoReport[] => {
  const env = orThrow(makeEnv('CartPole-v1'));
  const config = orThrow(presetConfig('CartPole-v1', given));
  const model = mlpModel(env, config);
  const step = algorithm({ ...config, model });
  const envs = vectorise(env, config.environments);
  const [stateKey, startKey] = split(key(0));
  const start = envs.reset(startKey);
  let environments = { vector: start.state, observations: start.observations };
  let state = orThrow(initialState({ ...config, model }, stateKey));
  return Array.from({ length: iterations }, () => {
    const acted = rollout({ ...config, model, envs }, state, environments);
    const { state: next, report } = orThrow(step(state, acted.batch));
    state = next;
    ({ environments } = acted);
    return report;
  });
};

export const main = (print: (line: string) => void): void => {
  print('κ      iteration  return  entropy  KL/δ  drop    bound by');
  for (const kappa of [Infinity, 0.01])
    learn(entropyBoundStep(kappa), 20).forEach(({ iteration, episodes, entropy, klShare, own }) => {
      const drop = typeof own['entropyDrop'] === 'number' ? own['entropyDrop'].toFixed(4) : '–';
      const cells = [kappa, iteration, episodes.returnMean?.toFixed(0), entropy.toFixed(3), klShare.toFixed(2), drop];
      print(`${cells.map((cell) => String(cell).padEnd(8)).join(' ')} ${String(own['bound'])}`);
    });
};
