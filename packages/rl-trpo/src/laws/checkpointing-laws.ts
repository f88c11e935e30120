/** Laws of a policy that computes its activations again instead of keeping them. */
import { grad, jitLinearize, linearize } from '@natgrad/autodiff';
import { key, normal, split, type Tensor } from '@natgrad/tensor';
import { type Law, law } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import { gaussNewton, hessian } from '../fisher.js';
import type { Model, ParameterTree } from '../model.js';
import type { DistributionParameters } from '../policy/distribution.js';
import { meanKl } from '../surrogate.js';
import { addScaled } from '../vector.js';
import { arbitraryKey, require, requireCloseTrees } from './check.js';
import { directionOf } from './problems.js';

/** Laws of two models that differ in `checkpointing` only. */
export const checkpointingLaws = (plain: Model, checkpointed: Model): readonly Law[] => {
  const { distribution, observationWidth: width } = plain;
  const cases = fc.tuple(arbitraryKey, fc.integer({ min: 1, max: 20 }), fc.nat(1000)).map(([k, rows, seed]) => {
    const [modelKey, rowKey] = split(k);
    const { policy } = plain.initialise(modelKey);
    return { theta: policy, observations: normal(rowKey, [rows, width]), direction: directionOf(policy, seed) };
  });
  const policyOf =
    (model: Model, observations: Tensor) =>
    (theta: ParameterTree): DistributionParameters =>
      model.policy(theta, observations);
  const label = `checkpointing, ${distribution.name}(${width})`;
  const models = [plain, checkpointed] as const;
  return [
    law(
      `${label}: the same policy, the same products with J and Jᵀ, to rounding`,
      cases,
      ({ theta, observations, direction }) => {
        // The same sums; what is computed again may be fused otherwise.
        for (const of of [linearize, <In, Out>(f: (x: In) => Out, at: In) => jitLinearize(f)(at)]) {
          const [expected, found] = models.map((model) => of(policyOf(model, observations), theta));
          if (expected === undefined || found === undefined) throw new Error('there are two models');
          requireCloseTrees('π', found.value, expected.value, 1e-13);
          requireCloseTrees('J·v', found.apply(direction), expected.apply(direction), 1e-12);
          requireCloseTrees('Jᵀ·u', found.transpose(expected.value), expected.transpose(expected.value), 1e-12);
        }
      },
    ),
    law(`${label}: both Fisher forms are the same`, cases, ({ theta, observations, direction }) => {
      const old = plain.policy(theta, observations);
      const products = models.map((model) => {
        const policy = policyOf(model, observations);
        return [
          gaussNewton(distribution, linearize(policy, theta))(direction),
          hessian(distribution, policy, old, theta)(direction),
        ];
      });
      requireCloseTrees('F·v', products[1], products[0], 1e-11);
      const gradients = models.map((model) =>
        grad((each: ParameterTree) => meanKl(distribution, old, policyOf(model, observations)(each)))(
          addScaled(theta, 0.1, direction),
        ),
      );
      requireCloseTrees('∇KL', gradients[1], gradients[0], 1e-11);
    }),
    law(`${label}: fewer bytes are kept`, cases, ({ theta }) => {
      // Of so many rows activations are more than the weights and biases, which every block keeps.
      const observations = normal(key(0), [64, width]);
      const [all, few] = models.map((model) => linearize(policyOf(model, observations), theta).residualBytes);
      require((few as number) < (all as number), () => `${few} bytes of ${all}`);
    }),
  ];
};
