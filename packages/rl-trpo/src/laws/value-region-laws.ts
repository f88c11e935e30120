/** Laws of the trust-region value fit. */
import { linearize, matmul, reshape, tanh } from '@natgrad/autodiff';
import {
  type Key,
  key,
  linspace,
  matmul as matmulTensors,
  matrixTranspose,
  multiply,
  normal,
  split,
  type Tensor,
} from '@natgrad/tensor';
import { type Law, law } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import type { ParameterTree } from '../model.js';
import { orthogonal } from '../policy/initialise.js';
import type { RegressionProblem, ValueRegionFit, ValueRegionOptions } from '../value-trust-region.js';
import { addScaled, inner, norm } from '../vector.js';
import { numbers, require, requireClose, requireCloseTrees, requireIdenticalTrees } from './check.js';

export type ValueRegionFitter = (
  problem: RegressionProblem,
  options: ValueRegionOptions,
  start: ParameterTree,
) => ValueRegionFit;

const exact: Omit<ValueRegionOptions, 'valueDelta'> = {
  valueCgIterations: 60,
  valueDamping: 0,
  cgTolerance: 1e-14,
  shrink: 0.8,
  maxTries: 10,
};

/** ε from where it always binds to where it never does. */
const regions: fc.Arbitrary<number> = fc.constantFrom(1e-4, 0.01, 0.1, 0.3, 0.6, 10);

const meanSquare = (x: Tensor): number => inner(x, x) / x.size;
const errorOf = ({ targets }: RegressionProblem, values: Tensor): number => meanSquare(addScaled(targets, -1, values));

const problemFrom = (values: (parameters: ParameterTree) => Tensor, targets: Tensor): RegressionProblem => ({
  linearise: (parameters) => linearize(values, parameters),
  values,
  targets,
});

interface LinearCase {
  readonly problem: RegressionProblem;
  readonly start: Tensor;
  /** X `[N, n]`. */
  readonly inputs: Tensor;
  /** `[N, n]`: an orthonormal basis of what X spans. */
  readonly basis: Tensor;
}

const ROWS = 12;
const WIDTH = 4;

/** V = X φ with an X of condition at most 3, so that conjugate gradient and the closed form agree to many digits. */
const linearCases: fc.Arbitrary<LinearCase> = fc.nat(1e6).map((seed) => {
  const [basisKey, leftKey, rightKey, startKey, targetKey] = split(key(seed), 5) as readonly [Key, Key, Key, Key, Key];
  const basis = orthogonal(basisKey, ROWS, WIDTH, 1);
  const [left, right] = [orthogonal(leftKey, WIDTH, WIDTH, 1), orthogonal(rightKey, WIDTH, WIDTH, 1)];
  const inputs = matmulTensors(basis, matmulTensors(multiply(left, linspace(1, 3, WIDTH)), right));
  return {
    problem: problemFrom((weight) => matmul(inputs, weight as Tensor), normal(targetKey, [ROWS])),
    start: normal(startKey, [WIDTH]),
    inputs,
    basis,
  };
});

/** A small network with any output scale: nothing about it is linear. */
const curvedCases: fc.Arbitrary<{ readonly problem: RegressionProblem; readonly start: ParameterTree }> = fc
  .tuple(fc.nat(1e6), fc.constantFrom(1e-3, 1, 1e4))
  .map(([seed, scale]) => {
    const keys = split(key(seed), 4) as readonly [Key, Key, Key, Key];
    const inputs = normal(keys[0], [ROWS, 3]);
    const start: ParameterTree = { hidden: normal(keys[1], [3, 5]), out: multiply(normal(keys[2], [5, 1]), scale) };
    const values = (parameters: ParameterTree): Tensor => {
      const { hidden, out } = parameters as { readonly hidden: Tensor; readonly out: Tensor };
      return reshape(matmul(tanh(matmul(inputs, hidden)), out), [ROWS]);
    };
    return { problem: problemFrom(values, multiply(normal(keys[3], [ROWS]), scale)), start };
  });

/** Laws for `fitValueInRegion`. */
export const valueRegionLaws = (fit: ValueRegionFitter): readonly Law[] => [
  law(
    'value region: on a linear critic one step is the solution of the constrained least squares',
    fc.tuple(linearCases, regions),
    ([{ problem, start, inputs, basis }, valueDelta]) => {
      const { parameters, kl } = fit(problem, { ...exact, valueDelta }, start);
      const change = matmulTensors(inputs, addScaled(parameters as Tensor, -1, start));
      const old = matmulTensors(inputs, start);
      const residual = addScaled(problem.targets, -1, old);
      const variance = meanSquare(residual);
      // Of all changes X·s within the allowed length the one nearest to the residual is its projection onto what X spans,
      // shortened to that length.
      const projected = matmulTensors(basis, matmulTensors(matrixTranspose(basis), residual));
      const share = Math.min(1, Math.sqrt((2 * valueDelta * variance) / meanSquare(projected)));
      // The step aims 1e-6 of ε inside the boundary.
      requireCloseTrees('the change of the values', change, multiply(projected, share), 1e-6);
      requireClose('KL', kl, meanSquare(change) / (2 * variance), 1e-9);
    },
  ),
  law(
    'value region: ½ never binds on a linear critic, which is then the least-squares solution',
    linearCases,
    ({ problem, start, inputs }) => {
      const { parameters, kl } = fit(problem, { ...exact, valueDelta: 0.5 }, start);
      const left = addScaled(problem.targets, -1, matmulTensors(inputs, parameters as Tensor));
      const gradient = linearize(problem.values, parameters).transpose(left);
      require(kl <= 0.5 * (1 + 1e-9), () => `KL ${kl}`);
      requireClose('the gradient that is left', norm(gradient), 0, 1e-6);
    },
  ),
  law(
    'value region: whatever the critic, the constraint holds and the error never rises',
    // With one try only, many a full step is rejected.
    fc.tuple(curvedCases, regions, fc.constantFrom(1, 3, 10), numbers(0, 1), fc.constantFrom(1, 10)),
    ([{ problem, start }, valueDelta, valueCgIterations, valueDamping, maxTries]) => {
      const fitted = fit(problem, { ...exact, valueDelta, valueCgIterations, valueDamping, maxTries }, start);
      const [before, after] = [problem.values(start), problem.values(fitted.parameters)];
      const variance = errorOf(problem, before);
      const kl = meanSquare(addScaled(after, -1, before)) / (2 * variance);
      require(kl <= valueDelta * (1 + 1e-9), () => `KL ${kl} beyond ${valueDelta}`);
      requireClose('reported KL', fitted.kl, kl, 1e-9);
      const error = errorOf(problem, after);
      require(error < variance || (error === variance && fitted.parameters === start), () =>
        `the error went from ${variance} to ${error}`);
    },
  ),
  law(
    'value region: damping is on the diagonal of JᵀJ / N: inside the region (JᵀJ/N + damping)·x = Jᵀ(R − V)/N',
    fc.tuple(linearCases, numbers(0.01, 2)),
    ([{ problem, start }, valueDamping]) => {
      const { parameters } = fit(problem, { ...exact, valueDelta: 0.5, valueDamping }, start);
      const { value, apply, transpose } = problem.linearise(start);
      const step = addScaled(parameters as Tensor, -1, start);
      const onStep = addScaled(multiply(transpose(apply(step)) as Tensor, 1 / ROWS), valueDamping, step);
      const ascent = multiply(transpose(addScaled(problem.targets, -1, value)) as Tensor, 1 / ROWS);
      requireCloseTrees('both sides', onStep, ascent, 1e-9);
    },
  ),
  law(
    'value region: in another unit of the returns the same fit, in that unit',
    fc.tuple(linearCases, regions, numbers(0, 1), fc.constantFrom(2 ** -6, 2 ** 9)),
    ([{ problem, start }, valueDelta, valueDamping, unit]) => {
      const options = { ...exact, valueDelta, valueDamping, valueCgIterations: 3 };
      const first = fit(problem, options, start);
      const second = fit({ ...problem, targets: multiply(problem.targets, unit) }, options, multiply(start, unit));
      // Units that are powers of two change no digit.
      requireIdenticalTrees('the fits', second.parameters, multiply(first.parameters as Tensor, unit));
      require(Object.is(first.kl, second.kl), () => `KL ${first.kl} and ${second.kl}`);
    },
  ),
  law(
    'value region: a critic that is right already stays what it is, to the bit',
    curvedCases,
    ({ problem, start }) => {
      const { parameters, kl } = fit(
        { ...problem, targets: problem.values(start) },
        { ...exact, valueDelta: 0.1 },
        start,
      );
      require(parameters === start && kl === 0, () => `moved by ${kl}`);
    },
  ),
];
