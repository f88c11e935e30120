/** Laws of a preconditioner of conjugate gradient, for any model. */
import { type Engine, interpreter, linearize } from '@natgrad/autodiff';
import { concatenate, key, split, type Tensor } from '@natgrad/tensor';
import { type Law, law } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import { conjugateGradient } from '../conjugate-gradient.js';
import { damped, gaussNewton, type Operator } from '../fisher.js';
import { rowsBetween } from '../fisher-rows.js';
import type { Model, ParameterTree } from '../model.js';
import type { Preconditioner } from '../preconditioners/preconditioner.js';
import { addScaled, inner, norm } from '../vector.js';
import { numbers, require, requireCloseTrees, requireUnchanged, snapshot } from './check.js';
import { directionOf, observationsOf } from './problems.js';

interface Setting {
  readonly theta: ParameterTree;
  readonly observations: Tensor;
  readonly damping: number;
  readonly u: ParameterTree;
  readonly v: ParameterTree;
}

const settingsOf = (model: Model, damping: fc.Arbitrary<number>): fc.Arbitrary<Setting> =>
  fc.tuple(fc.nat(1e6), fc.integer({ min: 1, max: 12 }), damping).map(([seed, rows, each]) => {
    const [parameterKey, observationKey] = split(key(seed));
    const theta = model.initialise(parameterKey).policy;
    const [u, v] = [directionOf(theta, 2 * seed), directionOf(theta, 2 * seed + 1)];
    return { theta, observations: observationsOf(observationKey, rows, model.observationWidth), damping: each, u, v };
  });

/** Everyday damping; with the largest of them a system has the condition number of F, about 10⁴. */
const someDamping = numbers(1e-3, 10);
/** Without damping F has as many zero eigenvalues as there are more parameters than rows, and P must be positive all the same. */
const anyDamping = fc.oneof(fc.constant(0), fc.constant(1e-8), someDamping);

/**
 * Laws of a {@link Preconditioner} for a model that it can serve, on random parameters, observations and damping.
 *
 * @param engine compiles the preconditioner's programs; the interpreter by default
 * @example
 * ```ts
 * import { checkLaw } from '@natgrad/tensor/laws';
 * import { preconditionerLaws } from '@natgrad/rl-trpo/laws';
 *
 * const model = mlpModel({ observationSpace: { low: [0] }, actionSpace: { kind: 'discrete', n: 2 } }, { hidden: [3] });
 * for (const law of preconditionerLaws(preconditioners.kfac, model)) checkLaw(law, { numRuns: 2 });
 * ```
 */
export const preconditionerLaws = (
  preconditioner: Preconditioner,
  model: Model,
  engine: Engine = interpreter,
): readonly Law[] => {
  const prepared = preconditioner.prepare(model, engine);
  const at = ({ theta, damping }: Setting, observations: readonly Tensor[]): Operator => {
    const made = prepared({ theta, observations, damping });
    if (made._tag === 'Left') throw new Error(made.left.message);
    return made.right;
  };
  const of = (setting: Setting): Operator => at(setting, [setting.observations]);
  const fisherOf = ({ theta, observations, damping }: Setting): Operator =>
    damped(
      gaussNewton(
        model.distribution,
        linearize((each: ParameterTree) => model.policy(each, observations), theta),
      ),
      damping,
    );
  const named = <T>(text: string, cases: fc.Arbitrary<T>, holds: (value: T) => unknown): Law =>
    law(`preconditioner ${preconditioner.name} for ${model.distribution.name}: ${text}`, cases, holds);
  const [any, some] = [settingsOf(model, anyDamping), settingsOf(model, someDamping)];
  return [
    named('linear', fc.tuple(any, numbers(-3, 3)), ([setting, k]) => {
      const p = of(setting);
      const { u, v } = setting;
      // Terms may cancel: rounding is that of the larger one.
      const size = norm(p(u)) + Math.abs(k) * norm(p(v));
      requireCloseTrees('P⁻¹(u + k v)', p(addScaled(u, k, v)), addScaled(p(u), k, p(v)), 1e-9, size);
    }),
    named('symmetric: uᵀP⁻¹v = vᵀP⁻¹u', any, (setting) => {
      const p = of(setting);
      const { u, v } = setting;
      const [uv, vu] = [inner(u, p(v)), inner(v, p(u))];
      // By Cauchy and Schwarz neither is larger than the geometric mean.
      const size = Math.sqrt(inner(u, p(u)) * inner(v, p(v)));
      require(Math.abs(uv - vu) <= 1e-9 * size, () => `uᵀP⁻¹v ${uv}, vᵀP⁻¹u ${vu}, of ${size}`);
    }),
    named('positive definite: vᵀP⁻¹v > 0', any, (setting) => {
      const p = of(setting);
      for (const each of [setting.u, setting.v]) {
        const value = inner(each, p(each));
        require(value > 0 && Number.isFinite(value), () => `vᵀP⁻¹v is ${value}`);
      }
    }),
    named('conjugate gradient with it reaches the solution of the same system', some, (setting) => {
      const a = fisherOf(setting);
      const { x, status } = conjugateGradient(a, setting.u, {
        iterations: 400,
        tolerance: 1e-9,
        preconditioner: of(setting),
      });
      require(status === 'converged', () => `it ended as ${status}`);
      // The residual of the recursion drifts from the explicit one by rounding times the condition of F + damping.
      const left = norm(addScaled(setting.u, -1, a(x))) / norm(setting.u);
      require(left <= 1e-6, () => `‖b − A x‖ is ${left} of ‖b‖`);
    }),
    named(
      'observations in pieces are those as one',
      fc.tuple(some, fc.integer({ min: 1, max: 11 })),
      ([setting, cut]) => {
        const { observations, v } = setting;
        const rows = observations.shape[0] as number;
        if (cut >= rows) return;
        const pieces = [rowsBetween(observations, 0, cut), rowsBetween(observations, cut, rows)];
        // Sums in another order, and the condition number of P, at most 10⁶ here.
        requireCloseTrees('P⁻¹v', at(setting, pieces)(v), of(setting)(v), 1e-9);
      },
    ),
    named('a mean over rows: all of them twice change nothing', some, (setting) => {
      const { observations, v } = setting;
      const twice = concatenate([observations, observations], 0);
      requireCloseTrees('P⁻¹v', at(setting, [twice])(v), of(setting)(v), 1e-9);
    }),
    named('inputs are not changed, and the same inputs give the same bits', any, (setting) => {
      const before = [snapshot(setting.theta), snapshot(setting.observations), snapshot(setting.v)] as const;
      const first = snapshot(of(setting)(setting.v));
      requireUnchanged('θ', setting.theta, before[0]);
      requireUnchanged('observations', setting.observations, before[1]);
      requireUnchanged('v', setting.v, before[2]);
      requireUnchanged('a second P⁻¹v', of(setting)(setting.v), first);
    }),
  ];
};
