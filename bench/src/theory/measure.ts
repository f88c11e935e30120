/** Runs the theory's updates and the practical one side by side on random MDPs, all quantities exact. */
import {
  conservativeUpdate,
  type Evaluation,
  evaluatePolicy,
  type FiniteMdp,
  maxKl,
  meanKl,
  optimalPolicy,
  penalisedUpdate,
  penaltyCoefficient,
  randomLogits,
  randomMdp,
  softmaxPolicy,
  surrogateGain,
  type Table,
  trustRegionUpdate,
} from '@natgrad/rl-trpo/theory';
import { foldIn, key, split } from '@natgrad/tensor';
import { orThrow } from '../or-throw.js';

export const SIZES = { states: 10, actions: 4, branching: 3 } as const;
export const GAMMAS = [0.5, 0.8, 0.9, 0.95] as const;
const UPDATES = 50;

/** What an algorithm goes on with: a policy, and logits for those that have some. */
interface Place {
  readonly at: Evaluation;
  readonly logits: Table;
}

export interface Algorithm {
  readonly name: string;
  /** Which row of the logits a state has; by default its own. */
  readonly observations?: readonly number[];
  readonly step: (place: Place) => { readonly policy: Table; readonly logits: Table };
}

/** Two states look alike: a policy that cannot tell them apart must trade one for the other, as a small network must. */
const PAIRS = Array.from({ length: SIZES.states }, (_, s) => Math.floor(s / 2));

const trustRegion = (delta: number, observations?: readonly number[]): Algorithm => ({
  name: `trust region, δ = ${delta}${observations === undefined ? '' : ', states in pairs'}`,
  ...(observations === undefined ? {} : { observations }),
  step: ({ at: { mdp }, logits }) =>
    orThrow(trustRegionUpdate(mdp, logits, { delta, ...(observations === undefined ? {} : { observations }) })),
});

/** δ = 0.01 is the practical algorithm's default; the others show what goes wrong where it is much larger. */
export const ALGORITHMS: readonly Algorithm[] = [
  { name: 'penalised', step: ({ at, logits }) => ({ logits, policy: orThrow(penalisedUpdate(at)).policy }) },
  { name: 'conservative', step: ({ at, logits }) => ({ logits, policy: conservativeUpdate(at).policy }) },
  trustRegion(0.01),
  trustRegion(0.01, PAIRS),
  trustRegion(0.1, PAIRS),
  trustRegion(1, PAIRS),
];

/** One update of one algorithm. */
export interface UpdateRecord {
  readonly maxKl: number;
  readonly meanKl: number;
  /** L_π(π′) − J(π). */
  readonly gain: number;
  /** C·KL_max, by which theorem 1 fears that L is wrong. */
  readonly penalty: number;
  /** J(π′) − J(π). */
  readonly rise: number;
  /** What rounding may have made of a rise of 0. */
  readonly rounding: number;
}

export interface RunRecord {
  readonly gamma: number;
  readonly algorithm: string;
  readonly seed: number;
  /** (J − J₀)/(J* − J₀) before the first update and after each: from 0 to 1. */
  readonly closed: readonly number[];
  readonly updates: readonly UpdateRecord[];
}

const recordOf = (old: Evaluation, next: Evaluation): UpdateRecord => {
  const kl = maxKl(old.policy, next.policy);
  return {
    maxKl: kl,
    meanKl: meanKl(old.visitation, old.policy, next.policy),
    gain: surrogateGain(old, next.policy),
    penalty: penaltyCoefficient(old) * kl,
    rise: next.expectedReturn - old.expectedReturn,
    rounding: 1e-12 * (1 + Math.abs(old.expectedReturn)),
  };
};

/** One algorithm from the random policy of one seed on. */
export const runAlgorithm = (mdp: FiniteMdp, algorithm: Algorithm, seed: number, updates: number): RunRecord => {
  const { name, step, observations } = algorithm;
  const table = randomLogits(foldIn(key(seed), 1), mdp);
  const logits = observations === undefined ? table : table.slice(0, 1 + Math.max(...observations));
  const rows = observations === undefined ? logits : observations.map((row) => logits[row] as readonly number[]);
  const first = orThrow(evaluatePolicy(mdp, softmaxPolicy(rows)));
  const best = optimalPolicy(mdp).expectedReturn;
  const records: UpdateRecord[] = [];
  const closed = [0];
  let place: Place = { at: first, logits };
  for (let k = 0; k < updates; k += 1) {
    const next = step(place);
    const at = orThrow(evaluatePolicy(mdp, next.policy));
    records.push(recordOf(place.at, at));
    closed.push((at.expectedReturn - first.expectedReturn) / (best - first.expectedReturn));
    place = { at, logits: next.logits };
  }
  return { gamma: mdp.gamma, algorithm: name, seed, closed, updates: records };
};

/** The MDP of a seed: the same tables for every γ. */
export const mdpOf = (seed: number, gamma: number): FiniteMdp =>
  orThrow(randomMdp(split(key(seed))[0], { ...SIZES, gamma }));

/** Every algorithm on the MDPs of seeds 0 … `seeds` − 1, for every γ. */
export const measure = (seeds: number, updates: number = UPDATES): readonly RunRecord[] =>
  GAMMAS.flatMap((gamma) =>
    Array.from({ length: seeds }, (_, seed) => {
      const mdp = mdpOf(seed, gamma);
      return ALGORITHMS.map((algorithm) => runAlgorithm(mdp, algorithm, seed, updates));
    }).flat(),
  );
