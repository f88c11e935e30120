/** The small worlds of the tutorial. */
import { grad, jit, linearize, ravel } from '@natgrad/autodiff';
import {
  type DistributionParameters,
  gaussNewton,
  type Model,
  meanKl,
  mlpModel,
  type Operator,
  type ParameterTree,
  surrogate,
} from '@natgrad/rl-trpo';
import {
  type Evaluation,
  evaluatePolicy,
  type FiniteMdp,
  finiteMdp,
  type MdpTables,
  type Table,
} from '@natgrad/rl-trpo/theory';
import { item, key, normal, type Scalar, split, type Tensor } from '@natgrad/tensor';
import { orThrow } from '../or-throw.js';

/** Three rooms: left in the first pays a little, right in the last a lot, and going right fails one time in five. */
export const corridorTables: MdpTables = {
  transitions: [
    [
      [1, 0, 0],
      [0.2, 0.8, 0],
    ],
    [
      [1, 0, 0],
      [0, 0.2, 0.8],
    ],
    [
      [0, 1, 0],
      [0, 0.2, 0.8],
    ],
  ],
  rewards: [
    [0.2, 0],
    [0, 0],
    [0, 1],
  ],
  start: [1, 0, 0],
  gamma: 0.9,
};

export const corridor = (): FiniteMdp => orThrow(finiteMdp(corridorTables));

/** Where the tutorial begins in it. */
export const corridorLogits: Table = [
  [0.5, 0],
  [0, 0],
  [0, 0.5],
];

export const evaluated = (mdp: FiniteMdp, policy: Table): Evaluation => orThrow(evaluatePolicy(mdp, policy));

/** A batch in miniature: a network of 50 weights on 200 states, with made-up advantages. */
export interface Miniature {
  readonly weights: ParameterTree;
  readonly gradient: ParameterTree;
  readonly fisher: Operator;
  /** Mean KL(old ‖ π_θ). */
  readonly kl: (weights: ParameterTree) => number;
}

export const miniature = (): Miniature => {
  const model: Model = mlpModel(
    { observationSpace: { low: [0, 0, 0] }, actionSpace: { kind: 'discrete', n: 2 } },
    { hidden: [8], outputScale: 1 },
  );
  const { distribution } = model;
  const [forWeights = key(0), forStates = key(0), forActions = key(0), forAdvantages = key(0)] = split(key(0), 4);
  const { vector, unravel } = ravel(model.initialise(forWeights).policy);
  const states = normal(forStates, [200, 3]);
  const policy = (at: ParameterTree): DistributionParameters => model.policy(unravel(at as Tensor), states);
  const atOld = linearize(policy, vector as ParameterTree);
  const actions = distribution.sample(atOld.value, split(forActions, 200));
  const objective = surrogate({
    distribution,
    actions,
    logProbabilities: distribution.logProbability(atOld.value, actions),
    advantages: normal(forAdvantages, [200]),
    entropyBonus: 0,
  });
  const measured = jit((at: ParameterTree): Scalar => meanKl(distribution, atOld.value, policy(at)));
  return {
    weights: vector,
    gradient: atOld.transpose(grad(objective)(atOld.value)),
    fisher: gaussNewton(distribution, atOld),
    kl: (weights) => item(measured(weights)),
  };
};
