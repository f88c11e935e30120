/** Laws of acting: what a rollout may rely on. */
import { foldIn, fromTypedArray, type Key, key, normal, split, type Tensor, treeMap } from '@natgrad/tensor';
import { elements } from '@natgrad/tensor/internal';
import { type Law, law } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import { type Actions, actor } from '../act.js';
import { initialState } from '../initial-state.js';
import { normalise, statisticsOf } from '../running-statistics.js';
import type { StepConfig } from '../setup.js';
import type { TrpoState } from '../state.js';
import { addScaled } from '../vector.js';
import { require, requireClose } from './check.js';
import { observationsOf } from './problems.js';

interface Scene {
  readonly state: TrpoState;
  readonly observations: Float64Array;
  readonly keys: readonly Key[];
}

const total = (values: Float64Array): number => values.reduce((sum, x) => sum + x, 0);

const numbersOf = ({ actions, logProbabilities, parameters }: Actions): readonly Float64Array[] => [
  actions,
  logProbabilities,
  ...Object.values(parameters),
];

/**
 * Laws of `actor` for a configuration.
 *
 * @example
 * ```ts
 * import { checkLaw } from '@natgrad/tensor/laws';
 * import { actingLaws } from '@natgrad/rl-trpo/laws';
 *
 * const model = mlpModel({ observationSpace: { low: [0] }, actionSpace: { kind: 'discrete', n: 2 } });
 * for (const law of actingLaws({ model })) checkLaw(law, { numRuns: 3 });
 * ```
 */
export const actingLaws = (config: StepConfig): readonly Law[] => {
  const { model } = config;
  const width = model.observationWidth;
  const scenes: fc.Arbitrary<Scene> = fc.tuple(fc.nat(1e6), fc.integer({ min: 2, max: 33 })).map(([seed, rows]) => {
    const start = initialState(config, key(seed));
    if (start._tag === 'Left') throw new Error(start.left.message);
    const [first, second, keys] = split(key(seed), 3) as readonly [Key, Key, Key];
    // Noise on every parameter: biases begin at 0, where forgetting them would not show.
    let drawn = 0;
    const policy = addScaled(
      start.right.policy,
      0.3,
      treeMap((leaf) => normal(foldIn(first, drawn++), leaf.shape), start.right.policy),
    );
    const state = { ...start.right, policy, observationStatistics: statisticsOf(observationsOf(first, 20, width)) };
    return {
      state,
      observations: Float64Array.from(elements(observationsOf(second, rows, width))),
      keys: split(keys, rows),
    };
  });
  const named = <T>(text: string, cases: fc.Arbitrary<T>, holds: (value: T) => unknown): Law =>
    law(
      `acting, ${model.distribution.name}${model.inference === undefined ? ' without inference' : ''}${
        model.distribution.packed === undefined ? ' by tensors' : ''
      }: ${text}`,
      cases,
      holds,
    );
  return [
    named(
      'a row’s bits do not depend on the other rows, their number or their order',
      scenes,
      ({ state, observations, keys }) => {
        const { sample, deterministic } = actor(config, state);
        const rows = keys.length;
        const [all, plain] = [numbersOf(sample(observations, keys)), deterministic(observations)];
        for (let row = rows - 1; row >= 0; row -= 1) {
          const own = observations.slice(row * width, (row + 1) * width);
          const alone = numbersOf(sample(own, [keys[row] as Key]));
          [...alone, deterministic(own)].forEach((found, k) =>
            found.forEach((x, j) =>
              require(Object.is(x, (all[k] ?? plain)[row * found.length + j]), () =>
                `row ${row} of ${rows} differs alone, part ${k}`),
            ),
          );
        }
        const reversed = numbersOf(
          sample(
            Float64Array.from(
              { length: observations.length },
              (_, i) => observations[(rows - 1 - Math.floor(i / width)) * width + (i % width)] as number,
            ),
            [...keys].reverse(),
          ),
        );
        reversed.forEach((found, k) => {
          const size = found.length / rows;
          found.forEach((x, i) =>
            require(Object.is(x, all[k]?.[(rows - 1 - Math.floor(i / size)) * size + (i % size)]), () =>
              `part ${k} depends on the order`),
          );
        });
      },
    ),
    named(
      'parameters are the policy’s, log-probabilities the distribution’s',
      scenes,
      ({ state, observations, keys }) => {
        const acted = actor(config, state).sample(observations, keys);
        const rows = keys.length;
        const raw = fromTypedArray(observations, [rows, width]);
        const seen =
          config.normaliseObservations === true
            ? normalise(state.observationStatistics, raw, config.observationClip ?? 10)
            : raw;
        const expected = model.policy(state.policy, seen);
        // Sums in another order.
        for (const [name, packed] of Object.entries(acted.parameters))
          packed.forEach((x, i) =>
            requireClose(`${name}[${i}]`, x, elements(expected[name] as Tensor)[i] as number, 1e-12),
          );
        const { action, parameterShapes } = model.distribution;
        const own = Object.fromEntries(
          Object.entries(parameterShapes).map(([name, shape]) => [
            name,
            fromTypedArray(acted.parameters[name] as Float64Array, [rows, ...shape]),
          ]),
        );
        const actions = fromTypedArray(action.dtype === 'i32' ? Int32Array.from(acted.actions) : acted.actions, [
          rows,
          ...action.shape,
        ]);
        const logProbabilities = elements(model.distribution.logProbability(own, actions));
        // Terms in another order, exponentials within an ulp or two.
        acted.logProbabilities.forEach((x, row) =>
          requireClose(`log π of row ${row}`, x, logProbabilities[row] as number, 1e-12),
        );
      },
    ),
    named('the same keys give the same actions, other keys others', scenes, ({ state, observations, keys }) => {
      const { sample } = actor(config, state);
      const acted = sample(observations, keys);
      const again = numbersOf(sample(observations, keys));
      numbersOf(acted).forEach((x, k) =>
        require(x.every((each, i) => Object.is(each, again[k]?.[i])), () => `part ${k} differs the second time`),
      );
      // A policy that is nearly certain gives the same actions for most keys, so its own probabilities say how many draws
      // tell: as many as would all be alike once in 10¹². Two actions of a density are never alike but by rounding.
      const probability = model.distribution.action.dtype === 'i32' ? Math.exp(total(acted.logProbabilities)) : 0.5;
      const draws = Math.max(1, Math.ceil(Math.log(1e-12) / Math.log(probability)));
      fc.pre(draws <= 1000);
      const changes = Array.from({ length: draws }, (_, n) => split(key(n), keys.length)).some(
        (others) => sample(observations, others).actions.join() !== acted.actions.join(),
      );
      require(changes, () => 'the actions do not depend on the keys');
    }),
    named('what was handed out can be written to without consequences', scenes, ({ state, observations, keys }) => {
      const acting = actor(config, state);
      const first = acting.sample(observations, keys);
      const copy = numbersOf(first).map((x) => x.slice());
      numbersOf(first).forEach((x) => x.fill(NaN));
      numbersOf(acting.sample(observations, keys)).forEach((x, k) =>
        require(x.every((each, i) => Object.is(each, copy[k]?.[i])), () => `part ${k} changed`),
      );
    }),
  ];
};
