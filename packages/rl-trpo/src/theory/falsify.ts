/** Attempts to break the bounds by random MDPs. */
import { foldIn, type Key, randomIntAt, split } from '@natgrad/tensor';
import { mistakenBound, mixtureBound, theoremBound, variationBound } from './bounds.js';
import { evaluateChecked } from './evaluate.js';
import type { FiniteMdp } from './mdp.js';
import { mixture } from './policies.js';
import { drawMdp, randomPolicy } from './random-mdp.js';

/** MDPs in which a bound was above J(π′). */
export interface Broken {
  readonly mdps: number;
  readonly theorem: number;
  readonly mixture: number;
  readonly variation: number;
  readonly mistaken: number;
}

export interface FalsifyOptions {
  readonly mdps: number;
  /** How far the new policy lies from the old one towards an independent one: 1 for all the way. Default 1. */
  readonly step?: number;
}

const GAMMAS = [0.5, 0.8, 0.9, 0.95] as const;

/** What rounding may do to J: a violation is more than this share of it. */
const ROUNDING = 1e-9;

/** A random MDP of 2 to 6 states and 2 to 4 actions. */
const anyMdp = (key: Key): FiniteMdp => {
  const [sizes, tables] = split(key);
  const between = (index: number, minimum: number, maximum: number): number =>
    randomIntAt(sizes, index, { minimum, maximum: maximum + 1 });
  const states = between(0, 2, 6);
  return drawMdp(tables, {
    states,
    actions: between(1, 2, 4),
    branching: between(2, 1, states),
    gamma: GAMMAS[between(3, 0, GAMMAS.length - 1)] as number,
  });
};

type Verdict = Omit<Broken, 'mdps'>;

const judge = (mdp: FiniteMdp, key: Key, step: number): Verdict => {
  const [forOld, forTarget] = split(key);
  const old = evaluateChecked(mdp, randomPolicy(forOld, mdp));
  const target = randomPolicy(forTarget, mdp);
  const next = evaluateChecked(mdp, mixture(old.policy, target, step));
  const breaks = (bound: number): number =>
    bound > next.expectedReturn + ROUNDING * (1 + Math.abs(next.expectedReturn)) ? 1 : 0;
  return {
    theorem: breaks(theoremBound(old, next.policy)),
    mixture: breaks(mixtureBound(old, target, step)),
    variation: breaks(variationBound(old, next.policy)),
    mistaken: breaks(mistakenBound(old, next.policy)),
  };
};

/** Tests every bound on random MDPs with two random policies each, and counts where it is wrong. The right ones never are. */
export const falsify = (key: Key, { mdps, step = 1 }: FalsifyOptions): Broken =>
  Array.from({ length: mdps }, (_, i) => {
    const [forMdp, forPolicies] = split(foldIn(key, i));
    return judge(anyMdp(forMdp), forPolicies, step);
  }).reduce<Broken>(
    (sum, verdict) => ({
      mdps: sum.mdps + 1,
      theorem: sum.theorem + verdict.theorem,
      mixture: sum.mixture + verdict.mixture,
      variation: sum.variation + verdict.variation,
      mistaken: sum.mistaken + verdict.mistaken,
    }),
    { mdps: 0, theorem: 0, mixture: 0, variation: 0, mistaken: 0 },
  );
