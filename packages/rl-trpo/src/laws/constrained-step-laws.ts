/** Laws of the closed form of CPO: it is the best step there is, whatever the case. */
import { key, normal, type Tensor } from '@natgrad/tensor';
import { elements } from '@natgrad/tensor/internal';
import { type Law, law } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import type { ConstrainedProblem, ConstrainedStep } from '../constrained-step.js';
import { numbers, require } from './check.js';

export type ConstrainedSolver = (problem: ConstrainedProblem) => ConstrainedStep;

/** Largest gᵀx with bᵀx + c ≤ 0 and ½ xᵀHx ≤ δ, for a random SPD matrix H of n rows. */
interface Explicit {
  readonly h: readonly (readonly number[])[];
  readonly g: readonly number[];
  readonly b: readonly number[];
  readonly c: number;
  readonly delta: number;
}

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, x, i) => sum + x * (b[i] as number), 0);
const times = (m: readonly (readonly number[])[], v: readonly number[]): readonly number[] =>
  m.map((row) => dot(row, v));

/** H⁻¹v by elimination, H being SPD. */
const solve = (h: readonly (readonly number[])[], v: readonly number[]): readonly number[] => {
  const rows = h.map((row, i) => [...row, v[i] as number]);
  const n = rows.length;
  for (let k = 0; k < n; k += 1)
    for (let i = 0; i < n; i += 1) {
      if (i === k) continue;
      const factor = (rows[i]?.[k] as number) / (rows[k]?.[k] as number);
      rows[i] = (rows[i] as number[]).map((x, j) => x - factor * (rows[k]?.[j] as number));
    }
  return rows.map((row, k) => (row[n] as number) / (row[k] as number));
};

const vectorOf = (x: Tensor): readonly number[] => Array.from(elements(x));

/** H = A Aᵀ + 0.1 of random A, random g; b random, or along g, or 0; c from well inside to out of reach. */
const explicits: fc.Arbitrary<Explicit> = fc
  .record({
    seed: fc.nat(1e6),
    n: fc.integer({ min: 1, max: 6 }),
    kind: fc.constantFrom('free', 'free', 'free', 'along', 'against', 'none', 'noGradient'),
    depth: fc.oneof(numbers(-2, 2), fc.constantFrom(-1e6, -1, 0, 1e6)),
    delta: fc.constantFrom(1e-4, 0.01, 1),
  })
  .map(({ seed, n, kind, depth, delta }) => {
    const a = vectorOf(normal(key(seed), [n * n]));
    const row = (i: number): readonly number[] => a.slice(i * n, (i + 1) * n);
    const h = Array.from({ length: n }, (_, i) =>
      Array.from({ length: n }, (_each, j) => dot(row(i), row(j)) + (i === j ? 0.1 : 0)),
    );
    const g = kind === 'noGradient' ? new Array<number>(n).fill(0) : vectorOf(normal(key(seed + 1), [n]));
    const b =
      kind === 'none'
        ? new Array<number>(n).fill(0)
        : kind === 'along' || kind === 'against'
          ? g.map((x) => (kind === 'along' ? 2 : -2) * x)
          : vectorOf(normal(key(seed + 2), [n]));
    // How far the ball reaches along b: |depth| < 1 is within it.
    const reach = Math.sqrt(2 * delta * dot(b, solve(h, b)));
    return { h, g, b, c: depth * (reach > 0 ? reach : 1), delta };
  });

interface Solved {
  readonly problem: ConstrainedProblem;
  readonly step: ConstrainedStep;
  readonly x: readonly number[];
}

const stepOf = (solver: ConstrainedSolver, { h, g, b, c, delta }: Explicit): Solved => {
  const [hg, hb] = [solve(h, g), solve(h, b)];
  const problem = { q: dot(g, hg), r: dot(g, hb), s: dot(b, hb), c, delta };
  const step = solver(problem);
  return { problem, step, x: hg.map((each, i) => step.alongGradient * each + step.alongCost * (hb[i] as number)) };
};

/** Elimination on matrices of condition up to 1e4 leaves about 1e-11; a hundred times that is far below a wrong formula. */
const TOLERANCE = 1e-9;

/**
 * The value of the problem from its dual, min over ν ≥ 0 of √(2δ (g − νb)ᵀH⁻¹(g − νb)) − νc, by ternary search: convex in ν. Strong
 * duality holds where a point strictly inside both sets exists (Slater).
 */
const dualValue = ({ h, g, b, c, delta }: Explicit, largest: number): number => {
  const at = (nu: number): number => {
    const v = g.map((x, i) => x - nu * (b[i] as number));
    return Math.sqrt(2 * delta * Math.max(0, dot(v, solve(h, v)))) - nu * c;
  };
  let [low, high] = [0, largest];
  for (let k = 0; k < 200; k += 1) {
    const [left, right] = [low + (high - low) / 3, high - (high - low) / 3];
    if (at(left) <= at(right)) high = right;
    else low = left;
  }
  return at((low + high) / 2);
};

/** Points of the ball, on its boundary and within. */
const pointsOf = ({ h, delta }: Explicit, seed: number, count: number): readonly (readonly number[])[] =>
  Array.from({ length: count }, (_, k) => {
    const v = vectorOf(normal(key(seed + k), [h.length]));
    const size = Math.sqrt((2 * delta) / dot(v, times(h, v)));
    return v.map((x) => x * size * (k % 3 === 0 ? 0.5 : 1));
  });

/** Laws for `constrainedStep`. */
export const constrainedStepLaws = (solver: ConstrainedSolver): readonly Law[] => [
  law(
    'constrained step: it lies in the ball, and keeps the constraint where some step in the ball does',
    explicits,
    (each) => {
      const { problem, step, x } = stepOf(solver, each);
      const size = 0.5 * dot(x, times(each.h, x));
      require(size <= each.delta * (1 + TOLERANCE), () => `½xᵀHx is ${size}, δ ${each.delta}`);
      const reach = Math.sqrt(2 * each.delta * problem.s);
      const value = dot(each.b, x) + each.c;
      if (step.kind === 'recovery')
        require(each.c > reach * (1 - TOLERANCE), () => `a recovery, but the ball reaches ${reach} of ${each.c}`);
      else require(value <= TOLERANCE * (reach + Math.abs(each.c)), () => `${step.kind}, and bᵀx + c is ${value}`);
    },
  ),
  law(
    'constrained step: no step that keeps the constraint is better (value of the dual, by numerical search)',
    explicits,
    (each) => {
      const { problem, step, x } = stepOf(solver, each);
      const [radius, reach] = [Math.sqrt(2 * each.delta), Math.sqrt(2 * each.delta * problem.s)];
      // Without a point strictly inside, the dual is not attained; at c = reach the only feasible point is the recovery's.
      if (step.kind === 'recovery' || each.c > 0.999 * reach) return;
      // ν ≤ gᵀx_max / (reach − c): beyond, the dual only rises.
      const largest = problem.s > 0 ? (2 * radius * Math.sqrt(problem.q)) / (reach - each.c) + 1 : 0;
      const best = dualValue(each, largest);
      const scale = radius * Math.sqrt(problem.q);
      // A search for the least of a flat valley; where it lies at ν = 0, the search ends a little above.
      require(dot(each.g, x) >= best - 1e-7 * scale - 1e-20 * reach, () =>
        `gᵀx is ${dot(each.g, x)}, ${best} can be had`);
    },
  ),
  law(
    'constrained step: no random point of the ball that keeps the constraint is better',
    fc.tuple(explicits, fc.nat(1e6)),
    ([each, seed]) => {
      const { problem, step, x } = stepOf(solver, each);
      const scale = Math.sqrt(2 * each.delta * problem.q);
      const costScale = Math.sqrt(2 * each.delta * problem.s);
      for (const point of pointsOf(each, seed, 60)) {
        if (step.kind === 'recovery')
          require(dot(each.b, x) <= dot(each.b, point) + TOLERANCE * costScale, () => 'another point costs less');
        else if (dot(each.b, point) + each.c <= 0)
          require(dot(each.g, x) >= dot(each.g, point) - TOLERANCE * scale, () => 'another point is better');
      }
    },
  ),
  law('constrained step: its multipliers satisfy λ H x = g − ν b, λ > 0, ν ≥ 0', explicits, (each) => {
    const { step, x } = stepOf(solver, each);
    const { lambda, nu } = step;
    if (lambda === null || nu === null) return;
    // Near-parallel g and b make λ small beside ν, and the difference cancels.
    const hx = times(each.h, x);
    const size = Math.hypot(...each.g) + Math.abs(nu) * Math.hypot(...each.b);
    const off = Math.hypot(...hx.map((y, i) => lambda * y - (each.g[i] as number) + nu * (each.b[i] as number)));
    require(lambda > 0 && nu >= -TOLERANCE * (1 + Math.abs(nu)), () => `λ ${lambda}, ν ${nu}`);
    require(off <= 1e-6 * size, () => `off by ${off} of ${size}`);
  }),
  law(
    'constrained step: whatever the numbers, its coefficients are no NaN',
    fc.record({
      q: fc.oneof(numbers(0, 1e3), fc.constantFrom(0, 5e-324, 1e-300, 1e300)),
      r: fc.oneof(numbers(-1e3, 1e3), fc.constantFrom(0, 1e-300, -1e150)),
      s: fc.oneof(numbers(0, 1e3), fc.constantFrom(0, 5e-324, 1e-300, 1e300)),
      c: fc.oneof(numbers(-1e3, 1e3), fc.constantFrom(0, -1e300, 1e300, 5e-324)),
      delta: fc.constantFrom(1e-9, 0.01, 100),
    }),
    (problem) => {
      const { alongGradient, alongCost } = solver(problem);
      require(!Number.isNaN(alongGradient) && !Number.isNaN(alongCost), () => `${alongGradient}, ${alongCost}`);
    },
  ),
];
