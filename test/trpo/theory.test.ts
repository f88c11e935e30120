/** The theory: its laws, known answers, and the counterexample to mixing two bounds. */
import { improvementLaws, theoryLaws } from '@natgrad/rl-trpo/laws';
import {
  conservativeUpdate,
  counterexample,
  type Evaluation,
  evaluatePolicy,
  type FiniteMdp,
  falsify,
  finiteMdp,
  klByState,
  largestAdvantage,
  largestExpectedAdvantage,
  type MdpTables,
  maxKl,
  meanKl,
  mistakenBound,
  mixtureBound,
  optimalPolicy,
  penalisedUpdate,
  penaltyCoefficient,
  randomLogits,
  randomMdp,
  searchCounterexample,
  softmaxPolicy,
  surrogate,
  type Table,
  theoremBound,
  trustRegionUpdate,
  variationBound,
  variationByState,
} from '@natgrad/rl-trpo/theory';
import { foldIn, key } from '@natgrad/tensor';
import { checkLaw } from '@natgrad/tensor/laws';
import { type Either, isLeft } from 'fp-ts/lib/Either.js';
import { describe, expect, test } from 'vitest';
import { solveLinear } from '../../packages/rl-trpo/src/theory/linear-solve.js';
import { decreasingRoot } from '../../packages/rl-trpo/src/theory/root.js';

const orThrow = <T>(result: Either<{ readonly message: string }, T>): T => {
  if (isLeft(result)) throw new Error(result.left.message);
  return result.right;
};

const evaluate = (mdp: FiniteMdp, policy: Table): Evaluation => orThrow(evaluatePolicy(mdp, policy));

test.each([...theoryLaws, ...improvementLaws])('$name', (law) => checkLaw(law));

/** One state, γ = ½: J = 2·π(0). */
const oneState = orThrow(finiteMdp({ transitions: [[[1], [1]]], rewards: [[1, 0]], start: [1], gamma: 0.5 }));

/** From state 0 one may stay or go to state 1, where a reward of 1 waits for ever; γ = ½. */
const corridor: MdpTables = {
  transitions: [
    [
      [1, 0],
      [0, 1],
    ],
    [
      [0, 1],
      [0, 1],
    ],
  ],
  rewards: [
    [0, 0],
    [1, 1],
  ],
  start: [1, 0],
  gamma: 0.5,
};

describe('by hand', () => {
  const old = evaluate(oneState, [[0.75, 0.25]]);
  const next: Table = [[0.5, 0.5]];

  test('V, Q, A and ρ of a corridor', () => {
    // V(1) = 2; V(0) = ½(½V(0) + ½·2), so ⅔; ρ(0) = 1/(1 − ¼), and the sum is 2.
    const found = evaluate(orThrow(finiteMdp(corridor)), [
      [0.5, 0.5],
      [0.25, 0.75],
    ]);
    const close = (actual: readonly number[], expected: readonly number[]): void =>
      actual.forEach((x, i) => expect(x).toBeCloseTo(expected[i]!, 14));
    close([found.expectedReturn], [2 / 3]);
    close(found.values, [2 / 3, 2]);
    close(found.actionValues.flat(), [1 / 3, 1, 2, 2]);
    close(found.advantages.flat(), [-1 / 3, 1 / 3, 0, 0]);
    close(found.visitation, [4 / 3, 2 / 3]);
  });

  test('the constants of theorem 1', () => {
    // A = (¼, −¾), ρ = 2. ε = ¾, so that C = 4·¾·½/¼.
    expect(largestAdvantage(old)).toBe(0.75);
    expect(penaltyCoefficient(old)).toBe(6);
    expect(surrogate(old, next)).toBe(1);
    const kl = 0.75 * Math.log(1.5) + 0.25 * Math.log(0.5);
    expect(maxKl(old.policy, next)).toBeCloseTo(kl, 15);
    expect(theoremBound(old, next)).toBeCloseTo(1 - 6 * kl, 14);
  });

  test('the constants of the bounds with ε′', () => {
    // ε′ = |½·¼ − ½·¾|
    expect(largestExpectedAdvantage(old, next)).toBe(0.25);
    // Halfway to π′ = (1, 0), whose ε′ is ¼: J + ½·½ − 2·¼·½/¼·¼
    expect(mixtureBound(old, [[1, 0]], 0.5)).toBe(1.5);
    // L − 2·¼·½/¼·TV
    expect(variationByState(old.policy, next)).toEqual([0.25]);
    expect(variationBound(old, next)).toBe(0.75);
    expect(mistakenBound(old, next)).toBeCloseTo(1 - 2 * maxKl(old.policy, next), 14);
  });

  test('the penalised update of one state solves the quadratic equation that is left', () => {
    const { policy, penalty, maxKl: kl, improvement } = orThrow(penalisedUpdate(old));
    // λρ = C, so λ = 3, and q = λp/(ν − A) sums to one where (ν − ¼)(ν + ¾) = 3(¾(ν + ¾) + ¼(ν − ¼)).
    const nu = (2.5 + Math.sqrt(2.5 ** 2 + 4 * (3 * 0.5 + 0.1875))) / 2;
    expect(penalty).toBe(6);
    expect(policy[0]?.[0]).toBeCloseTo((3 * 0.75) / (nu - 0.25), 13);
    expect(policy[0]?.[1]).toBeCloseTo((3 * 0.25) / (nu + 0.75), 13);
    expect(improvement).toBeCloseTo(2 * (policy[0]![0]! * 0.25 - policy[0]![1]! * 0.75) - 6 * kl, 13);
  });

  test('a conservative step', () => {
    const { alpha, policy, improvement } = conservativeUpdate(old);
    // g = ½, penalty 1: α = ½/2, and the guarantee g²/4.
    expect(alpha).toBe(0.25);
    expect(policy).toEqual([[0.8125, 0.1875]]);
    expect(improvement).toBe(0.0625);
  });

  test('KL is old ‖ new, and infinite where the new policy excludes an action', () => {
    expect(klByState([[0.5, 0.5]], [[0.9, 0.1]])[0]).toBeCloseTo(0.5108, 4);
    expect(klByState([[0.9, 0.1]], [[0.5, 0.5]])[0]).toBeCloseTo(0.3681, 4);
    expect(maxKl([[0.5, 0.5]], [[1, 0]])).toBe(Infinity);
    expect(maxKl([[1, 0]], [[0.5, 0.5]])).toBeCloseTo(Math.log(2), 15);
    expect(theoremBound(old, [[1, 0]])).toBe(-Infinity);
    expect(
      meanKl(
        [3, 1],
        [
          [1, 0],
          [1, 0],
        ],
        [
          [0.5, 0.5],
          [1, 0],
        ],
      ),
    ).toBeCloseTo(0.75 * Math.log(2), 15);
  });

  test('without a future there is no penalty', () => {
    const mdp = orThrow(finiteMdp({ transitions: [[[1], [1]]], rewards: [[1, 0]], start: [1], gamma: 0 }));
    const at = evaluate(mdp, [[0.5, 0.5]]);
    expect(penaltyCoefficient(at)).toBe(0);
    expect(theoremBound(at, [[1, 0]])).toBe(1);
    expect(conservativeUpdate(at)).toMatchObject({ alpha: 1, policy: [[1, 0]] });
    expect(orThrow(penalisedUpdate(at)).policy[0]?.[0]).toBeGreaterThan(1 - 1e-12);
  });

  test('with nothing to gain the updates stay where they are, to the bit', () => {
    const mdp = orThrow(
      finiteMdp({
        ...corridor,
        rewards: [
          [0.1, 0.1],
          [0.1, 0.1],
        ],
      }),
    );
    const policy: Table = [
      [0.3, 0.7],
      [0.6, 0.4],
    ];
    const at = evaluate(mdp, policy);
    expect(orThrow(penalisedUpdate(at))).toMatchObject({ policy, maxKl: 0, improvement: 0 });
    expect(conservativeUpdate(at)).toMatchObject({ policy, alpha: 0, improvement: 0 });
  });
});

describe('ε′ does not belong into theorem 1', () => {
  test('the counterexample promises a rise and falls, and every right bound holds', () => {
    const { mdp, policy, next } = counterexample();
    const [old, after] = [evaluate(mdp, policy), evaluate(mdp, next)];
    expect(mistakenBound(old, next)).toBeGreaterThan(old.expectedReturn + 5e-4);
    expect(after.expectedReturn).toBeLessThan(old.expectedReturn - 1e-4);
    for (const bound of [theoremBound(old, next), variationBound(old, next)])
      expect(bound).toBeLessThan(after.expectedReturn);
  });

  test('anybody finds it again', () => {
    expect(searchCounterexample(key(0), 10_000)).toEqual(counterexample());
    expect(searchCounterexample(key(0), 1)).toBeNull();
  });

  // The nearer the policies, the more MDPs break it; none breaks a right one.
  test.each([
    [4000, 0.01, 150, 400],
    [1000, 1, 0, 0],
    [1000, 0.001, 200, 500],
  ])('of %d random MDPs at a step of %d', (count, step, least, most) => {
    const { mdps, mistaken, ...right } = falsify(key(0), { mdps: count, step });
    expect({ mdps, ...right }).toEqual({ mdps: count, theorem: 0, mixture: 0, variation: 0 });
    expect(mistaken).toBeGreaterThanOrEqual(least);
    expect(mistaken).toBeLessThanOrEqual(most);
  });
});

describe('parts', () => {
  test('elimination changes rows where it must', () => {
    expect(
      solveLinear(
        [
          [0, 2],
          [4, 0],
        ],
        [6, 8],
      ),
    ).toEqual([2, 3]);
    const x = solveLinear(
      [
        [1e-20, 1],
        [1, 1],
      ],
      [1, 2],
    );
    expect(x[0]).toBeCloseTo(1, 14);
    expect(x[1]).toBeCloseTo(1, 14);
  });

  test('a root is found in few evaluations, and at an end where there is none', () => {
    let evaluations = 0;
    const counted =
      (f: (x: number) => number) =>
      (x: number): number => {
        evaluations += 1;
        return f(x);
      };
    const exponential = counted((x) => 2 - Math.exp(x));
    expect(decreasingRoot(exponential, 0.5, -100, 100)).toBeCloseTo(Math.LN2, 12);
    expect(evaluations).toBeLessThan(12);
    // From afar, over a function that is flat on one side and steep on the other.
    for (const guess of [-100, 100, Infinity])
      expect(decreasingRoot(exponential, guess, -100, 100)).toBeCloseTo(Math.LN2, 12);
    expect(evaluations).toBeLessThan(200);
    expect(decreasingRoot((x) => -1 - x, 0.5, 0, 1)).toBe(0);
    expect(decreasingRoot((x) => 3 - x, 0.5, 0, 1)).toBe(1);
  });

  test('the optimal policy is the best of all deterministic ones', () => {
    for (const seed of [0, 1, 2, 3, 4]) {
      const mdp = orThrow(randomMdp(key(seed), { states: 4, actions: 3, branching: 2, gamma: 0.9, start: 'first' }));
      const all = Array.from({ length: 3 ** 4 }, (_, code) =>
        evaluate(
          mdp,
          Array.from({ length: 4 }, (_s, s) => [0, 1, 2].map((a) => (Math.floor(code / 3 ** s) % 3 === a ? 1 : 0))),
        ),
      );
      expect(optimalPolicy(mdp).expectedReturn).toBeCloseTo(Math.max(...all.map((each) => each.expectedReturn)), 11);
    }
  });

  test('the penalised update reaches the optimum, if slowly', () => {
    const mdp = orThrow(randomMdp(key(3), { states: 4, actions: 3, branching: 2, gamma: 0.3 }));
    const best = optimalPolicy(mdp).expectedReturn;
    let at = evaluate(mdp, softmaxPolicy(randomLogits(key(4), mdp)));
    const gap = best - at.expectedReturn;
    for (let k = 0; k < 300; k += 1) at = evaluate(mdp, orThrow(penalisedUpdate(at)).policy);
    expect((best - at.expectedReturn) / gap).toBeLessThan(0.02);
    expect(best).toBeGreaterThanOrEqual(at.expectedReturn - 1e-11);
  });

  test('random MDPs have the branching that was asked for', () => {
    const mdp = orThrow(randomMdp(key(1), { states: 6, actions: 3, branching: 2, gamma: 0.9 }));
    mdp.transitions.flat().forEach((row) => expect(row.filter((p) => p > 0)).toHaveLength(2));
    expect(new Set(mdp.transitions.flat().map((row) => JSON.stringify(row))).size).toBe(18);
    expect(orThrow(randomMdp(foldIn(key(1), 1), { states: 6, actions: 3, branching: 2, gamma: 0.9 }))).not.toEqual(mdp);
  });
});

describe('bad input', () => {
  const issuesOf = (
    result: Either<{ readonly code: string; readonly issues: readonly unknown[] }, unknown>,
  ): unknown => {
    if (!isLeft(result)) throw new Error('it was accepted');
    expect(result.left.code).toBe('InvalidMdp');
    return result.left.issues;
  };
  const cases: readonly (readonly [what: string, change: object, issue: object])[] = [
    ['γ = 1', { gamma: 1 }, { field: 'gamma', found: '1', expected: 'a number in [0, 1)' }],
    ['γ < 0', { gamma: -0.1 }, { field: 'gamma', code: 'outOfRange' }],
    ['γ as text', { gamma: '0.9' }, { field: 'gamma' }],
    ['no states', { transitions: [] }, { field: 'transitions', code: 'wrongLength' }],
    [
      'no tables',
      { transitions: undefined },
      { field: 'transitions', code: 'wrongKind', found: 'a value of type undefined' },
    ],
    ['no actions', { transitions: [[], []] }, { field: 'transitions[0]', code: 'wrongLength' }],
    [
      'a row that does not sum to one',
      {
        transitions: [
          corridor.transitions[0],
          [
            [0, 1],
            [0.5, 0.4],
          ],
        ],
      },
      { field: 'transitions[1][1]', found: 'probabilities that sum to 0.9', expected: 'a sum of 1' },
    ],
    [
      'a negative probability',
      {
        transitions: [
          corridor.transitions[0],
          [
            [0, 1],
            [1.5, -0.5],
          ],
        ],
      },
      { field: 'transitions[1][1][1]', found: '-0.5', expected: 'a probability' },
    ],
    [
      'a NaN probability',
      {
        transitions: [
          [
            [NaN, 1],
            [0, 1],
          ],
          corridor.transitions[1],
        ],
      },
      { field: 'transitions[0][0][0]', code: 'nonFinite' },
    ],
    [
      'states with other actions',
      { transitions: [corridor.transitions[0], [[0, 1]]] },
      { field: 'transitions[1]', found: 'a list of 1', expected: 'a list of 2' },
    ],
    [
      'an infinite reward',
      {
        rewards: [
          [0, 0],
          [Infinity, 1],
        ],
      },
      { field: 'rewards[1][0]', found: 'Infinity' },
    ],
    ['a reward too few', { rewards: [[0, 0], [1]] }, { field: 'rewards[1]', code: 'wrongLength' }],
    ['rewards of states alone', { rewards: [0, 1] }, { field: 'rewards[0]', code: 'wrongKind', found: 'the number 0' }],
    ['no start', { start: [0, 0] }, { field: 'start', found: 'probabilities that sum to 0' }],
    ['a start in three states', { start: [1, 0, 0] }, { field: 'start', code: 'wrongLength' }],
  ];
  test.each(cases)('%s', (_what, change, issue) => {
    expect(issuesOf(finiteMdp({ ...corridor, ...change }))).toContainEqual(expect.objectContaining(issue));
  });

  test.each([null, undefined, 3, {}])('%s is no MDP', (given) => {
    issuesOf(finiteMdp(given as MdpTables));
  });

  test('all issues at once', () => {
    expect(
      issuesOf(
        finiteMdp({
          ...corridor,
          gamma: 2,
          start: [1, 1],
          rewards: [
            [0, NaN],
            [1, 1],
          ],
        }),
      ),
    ).toMatchObject([{ field: 'rewards[0][1]' }, { field: 'start' }, { field: 'gamma' }]);
  });

  test('policies, logits and options', () => {
    const policy = { field: 'policy[0]', found: 'probabilities that sum to 2' };
    expect(issuesOf(evaluatePolicy(oneState, [[1, 1]]))).toMatchObject([policy]);
    expect(issuesOf(evaluatePolicy(oneState, [[1, 0, 0]]))).toMatchObject([
      { field: 'policy[0]', code: 'wrongLength' },
    ]);
    expect(issuesOf(trustRegionUpdate(oneState, [[0, NaN]]))).toMatchObject([{ field: 'logits[0][1]' }]);
    expect(trustRegionUpdate(oneState, [[0, 0]], { delta: -1 })).toMatchObject({ left: { code: 'InvalidConfig' } });
    expect(issuesOf(penalisedUpdate(evaluate(oneState, [[1, 0]])))).toMatchObject([
      { field: 'policy[0]', found: 'an action of probability 0' },
    ]);
    expect(issuesOf(randomMdp(key(0), { states: 2, actions: 0, branching: 3, gamma: 1 }))).toMatchObject([
      { field: 'actions' },
      { field: 'branching', expected: 'a whole number in [1, 2]' },
      { field: 'gamma' },
    ]);
  });

  test('what was checked cannot be changed', () => {
    const rewards = [
      [0, 0],
      [1, 1],
    ];
    const mdp = orThrow(finiteMdp({ ...corridor, rewards }));
    rewards[1]![0] = 5;
    expect(mdp.rewards).toEqual(corridor.rewards);
    expect(Object.isFrozen(mdp) && Object.isFrozen(mdp.rewards[0]) && Object.isFrozen(mdp.transitions[0]?.[0])).toBe(
      true,
    );
  });
});
