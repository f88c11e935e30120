/** Pitfall: KL(new ‖ old) bounded in place of KL(old ‖ new). */
import { jit, mean } from '@natgrad/autodiff';
import { type Algorithm, type ParameterTree, type PolicyData, surrogate, type TrpoReport } from '@natgrad/rl-trpo';
import { item, type Scalar } from '@natgrad/tensor';
import { cartPole, type Finding, late, type Pitfall, type Problem, rejected, returns } from './pitfall.js';
import { reportsOf } from './run.js';
import { SOUND, trpoWith } from './variant.js';

type Measured = { readonly kl: Scalar; readonly surrogate: Scalar };

/** Sizing and line search see KL(new ‖ old). The report's own `kl` is KL(old ‖ new) of the step that was taken. */
const reversed = trpoWith('reversed-kl', (setup) => {
  const { compiled, model, options, engine } = setup;
  const { distribution } = model;
  const program = jit(
    (theta: ParameterTree, data: PolicyData): Measured => {
      const next = model.policy(theta, data.observations);
      return {
        kl: mean(distribution.kl(next, data.oldParameters)),
        surrogate: surrogate({ ...data, distribution, entropyBonus: options.entropyBonus })(next),
      };
    },
    { engine },
  );
  // Only the tensors that the program reads.
  const measure = (theta: ParameterTree, data: PolicyData): Measured => {
    const { observations, actions, logProbabilities, oldParameters, advantages } = data;
    return program(theta, { observations, actions, logProbabilities, oldParameters, advantages });
  };
  return {
    candidatesAlong: (input, ...rest) =>
      SOUND.candidatesAlong({ ...input, setup: { ...setup, compiled: { ...compiled, measure } } }, ...rest),
    own: (_input, { data, taken }) => ({ kl: taken === null ? 0 : item(compiled.measure(taken.theta, data).kl) }),
  };
});

const sound = trpoWith('sound-kl', () => ({ own: (_input, { taken }) => ({ kl: taken?.kl ?? 0 }) }));

const finding = (variant: string, runs: readonly (readonly TrpoReport[])[]): Finding => ({
  variant,
  values: {
    return: returns(runs),
    klShare: late(runs, (report) => report.klShare),
    'KL(old ‖ new)/δ': late(runs, ({ own, delta }) => (own['kl'] as number) / delta),
    improvementRatio: late(runs, (report) => report.improvementRatio),
    entropy: late(runs, (report) => report.entropy),
    zeroGradient: rejected(runs, 'zeroGradient'),
  },
});

const DELTAS = [0.02, 0.5, 2];
const DIRECTIONS: readonly (readonly [string, Algorithm<TrpoReport>])[] = [
  ['KL(new ‖ old)', reversed],
  ['KL(old ‖ new)', sound],
];

const at = (delta: number): Problem => ({ ...cartPole, options: { ...cartPole.options, delta } });

export const klDirection: Pitfall = {
  name: 'kl-direction',
  setting: ({ seeds, iterations }) =>
    `CartPole-v1, ${seeds} seeds, ${iterations} iterations of ${cartPole.options.batchSize} steps`,
  measure: (effort) =>
    DELTAS.flatMap((delta) =>
      DIRECTIONS.map(([name, algorithm]) => finding(`${name} ≤ ${delta}`, reportsOf(at(delta), algorithm, effort))),
    ),
};
