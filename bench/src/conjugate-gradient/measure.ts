/** What a preconditioner saves on one system: products of conjugate gradient, and what it costs itself. */
import {
  addScaled,
  conjugateGradient,
  damped,
  inner,
  norm,
  type Operator,
  type ParameterTree,
  type PreconditionerName,
  preconditioners,
} from '@natgrad/rl-trpo';
import { key, normal, treeMap } from '@natgrad/tensor';
import { orThrow } from '../or-throw.js';
import { median } from '../statistics.js';
import type { System } from './systems.js';

/** Relative residuals ‖b − A x‖ / ‖b‖ to reach. */
export const TARGETS = [1e-1, 1e-2, 1e-4] as const;
/** Products of a usual solve. */
export const USUAL = 10;
const MOST_PRODUCTS = 500;
/** Relative residual of the solution that errors are measured by, and the products it may take. */
const SOLVED = 1e-11;
const MOST_FOR_SOLUTION = 5000;

interface Solve {
  readonly preconditioner: PreconditionerName;
  /** Products until each of {@link TARGETS}; null for more than 500. */
  readonly products: readonly (number | null)[];
  /** ‖x₁₀ − x‖ / ‖x‖ in the norm of A = F + damping. */
  readonly error: number;
  /** Milliseconds to make the preconditioner, and to apply it. */
  readonly make: number;
  readonly apply: number;
}

export interface Measured {
  readonly damping: number;
  readonly solves: readonly Solve[];
}

/** Milliseconds, the median of some runs; the first, which compiles, does not count. */
export const milliseconds = (run: () => unknown, repeats = 7): number => {
  run();
  return median(
    Array.from({ length: repeats }, () => {
      const start = performance.now();
      run();
      return performance.now() - start;
    }),
  );
};

const names = Object.keys(preconditioners) as readonly PreconditionerName[];

const solveWith = (system: System, damping: number, name: PreconditionerName, solution: ParameterTree): Solve => {
  const { model, engine, theta, observations, gradient } = system;
  const operator = damped(system.gaussNewton, damping);
  const prepared = preconditioners[name].prepare(model, engine);
  const make = (): Operator => orThrow(prepared({ theta, observations: [observations], damping }));
  const preconditioner = make();
  const energy = (x: ParameterTree): number => Math.sqrt(Math.max(0, inner(x, operator(x))));
  let tenth = gradient;
  const { residuals } = conjugateGradient(operator, gradient, {
    preconditioner,
    iterations: MOST_PRODUCTS,
    tolerance: Math.min(...TARGETS) / 10,
    onIterate: (x, iteration) => {
      if (iteration <= USUAL) tenth = x;
    },
  });
  const first = (target: number): number | null => {
    const at = residuals.findIndex((residual) => residual <= target);
    return at < 0 ? null : at;
  };
  return {
    preconditioner: name,
    products: TARGETS.map(first),
    error: energy(addScaled(tenth, -1, solution)) / energy(solution),
    make: milliseconds(make),
    apply: milliseconds(() => preconditioner(gradient)),
  };
};

/** All preconditioners on one system. */
export const measure = (system: System, damping: number): Measured => {
  const operator = damped(system.gaussNewton, damping);
  const solved = conjugateGradient(operator, system.gradient, { iterations: MOST_FOR_SOLUTION, tolerance: SOLVED });
  const left = norm(addScaled(system.gradient, -1, operator(solved.x))) / norm(system.gradient);
  // The error in the norm of A is at most about the residual times the root of the condition number, 10³.
  if (!(left < 1e-9)) throw new Error(`the solution has a residual of ${left}`);
  return { damping, solves: names.map((name) => solveWith(system, damping, name, solved.x)) };
};

/** Digits to which both forms of F agree: on g, and on a random vector; the fewer. */
export const digitsOfAgreement = ({ gaussNewton, hessian, gradient }: System): number => {
  let drawn = 0;
  const random = treeMap((leaf) => normal(key(drawn++), leaf.shape, { dtype: leaf.dtype as 'f64' }), gradient);
  const difference = (v: ParameterTree): number => {
    const expected = gaussNewton(v);
    return norm(addScaled(expected, -1, hessian(v))) / norm(expected);
  };
  return -Math.log10(Math.max(difference(gradient), difference(random)));
};
