/** Laws of a trunk that policy and critic share. */
import { grad, linearize, mean, square, subtract } from '@natgrad/autodiff';
import { item, key, normal, type Scalar, type Tensor } from '@natgrad/tensor';
import { type Law, law } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import { defaultConfig } from '../config.js';
import type { Algorithm } from '../frame.js';
import { iterationKeys } from '../keys.js';
import type { ParameterTree } from '../model.js';
import type { TrpoReport } from '../report.js';
import type { StepConfig } from '../setup.js';
import { criticInputs, trunkCurvature, trunkObjective } from '../trunk.js';
import { fitValue, valueSweep } from '../value-fit.js';
import { inner, norm, scaled } from '../vector.js';
import { require, requireClose, requireCloseTrees, requireIdenticalTrees } from './check.js';
import { directionOf, problems } from './problems.js';
import { stepper } from './steps.js';

/**
 * Laws of a step with a model that has `features`. That the KL of the whole step, value fit included, is at most δ is a law of
 * every trust region: see `trustRegionLaws`.
 */
export const trunkLaws = (algorithm: Algorithm<TrpoReport>, config: StepConfig): readonly Law[] => {
  const { model } = config;
  const cases = problems(config);
  /** Where a law counts on epochs of Adam and on errors in the units of the objective. */
  const plain: StepConfig = { ...config, valueFit: 'adam', normaliseReturns: false };
  const withCoefficient = (valueCoefficient: number) => stepper(algorithm, { ...plain, valueCoefficient });
  const [zero, half, three] = [withCoefficient(0), withCoefficient(0.5), withCoefficient(3)];
  const unfitted = stepper(algorithm, { ...plain, valueEpochs: 0 });
  const eager = stepper(algorithm, { ...plain, valueEpochs: 20, valueLearningRate: 0.1 });
  const heavy = stepper(algorithm, { ...plain, valueCoefficient: 1e6, valueEpochs: 0, maxTries: 40 });
  const atOnce = stepper(algorithm, { ...plain, gamma: 0 });
  const once = stepper(algorithm, { ...config, normaliseReturns: false, gamma: 0 });
  const label = `shared trunk, ${model.distribution.name}(${model.observationWidth})`;
  const errorOf = (head: ParameterTree, theta: ParameterTree, observations: Tensor, targets: Tensor): Scalar =>
    mean(square(subtract(model.value(head, criticInputs(model, theta, observations)), targets)));

  return [
    law(`${label}: the value fit touches the head alone`, cases, (problem) => {
      const [none, much] = [unfitted(problem), eager(problem)];
      requireIdenticalTrees('policies', much.state.policy, none.state.policy);
      require(much.report.valueLossAfter !== none.report.valueLossAfter, () => 'the head was not fitted');
    }),
    law(`${label}: the objective has the critic's error in it, by its coefficient`, cases, (problem) => {
      const { surrogateBefore, valueLossBefore } = zero(problem).report;
      const withPart = (c: number): number => surrogateBefore - c * valueLossBefore;
      requireClose('L with ½', half(problem).report.surrogateBefore, withPart(0.5), 1e-10);
      requireClose('L with 3', three(problem).report.surrogateBefore, withPart(3), 1e-10);
    }),
    law(
      `${label}: its gradient is −c ∇ of the mean squared error`,
      fc.tuple(cases, fc.constantFrom(0.5, 2)),
      ([problem, c]) => {
        const { state, batch } = problem;
        const targets = normal(key(state.key.low), [batch.rewards.size]);
        const objective = trunkObjective(model, c);
        if (objective === null) throw new Error('the model has no features');
        const found = grad((theta: ParameterTree) =>
          objective(theta, batch.observations, { parameters: state.value, targets }),
        )(state.policy);
        // By the chain rule, a layer at a time: the error's slope in V, V's in the features, the features' in θ.
        const features = linearize(
          (theta: ParameterTree) => criticInputs(model, theta, batch.observations),
          state.policy,
        );
        const value = linearize((x: Tensor) => model.value(state.value, x), features.value);
        const slope = scaled((-2 * c) / targets.size, subtract(value.value, targets));
        requireCloseTrees('gradients', found, features.transpose(value.transpose(slope)), 1e-12);
        require(norm(found) > 0, () => 'nothing reaches the trunk');
      },
    ),
    law(
      `${label}: its curvature is the Hessian of the critic's part where the critic is right`,
      fc.tuple(cases, fc.constantFrom(0.5, 2), fc.nat(1000)),
      ([{ state, batch }, c, seed]) => {
        const objective = trunkObjective(model, c);
        if (objective === null) throw new Error('the model has no features');
        const values = (theta: ParameterTree): Tensor =>
          model.value(state.value, criticInputs(model, theta, batch.observations));
        const linearised = linearize(values, state.policy);
        // Residuals of 0 leave of the Hessian what Gauss and Newton keep.
        const critic = { parameters: state.value, targets: linearised.value };
        const slope = grad((theta: ParameterTree) => objective(theta, batch.observations, critic));
        const direction = directionOf(state.policy, seed);
        const expected = scaled(-1, linearize(slope, state.policy).apply(direction));
        const found = trunkCurvature(linearised, c)(direction);
        requireCloseTrees('H·v', found, expected, 1e-10);
        require(inner(direction, found) > 0, () => 'no curvature');
      },
    ),
    law(`${label}: where the critic is all that counts, an accepted step makes its error smaller`, cases, (problem) => {
      const { state, batch } = problem;
      const { state: after, report } = heavy(problem);
      if (report.lineSearch.status === 'rejected') return;
      require(report.valueLossAfter < report.valueLossBefore, () =>
        `from ${report.valueLossBefore} to ${report.valueLossAfter}`);
      // The same head, so the features are what became better.
      requireIdenticalTrees('heads', after.value, state.value);
      const features = (theta: ParameterTree): Tensor => criticInputs(model, theta, batch.observations);
      const moved = norm(subtract(features(after.policy), features(state.policy)));
      require(moved > 0, () => 'the features stayed');
    }),
    law(`${label}: the head is fitted on the features at the new parameters`, cases, (problem) => {
      const { state, batch } = problem;
      const { state: after, report } = atOnce(problem);
      // γ = 0: returns are rewards.
      const features = criticInputs(model, after.policy, batch.observations);
      const options = { ...defaultConfig, ...plain, learningRate: report.valueLearningRate ?? NaN };
      const order = iterationKeys(state.key).valueFit;
      const fitted = fitValue(valueSweep(model), options, state, features, batch.rewards, order);
      // The step's program and this one may round differently.
      requireCloseTrees('heads', after.value, fitted.parameters, 1e-9);
    }),
    law(`${label}: the error that is reported is that of the new head on the new features`, cases, (problem) => {
      const { state, batch } = problem;
      const { state: after, report } = once(problem);
      // γ = 0: returns are rewards.
      const error = (head: ParameterTree, theta: ParameterTree): number =>
        item(errorOf(head, theta, batch.observations, batch.rewards));
      requireClose('before', report.valueLossBefore, error(state.value, state.policy), 1e-10);
      requireClose('after', report.valueLossAfter, error(after.value, after.policy), 1e-10);
    }),
  ];
};
