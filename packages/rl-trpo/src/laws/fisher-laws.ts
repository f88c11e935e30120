/** Laws of the Fisher operator, for any model. */
import { interpreter, jvp, linearize, vjp } from '@natgrad/autodiff';
import { concatenate, type Key, key, slice, split, type Tensor, treeMap } from '@natgrad/tensor';
import { adopt, elements } from '@natgrad/tensor/internal';
import { type Law, law } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import { type CompiledPolicy, damped, gaussNewton, hessian, type Operator } from '../fisher.js';
import { type FisherPrograms, fisherPrograms } from '../fisher-programs.js';
import { drawRows, type FisherRows, rowsBetween } from '../fisher-rows.js';
import type { Model, ParameterTree } from '../model.js';
import { naturalGradient } from '../natural-gradient.js';
import type { DistributionParameters } from '../policy/distribution.js';
import { addScaled, inner, scaled } from '../vector.js';
import { numbers, require, requireClose, requireCloseTrees, requireUnchanged, snapshot } from './check.js';
import { measureOf, repeatRows } from './measure.js';
import { directionOf, observationsOf } from './problems.js';

/** Which rows of a batch some rows are; −1 for one that is none of them. */
const placesOf = (rows: Tensor, batch: Tensor): readonly number[] => {
  const cut = (x: Tensor): readonly string[] => {
    const [count, width] = x.shape as readonly [number, number];
    return Array.from({ length: count }, (_, row) =>
      elements(x)
        .slice(row * width, (row + 1) * width)
        .join(),
    );
  };
  const all = cut(batch);
  return cut(rows).map((row) => all.indexOf(row));
};

interface Setting {
  readonly theta: ParameterTree;
  readonly observations: Tensor;
  readonly policy: (theta: ParameterTree) => DistributionParameters;
  readonly u: ParameterTree;
  readonly v: ParameterTree;
  readonly key: Key;
}

/** F v as the mean over rows of E_a[(score·v) score]: the definition. */
const scoreCovariance = (model: Model, { theta, observations, v, key: drawKey }: Setting): ParameterTree => {
  const { distribution } = model;
  const rows = observations.shape[0] as number;
  const cut = (x: Tensor, row: number): Tensor =>
    slice(x, [row, ...x.shape.slice(1).map(() => 0)], [row + 1, ...x.shape.slice(1)]);
  const keys = split(drawKey, rows);
  return Array.from({ length: rows }, (_, row) => {
    const own = treeMap((x) => cut(x, row), model.policy(theta, observations));
    const measure = measureOf(distribution, own, keys[row] as Key);
    const repeated = repeatRows({ x: cut(observations, row) }, measure.count)['x'] as Tensor;
    const logProbability = (each: ParameterTree): Tensor =>
      distribution.logProbability(model.policy(each, repeated), measure.actions);
    const weights = measure.weights(own);
    const along = elements(jvp(logProbability, theta, v).tangent);
    const cotangent = Float64Array.from(weights, (w, i) => (w === 0 ? 0 : (w * (along[i] as number)) / rows));
    return vjp(logProbability, theta).pullback(adopt(cotangent, 'f64', [measure.count]));
  }).reduce((total, part) => addScaled(total, 1, part));
};

/**
 * Laws of both forms of the Fisher-vector product for a model, on random parameters and observations.
 *
 * @example
 * ```ts
 * import { checkLaw } from '@natgrad/tensor/laws';
 * import { fisherLaws } from '@natgrad/rl-trpo/laws';
 *
 * const model = mlpModel({ observationSpace: { low: [0] }, actionSpace: { kind: 'discrete', n: 2 } }, { hidden: [3] });
 * for (const law of fisherLaws(model)) checkLaw(law, { numRuns: 2 });
 * ```
 */
export const fisherLaws = (model: Model): readonly Law[] => {
  const { distribution } = model;
  const settings: fc.Arbitrary<Setting> = fc.tuple(fc.nat(1e6), fc.integer({ min: 1, max: 4 })).map(([seed, rows]) => {
    const [parameterKey, observationKey, sampleKey] = split(key(seed), 3) as readonly [Key, Key, Key];
    const theta = model.initialise(parameterKey).policy;
    const observations = observationsOf(observationKey, rows, model.observationWidth);
    const policy = (each: ParameterTree): DistributionParameters => model.policy(each, observations);
    return {
      theta,
      observations,
      policy,
      u: directionOf(theta, 2 * seed),
      v: directionOf(theta, 2 * seed + 1),
      key: sampleKey,
    };
  });
  const forms = {
    gaussNewton: ({ policy, theta }: Setting): Operator => gaussNewton(distribution, linearize(policy, theta)),
    hessian: ({ policy, theta }: Setting): Operator => hessian(distribution, policy, policy(theta), theta),
  };
  /** The compiled programs of both forms, for a batch as one or in chunks of so many rows. */
  const programs: FisherPrograms[] = [];
  const inChunks = (size: number | null): FisherPrograms =>
    (programs[size ?? 0] ??= fisherPrograms(model, { engine: interpreter, fisherChunk: size }));
  const rowsOf = ({ observations, policy, theta }: Setting): FisherRows => ({
    observations,
    oldParameters: policy(theta),
  });
  const compiled = {
    gaussNewton: (size: number | null, { theta }: Setting, rows: FisherRows): Operator =>
      inChunks(size).linearisedPolicy(theta, rows).fisher,
    hessian: (size: number | null, { theta }: Setting, rows: FisherRows): Operator =>
      inChunks(size).hessian(theta, rows),
  };
  const ofTransposes: Law = law(
    `J of ${distribution.name}: in chunks value and Jᵀ are the same up to rounding`,
    fc.tuple(settings, fc.integer({ min: 1, max: 3 })),
    ([setting, size]) => {
      const [whole, pieces] = [null, size].map((each) =>
        inChunks(each).linearisedPolicy(setting.theta, rowsOf(setting)),
      ) as [CompiledPolicy, CompiledPolicy];
      const plain = linearize(setting.policy, setting.theta);
      for (const found of [whole, pieces]) {
        requireCloseTrees('π', found.value, plain.value, 1e-13);
        requireCloseTrees('Jᵀ·u', found.transpose(plain.value), plain.transpose(plain.value), 1e-13);
      }
    },
  );
  const label = `${distribution.name}(${distribution.action.shape.join('x') || String(distribution.action.counts?.[0] ?? '')})`;
  const perForm = Object.entries(forms).flatMap(([name, form]): readonly Law[] => {
    const named = <T>(text: string, cases: fc.Arbitrary<T>, holds: (value: T) => unknown): Law =>
      law(`Fisher of ${label}, ${name}: ${text}`, cases, holds);
    return [
      named('linear', fc.tuple(settings, numbers(-3, 3)), ([setting, k]) => {
        const f = form(setting);
        const { u, v } = setting;
        requireCloseTrees('F(u + k v)', f(addScaled(u, k, v)), addScaled(f(u), k, f(v)), 1e-10);
      }),
      named('symmetric: uᵀFv = vᵀFu', settings, (setting) => {
        const f = form(setting);
        const { u, v } = setting;
        const [uv, vu] = [inner(u, f(v)), inner(v, f(u))];
        require(Math.abs(uv - vu) <= 1e-10 * (1 + Math.sqrt(inner(u, f(u)) * inner(v, f(v)))), () =>
          `uᵀFv ${uv}, vᵀFu ${vu}`);
      }),
      named('positive semidefinite: vᵀFv ≥ 0, and not 0 for every v', settings, (setting) => {
        const f = form(setting);
        const curvature = inner(setting.v, f(setting.v));
        require(curvature >= -1e-12 * (1 + inner(setting.v, setting.v)), () => `vᵀFv is ${curvature}`);
        require(curvature > 0 || inner(setting.u, f(setting.u)) > 0, () => 'F is 0');
      }),
      named(
        'damping adds damping·v',
        fc.tuple(settings, fc.oneof(fc.constant(0), numbers(1e-3, 10))),
        ([setting, damping]) => {
          const f = form(setting);
          requireCloseTrees(
            '(F + d)v',
            damped(f, damping)(setting.v),
            addScaled(f(setting.v), damping, setting.v),
            1e-14,
          );
        },
      ),
      named('is half the curvature of KL: KL(old ‖ θ + h v) ≈ ½ h² vᵀFv', settings, (setting) => {
        const { theta, v, policy } = setting;
        // Central in h, so that the cubic term cancels; what is left is h² smaller.
        const h = 1e-3 / Math.sqrt(inner(v, v));
        const kl = (step: number): number =>
          Array.from(elements(distribution.kl(policy(theta), policy(addScaled(theta, step, v))))).reduce(
            (a, b) => a + b,
            0,
          ) / (setting.observations.shape[0] as number);
        requireClose('2 KL / h²', (kl(h) + kl(-h)) / (h * h), inner(v, form(setting)(v)), 1e-4);
      }),
      named(
        'the curvature xᵀFx of a natural gradient needs no further product',
        fc.tuple(settings, fc.integer({ min: 1, max: 4 }), numbers(0.01, 1)),
        ([setting, iterations, damping]) => {
          const f = form(setting);
          // From a warm start x is not orthogonal to the residual, which a cold one makes it.
          const { solve, curvature, dampedCurvature } = naturalGradient(f, setting.u, {
            iterations,
            tolerance: 0,
            damping,
            initial: scaled(0.1, setting.v),
          });
          const explicit = inner(solve.x, f(solve.x));
          requireClose('xᵀFx', curvature, explicit, 1e-9);
          requireClose('xᵀ(F + damping)x', dampedCurvature, explicit + damping * inner(solve.x, solve.x), 1e-9);
        },
      ),
      named(
        'in chunks it is the same up to rounding',
        fc.tuple(settings, fc.integer({ min: 1, max: 3 })),
        ([setting, size]) => {
          const make = compiled[name as keyof typeof compiled];
          const rows = rowsOf(setting);
          // The same terms in sums of another order: some units of rounding, 1e-16 each, of the largest.
          requireCloseTrees('Fv', make(size, setting, rows)(setting.v), make(null, setting, rows)(setting.v), 1e-13);
        },
      ),
      named(
        'over drawn rows it is the mean of F over each of them',
        fc.tuple(settings, fc.integer({ min: 1, max: 5 })),
        ([setting, count]) => {
          const make = compiled[name as keyof typeof compiled];
          const rows = rowsOf(setting);
          const all = setting.observations.shape[0] as number;
          const drawn = drawRows(rows, count, setting.key);
          const places = placesOf(drawn.observations, setting.observations);
          require(places.length === Math.min(count, all) && new Set(places).size === places.length, () =>
            `${count} of ${all} rows, but drawn were ${places.join(', ')}`);
          const alone = places.map((row) => {
            const own = treeMap((x) => rowsBetween(x, row, row + 1), rows);
            return make(null, setting, own)(setting.v);
          });
          const mean = scaled(
            1 / places.length,
            alone.reduce((sum, each) => addScaled(sum, 1, each)),
          );
          requireCloseTrees('Fv', make(null, setting, drawn)(setting.v), mean, 1e-12);
        },
      ),
      named('inputs are not changed, and the same v gives the same bits', settings, (setting) => {
        const before = [snapshot(setting.theta), snapshot(setting.observations), snapshot(setting.v)] as const;
        const f = form(setting);
        const first = snapshot(f(setting.v));
        requireUnchanged('θ', setting.theta, before[0]);
        requireUnchanged('observations', setting.observations, before[1]);
        requireUnchanged('v', setting.v, before[2]);
        requireUnchanged('a second product', f(setting.v), first);
      }),
    ];
  });
  return [
    ofTransposes,
    ...perForm,
    law(`Fisher of ${label}: both forms are equal at θ_old`, settings, (setting) => {
      requireCloseTrees('Fv', forms.hessian(setting)(setting.v), forms.gaussNewton(setting)(setting.v), 1e-9);
    }),
    law(`Fisher of ${label}: equal to the covariance of the score`, settings, (setting) => {
      const expected = scoreCovariance(model, setting);
      const exact = measureOf(
        distribution,
        treeMap(
          (x) =>
            slice(
              x,
              x.shape.map(() => 0),
              [1, ...x.shape.slice(1)],
            ),
          setting.policy(setting.theta),
        ),
        setting.key,
      ).exact;
      // 4,000 samples of a fourth moment: relative errors of some percent; 40 % is far beyond six of them.
      requireCloseTrees('Fv', forms.gaussNewton(setting)(setting.v), expected, exact ? 1e-8 : 0.2);
    }),
    law(`Fisher of ${label}: the mean over all rows is the mean of the means over equal parts`, settings, (setting) => {
      const { observations, theta, v } = setting;
      const twice = (each: ParameterTree): DistributionParameters =>
        model.policy(each, concatenate([observations, observations], 0));
      requireCloseTrees(
        'Fv',
        gaussNewton(distribution, linearize(twice, theta))(v),
        forms.gaussNewton(setting)(v),
        1e-11,
      );
    }),
  ];
};
