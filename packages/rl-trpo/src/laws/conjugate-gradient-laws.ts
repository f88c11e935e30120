/** Laws of a conjugate gradient solver, on symmetric matrices whose spectrum is chosen. */
import {
  cholesky,
  key,
  matmul,
  matrixTranspose,
  multiply,
  reshape,
  type Tensor,
  tensor,
  triangularSolve,
} from '@natgrad/tensor';
import { elements } from '@natgrad/tensor/internal';
import { type Law, law } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import type { CgOptions, CgResult } from '../conjugate-gradient.js';
import { orthogonal } from '../policy/initialise.js';
import { addScaled, inner, isFiniteTree, norm, scaled } from '../vector.js';
import {
  arbitraryKey,
  numbers,
  require,
  requireClose,
  requireCloseTrees,
  requireUnchanged,
  snapshot,
  tensors,
} from './check.js';

export type Solver = (apply: (v: Tensor) => Tensor, b: Tensor, options?: CgOptions<Tensor>) => CgResult<Tensor>;

/** Q diag(spectrum) Qᵀ for a random orthogonal Q. */
const symmetric = (seed: number, spectrum: readonly number[]): Tensor => {
  const n = spectrum.length;
  const q = orthogonal(key(seed), n, n, 1);
  return matmul(multiply(q, tensor([[...spectrum]])), matrixTranspose(q));
};

interface Problem {
  readonly matrix: Tensor;
  readonly spectrum: readonly number[];
  readonly b: Tensor;
  readonly apply: (v: Tensor) => Tensor;
}

const problemOf = (seed: number, spectrum: readonly number[], b: Tensor): Problem => {
  const matrix = symmetric(seed, spectrum);
  return { matrix, spectrum, b, apply: (v) => matmul(matrix, v) };
};

/** Largest size and condition number, so that the tolerances below have a meaning. */
const SIZE = 8;
const CONDITION = 30;

const problems = (spectrumOf: (n: number) => fc.Arbitrary<readonly number[]>): fc.Arbitrary<Problem> =>
  fc
    .integer({ min: 1, max: SIZE })
    .chain((n) => fc.tuple(fc.nat(), spectrumOf(n), tensors([n], numbers(-5, 5))))
    .filter(([, , b]) => norm(b) > 1e-3)
    .map(([seed, spectrum, b]) => problemOf(seed, spectrum, b));

const list = (n: number, element: fc.Arbitrary<number>): fc.Arbitrary<readonly number[]> =>
  fc.array(element, { minLength: n, maxLength: n });
const definite = problems((n) => list(n, numbers(1, CONDITION)));

/** Rounding spoils conjugacy step by step, the more the larger the condition number; far above double precision. */
const SOLVED = 1e-8 * CONDITION;

const energy = ({ apply }: Problem, error: Tensor): number => Math.sqrt(Math.max(0, inner(error, apply(error))));

const iteratesOf = (
  solve: Solver,
  { apply, b }: Problem,
  options: CgOptions<Tensor>,
): { readonly iterates: readonly Tensor[]; readonly result: CgResult<Tensor> } => {
  const iterates: Tensor[] = [];
  const result = solve(apply, b, { ...options, onIterate: (x) => iterates.push(x) });
  return { iterates: [scaled(0, b), ...iterates], result };
};

/** r ↦ A⁻¹ r by Cholesky's factorisation. */
const inverse = (matrix: Tensor): ((r: Tensor) => Tensor) => {
  const factor = cholesky(matrix);
  return (r) => {
    const column = triangularSolve(factor, reshape(r, [r.size, 1]));
    return reshape(triangularSolve(factor, column, { transposed: true }), [r.size]);
  };
};

const exact = ({ matrix, b }: Problem): Tensor => inverse(matrix)(b);

/** Typed outcomes for what is not positive definite: x must be finite and the status one of the list. */
const requireOutcome = (result: CgResult<Tensor>, statuses: readonly CgResult<Tensor>['status'][]): void => {
  require(statuses.includes(result.status), () => `status ${result.status}, expected ${statuses.join(' or ')}`);
  require(isFiniteTree([result.x, result.residual]), () => 'the solution or its residual is not finite');
};

/**
 * Laws for `conjugateGradient`, or another solver of the same type.
 *
 * @example
 * ```ts
 * import { checkLaw } from '@natgrad/tensor/laws';
 * import { conjugateGradientLaws } from '@natgrad/rl-trpo/laws';
 *
 * for (const law of conjugateGradientLaws(conjugateGradient)) checkLaw(law, { numRuns: 5 });
 * ```
 */
export const conjugateGradientLaws = (solve: Solver): readonly Law[] => {
  const named = <T>(text: string, cases: fc.Arbitrary<T>, holds: (value: T) => unknown): Law =>
    law(`conjugate gradient: ${text}`, cases, holds);
  return [
    named('solves n equations in n steps', definite, (problem) => {
      const { status, x, iterations } = solve(problem.apply, problem.b, {
        iterations: problem.b.size,
        tolerance: SOLVED,
      });
      requireCloseTrees('solution', x, exact(problem), 10 * SOLVED);
      require(status === 'converged' && iterations <= problem.b.size, () => `${status} after ${iterations} steps`);
    }),
    named(
      'takes as many steps as there are different eigenvalues',
      problems((n) =>
        fc
          .tuple(numbers(1, 2), numbers(20, CONDITION), list(n, fc.boolean().map(Number)))
          .map(([low, high, which]) => which.map((up) => (up === 1 ? high : low))),
      ),
      (problem) => {
        const distinct = new Set(problem.spectrum).size;
        const { status, iterations } = solve(problem.apply, problem.b, { iterations: 20, tolerance: SOLVED });
        require(status === 'converged' && iterations <= distinct, () =>
          `${status} after ${iterations} steps for ${distinct} eigenvalues`);
      },
    ),
    named('the error in the norm of A never grows', definite, (problem) => {
      const solution = exact(problem);
      const { iterates } = iteratesOf(solve, problem, { iterations: problem.b.size, tolerance: 0 });
      const errors = iterates.map((x) => energy(problem, addScaled(x, -1, solution)));
      errors.forEach((error, k) => {
        const before = errors[k - 1] ?? Infinity;
        require(error <= before + SOLVED * (1 + (errors[0] as number)), () => `step ${k}: from ${before} to ${error}`);
      });
    }),
    named('directions are A-conjugate', definite, (problem) => {
      const { iterates } = iteratesOf(solve, problem, { iterations: problem.b.size, tolerance: SOLVED });
      const directions = iterates.slice(1).map((x, k) => addScaled(x, -1, iterates[k] as Tensor));
      directions.forEach((p, i) =>
        directions.slice(0, i).forEach((q, j) => {
          const size = energy(problem, p) * energy(problem, q);
          // Steps near convergence are differences of nearly equal iterates and carry no digits.
          if (size < 1e-6 * inner(problem.b, problem.b)) return;
          require(Math.abs(inner(p, problem.apply(q))) <= 1e-4 * size, () =>
            `directions ${j} and ${i}: ${inner(p, problem.apply(q)) / size}`);
        }),
      );
    }),
    named('the trace of residuals is ‖b − A x‖ / ‖b‖', definite, (problem) => {
      const { iterates, result } = iteratesOf(solve, problem, { iterations: 5, tolerance: 0.01 });
      require(result.residuals.length === result.iterations + 1 && iterates.length === result.iterations + 1, () =>
        'one residual for each iterate');
      iterates.forEach((x, k) =>
        requireClose(
          `residual ${k}`,
          result.residuals[k] as number,
          norm(addScaled(problem.b, -1, problem.apply(x))) / norm(problem.b),
          SOLVED,
        ),
      );
      requireCloseTrees(
        'residual',
        result.residual,
        addScaled(problem.b, -1, problem.apply(result.x)),
        SOLVED,
        norm(problem.b),
      );
      const [last] = result.residuals.slice(-1) as [number];
      require(result.status === 'converged' ? last <= 0.01 : result.iterations === 5 && last > 0.01, () =>
        `${result.status} with residual ${last}`);
    }),
    named('with A as the preconditioner it takes one step', definite, (problem) => {
      const { status, iterations } = solve(problem.apply, problem.b, {
        preconditioner: inverse(problem.matrix),
        tolerance: SOLVED,
      });
      require(status === 'converged' && iterations === 1, () => `${status} after ${iterations}`);
    }),
    named(
      'any diagonal preconditioner leads to the same solution',
      fc.tuple(definite, list(SIZE, numbers(1, 4))),
      ([problem, weights]) => {
        const diagonal = tensor(weights.slice(0, problem.b.size));
        const { x } = solve(problem.apply, problem.b, {
          iterations: 20,
          tolerance: SOLVED,
          preconditioner: (r) => multiply(r, diagonal),
        });
        requireCloseTrees('solution', x, exact(problem), 10 * SOLVED);
      },
    ),
    named(
      'with any preconditioner the error in the norm of A never grows',
      fc.tuple(definite, fc.nat(), list(SIZE, numbers(1, CONDITION))),
      ([problem, seed, spectrum]) => {
        const solution = exact(problem);
        const p = symmetric(seed, spectrum.slice(0, problem.b.size));
        // As many steps as equations, were it not for rounding: it costs conjugacy, and so further steps (Greenbaum 1989).
        const options = { iterations: 2 * problem.b.size, tolerance: 0, preconditioner: (r: Tensor) => matmul(p, r) };
        const errors = iteratesOf(solve, problem, options).iterates.map((x) =>
          energy(problem, addScaled(x, -1, solution)),
        );
        // The condition number of P⁻¹A is at most the product of both.
        const rounding = CONDITION * SOLVED * (1 + (errors[0] as number));
        errors.forEach((error, k) =>
          require(error <= (errors[k - 1] ?? Infinity) + rounding, () =>
            `step ${k}: from ${errors[k - 1]} to ${error}`),
        );
        require((errors.at(-1) as number) <= rounding, () => `${errors.at(-1)} after twice as many steps as equations`);
      },
    ),
    named('a warm start at the solution takes no step', definite, (problem) => {
      const { status, iterations, x } = solve(problem.apply, problem.b, { initial: exact(problem), tolerance: SOLVED });
      require(status === 'converged' && iterations === 0, () => `${status} after ${iterations}`);
      requireCloseTrees('solution', x, exact(problem), SOLVED);
    }),
    named(
      'a warm start anywhere leads to the same solution',
      fc.tuple(definite, list(SIZE, numbers(-3, 3))),
      ([problem, start]) => {
        const { x } = solve(problem.apply, problem.b, {
          initial: tensor(start.slice(0, problem.b.size)),
          iterations: 2 * SIZE,
          tolerance: 1e-2 * SOLVED,
        });
        requireCloseTrees('solution', x, exact(problem), 10 * SOLVED);
      },
    ),
    named('scaling b scales x', fc.tuple(definite, numbers(0.5, 8)), ([problem, factor]) => {
      const options = { iterations: 3, tolerance: 0 };
      requireCloseTrees(
        'x',
        solve(problem.apply, scaled(factor, problem.b), options).x,
        scaled(factor, solve(problem.apply, problem.b, options).x),
        1e-7,
      );
    }),
    named(
      'an indefinite matrix gives a finite x and a typed outcome',
      problems((n) => list(n, fc.oneof(numbers(-10, -0.1), numbers(0.1, 10)))),
      (problem) => {
        const negative = problem.spectrum.every((x) => x < 0);
        requireOutcome(
          solve(problem.apply, problem.b, { iterations: 20 }),
          negative ? ['negativeCurvature'] : ['negativeCurvature', 'converged', 'maxIterations'],
        );
      },
    ),
    named(
      'a singular matrix gives a finite x and a typed outcome',
      problems((n) => list(n, fc.constantFrom(0, 1, 3))),
      (problem) => {
        const result = solve(problem.apply, problem.b, { iterations: 20, tolerance: 1e-8 });
        requireOutcome(
          result,
          problem.spectrum.every((x) => x === 0)
            ? ['negativeCurvature']
            : ['negativeCurvature', 'converged', 'maxIterations', 'nonFinite'],
        );
      },
    ),
    named('b = 0 gives x = 0', definite, ({ apply, b }) => {
      const result = solve(apply, scaled(0, b));
      requireOutcome(result, ['zeroGradient']);
      require(norm(result.x) === 0 && result.iterations === 0, () => 'x is not 0');
    }),
    named(
      'numbers that are not finite give a typed outcome',
      fc.tuple(definite, fc.constantFrom(NaN, Infinity, -Infinity), fc.nat(SIZE - 1), fc.nat(3)),
      ([{ apply, b }, bad, at, when]) => {
        const spoil = (v: Tensor): Tensor => tensor(Array.from(elements(v), (x, i) => (i === at % b.size ? bad : x)));
        requireOutcome(solve(apply, spoil(b)), ['nonFinite']);
        requireOutcome(solve(apply, b, { initial: spoil(b) }), ['nonFinite']);
        let products = 0;
        const result = solve((v) => (products++ === when ? spoil(apply(v)) : apply(v)), b, { tolerance: 1e-8 });
        requireOutcome(result, products > when ? ['nonFinite'] : ['converged', 'maxIterations']);
      },
    ),
    named('inputs are not changed', fc.tuple(definite, arbitraryKey), ([{ matrix, b }]) => {
      const start = scaled(0.5, b);
      const before = [snapshot(matrix), snapshot(b), snapshot(start)] as const;
      const products: (readonly [Tensor, readonly number[]])[] = [];
      const remember = (v: Tensor): Tensor => {
        const out = matmul(matrix, v);
        products.push([v, snapshot(v)], [out, snapshot(out)]);
        return out;
      };
      const first = solve(remember, b, { initial: start });
      requireUnchanged('A', matrix, before[0]);
      requireUnchanged('b', b, before[1]);
      requireUnchanged('x₀', start, before[2]);
      products.forEach(([v, then], k) => requireUnchanged(`vector ${k} of a product`, v, then));
      requireCloseTrees('a second solution', solve(remember, b, { initial: start }).x, first.x, 0);
    }),
  ];
};
