/** Every pass of the optimiser keeps the laws; passes and rules are found in the source tree, so that none can escape. */
import { checkLaw, type PassLawOptions, passLaws, ruleLaws } from '@natgrad/autodiff/laws';
import { describe, expect, test } from 'vitest';
import type { Pass } from '../../packages/autodiff/src/optimise/pass.js';
import { optimise, passes } from '../../packages/autodiff/src/optimise/pipeline.js';
import type { Rule } from '../../packages/autodiff/src/optimise/rules/rule.js';
import { rules } from '../../packages/autodiff/src/optimise/simplify.js';

type Modules = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

const modules: Modules = import.meta.glob('../../packages/autodiff/src/optimise/*.ts', { eager: true });
const ruleModules: Modules = import.meta.glob('../../packages/autodiff/src/optimise/rules/*.ts', { eager: true });

const exportsOf = (found: Modules): readonly unknown[] =>
  Object.values(found).flatMap((module) => Object.values(module));

const has = (value: unknown, keys: readonly string[]): boolean =>
  typeof value === 'object' && value !== null && keys.every((key) => key in value);

const isPass = (value: unknown): value is Pass => has(value, ['name', 'run']);
const isRule = (value: unknown): value is Rule => has(value, ['name', 'of', 'apply', 'example']);

const discovered = exportsOf(modules).filter(isPass);

/**
 * What a pass may do beyond the default (no growth, the same bits).
 * - fold: a constant becomes a number and a stretch.
 * - expand: logsumexp is twelve operations and two constants. The variance squares with a product where the reference has
 *   `**`, which ECMAScript leaves to the implementation: 1 ulp, amplified by at most 10⁴ in these programs, is below 1e-9.
 *   `optimise` adds a stretch and a constant to some of these.
 * - recompute: every operation on a far operand brings at most three operations and their stretches along, for each operand.
 * - simplify: a sum over one element becomes x + 0, which is three nodes and a constant; so does a stretch that moves.
 */
const stated: Readonly<Record<string, PassLawOptions>> = {
  fold: { growth: 2 },
  expand: { growth: 14, tolerance: 1e-9 },
  recompute: { growth: 13 },
  simplify: { growth: 4 },
  algebra: { growth: 4 },
  optimise: { growth: 18, tolerance: 1e-9 },
};

describe.each([...discovered, { name: 'optimise', run: optimise }].map((pass) => [pass.name, pass] as const))(
  'pass %s',
  (name, pass) => {
    test.each(passLaws(pass, stated[name]).map((law) => [law.name, law] as const))('%s', (_, law) => {
      checkLaw(law, { numRuns: 25 });
    });
  },
);

describe('discovery', () => {
  test('finds the passes of the pipeline, each under a name of its own', () => {
    expect(discovered).toEqual(expect.arrayContaining([...passes]));
    expect(new Set(discovered.map(({ name }) => name)).size).toBe(discovered.length);
    expect(discovered.length).toBeGreaterThanOrEqual(8);
  });

  test('simplify uses every rule that is written', () => {
    const written = exportsOf(ruleModules).filter(isRule);
    expect(new Set(rules)).toEqual(new Set(written));
    expect(new Set(rules.map(({ name }) => name)).size).toBe(rules.length);
    expect(rules.length).toBeGreaterThanOrEqual(30);
  });
});

describe.each(rules.map((rule) => [rule.name, rule] as const))('rule %s', (_name, rule) => {
  test.each(ruleLaws(rule).map((law) => [law.name, law] as const))('%s', (_, law) => {
    checkLaw(law, { numRuns: 60 });
  });
});
