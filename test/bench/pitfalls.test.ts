import { readFileSync } from 'node:fs';
import { makeEnv } from '@natgrad/envs';
import { type GaeInput, gae, trpoStep } from '@natgrad/rl-trpo';
import { key } from '@natgrad/tensor';
import { describe, expect, it } from 'vitest';
import { measurePitfall, readMeasured } from '../../bench/src/pitfalls/command.js';
import { cutAsEndAdvantages, unmaskedAdvantages } from '../../bench/src/pitfalls/done-masks.js';
import { forwardAdvantages } from '../../bench/src/pitfalls/forward-gae.js';
import { pitfalls } from '../../bench/src/pitfalls/index.js';
import { cartPole, type Spread } from '../../bench/src/pitfalls/pitfall.js';
import { reportsOf } from '../../bench/src/pitfalls/run.js';
import { type Measured, tableIn, tableOf, withTables } from '../../bench/src/pitfalls/tables.js';
import { inUnits } from '../../bench/src/pitfalls/unnormalised.js';
import { trpoWith } from '../../bench/src/pitfalls/variant.js';

const root = new URL('../../', import.meta.url);
const page = readFileSync(new URL('docs/pitfalls.md', root), 'utf8');
const committed = readMeasured(new URL('bench/results/pitfalls.json', root).pathname);

/** Reads numbers of the first variant whose name contains a text. */
const reader =
  ({ findings }: Measured) =>
  (variant: string, name: string): number => {
    const found = findings.find((each) => each.variant.includes(variant))?.values[name];
    if (found === undefined) throw new Error(`${variant} has no ${name}`);
    return found !== null && typeof found === 'object' ? found.mean : Number(found ?? Number.NaN);
  };

/** One seed and a few iterations of a pitfall; of the variants whose names contain one of some texts, if any are given. */
const few = async (
  name: string,
  iterations: number,
  ...variants: readonly string[]
): Promise<ReturnType<typeof reader>> => {
  const wants = (variant: string): boolean => variants.length === 0 || variants.some((text) => variant.includes(text));
  const pitfall = pitfalls.find((each) => each.name === name);
  if (pitfall === undefined) throw new Error(`there is no pitfall ${name}`);
  return reader(await measurePitfall(pitfall, { seeds: 1, iterations, wants }));
};

describe('the sound variant', () => {
  it('is the step of the library, to the bit', () => {
    const effort = { seeds: 1, iterations: 3 };
    const [own] = reportsOf(
      cartPole,
      trpoWith('trpo', () => ({})),
      effort,
    );
    const [library] = reportsOf(cartPole, trpoStep, effort);
    expect(library).toHaveLength(3);
    expect(own).toEqual(library);
  });
});

describe('broken stages', () => {
  const rows: GaeInput = {
    rewards: [1, 2, 3, 4],
    values: [0, 0, 0, 0],
    finalValues: [8],
    terminated: [0, 1, 0, 0],
    truncated: [0, 0, 0, 1],
    segments: [{ environment: 0, length: 4 }],
    gamma: 0.5,
    lambda: 1,
  };

  it('are wrong as they say, on four rows by hand', () => {
    expect([...gae(rows).advantages]).toEqual([2, 2, 7, 8]);
    // δ = 1, 2, 3, 4 + 0.5·8, and nothing crosses the end after the second row.
    expect([...forwardAdvantages(rows)]).toEqual([1, 2.5, 3, 9.5]);
    // One episode of four steps, and V = 8 after it.
    expect([...unmaskedAdvantages(rows)]).toEqual([3.75, 5.5, 7, 8]);
    expect([...cutAsEndAdvantages(rows)]).toEqual([2, 2, 5, 4]);
    // Where nothing is wrong with the masks, nothing goes wrong without them.
    const unbroken = { ...rows, terminated: [0, 0, 0, 0] };
    expect(unmaskedAdvantages(unbroken)).toEqual(gae(unbroken).advantages);
  });

  it('have rewards in other units, and the same task', () => {
    const made = makeEnv('CartPole-v1');
    if (made._tag === 'Left') throw made.left;
    const scaled = inUnits(made.right, 0.001);
    expect([scaled.id, scaled.actionSpace]).toEqual([made.right.id, made.right.actionSpace]);
    const { state } = scaled.reset(key(0));
    expect(scaled.step(state, 1)).toEqual({ ...made.right.step(state, 1), reward: 0.001 });
  });
});

describe('symptoms', () => {
  it('small batch: promises much, and keeps little', async () => {
    const at = await few('small-batch', 1, '64', '4096');
    const promised = (size: number): number => at(`batchSize ${size}`, 'improvement');
    const kept = (size: number): number => at(`batchSize ${size}`, 'gain on other data');
    expect(promised(64)).toBeGreaterThan(2 * promised(4096));
    expect(promised(64)).toBeGreaterThan(4 * kept(64));
    expect(promised(4096)).toBeLessThan(3 * kept(4096));
    expect(at('batchSize 64', 'klShare')).toBeGreaterThan(0.9);
  });

  it('forward GAE: the critic is lost, and the search is content', async () => {
    const at = await few('forward-gae', 8);
    expect(at('forward', 'valueLossBefore')).toBeGreaterThan(10 * at('backward', 'valueLossBefore'));
    expect(at('forward', 'klShare')).toBeGreaterThan(0.9);
    expect(at('forward', 'return')).toBeLessThan(15);
  });

  it('conjugate gradient: reports a residual that is not the residual', async () => {
    const at = await few('conjugate-gradient', 4, 'rows', 'drawn', 'residual', 'cgWarmStart', 'one');
    for (const broken of ['fresh rows', 'residual not updated'])
      expect(at(broken, 'true residual')).toBeGreaterThan(5 * at(broken, 'cgResidual'));
    for (const sound of ['drawn once', 'cgWarmStart']) expect(at(sound, 'true residual')).toBeLessThan(1e-6);
    expect(at('one product', 'cgResidual')).toBeGreaterThan(0.1);
  });

  it('line search: rejects every step, for the reason that it has', async () => {
    const at = await few('line-search', 2);
    expect(at('gradient of the loss', 'noImprovement')).toBe(1);
    expect(at('acceptRatio', 'noImprovement')).toBe(1);
    expect(at('50 products', 'klExceeded')).toBe(1);
    expect(at('with `damping` 0.1', 'accepted')).toBe(1);
    expect(at('defaults', 'accepted')).toBe(1);
  });

  it('critic: explains nothing, or less than nothing', async () => {
    const at = await few('value-divergence', 20, 'Rate` 10', 'Rate` 0.001', 'normaliseReturns', 'trust');
    expect(at('Rate` 10', 'explainedVarianceAfter')).toBeLessThan(0);
    expect(at('Rate` 0.001', 'explainedVarianceBefore')).toBeLessThan(0.5);
    for (const cure of ['normaliseReturns', 'trust region'])
      expect(at(cure, 'explainedVarianceBefore')).toBeGreaterThan(0.7);
  });

  it('memory: linearisations that are kept cost their residuals, and dropped ones go', async () => {
    const at = await few('memory', 1);
    const alive = 'KiB alive after 20';
    expect(at('policies, kept', alive)).toBeGreaterThan(19 * at('policies, kept', 'KiB each'));
    expect(at('each dropped', alive)).toBeLessThan(3 * at('each dropped', 'KiB each'));
    expect(at('checkpointing', 'KiB each')).toBeLessThan(0.6 * at('policies, kept', 'KiB each'));
    for (const cheap of ['batches', 'states']) expect(at(cheap, alive)).toBeLessThan(0.1 * at('policies, kept', alive));
  });

  it('old policy not detached: no gradient, or no curvature', async () => {
    const at = await few('undetached', 3);
    expect([at('ratio', 'gradientNorm'), at('ratio', 'zeroGradient')]).toEqual([0, 1]);
    expect([at('KL(', 'cgIterations'), at('KL(', 'cgResidual') < 1e-12]).toEqual([1, true]);
    expect(at('KL(', 'negativeCurvature')).toBeGreaterThan(0.5);
    for (const sound of ['π_old is data, `damped`', 'π_old is data']) {
      expect(at(sound, 'cgIterations')).toBeGreaterThan(2);
      expect([at(sound, 'zeroGradient'), at(sound, 'negativeCurvature')]).toEqual([0, 0]);
    }
  });

  it('masks ignored: the critic expects more than there is', async () => {
    const at = await few('done-masks', 6);
    expect(at('CartPole-v1: masks ignored', 'critic’s targets')).toBeGreaterThan(
      2 * at('CartPole-v1: masks ignored', 'return'),
    );
    expect(at('CartPole-v1: masks ignored', 'explainedVarianceBefore')).toBeLessThan(0);
    expect(at('CartPole-v1: both', 'critic’s targets')).toBeLessThan(at('CartPole-v1: both', 'return'));
    expect(at('Pendulum-v1: time limit', 'explainedVarianceBefore')).toBeLessThan(
      at('Pendulum-v1: both', 'explainedVarianceBefore') - 0.2,
    );
  });

  it('KL reversed: nothing at a small δ, the end at a large one', async () => {
    const at = await few('kl-direction', 4);
    expect(at('KL(new ‖ old) ≤ 0.02', 'KL(old ‖ new)/δ')).toBeCloseTo(1, 0.5);
    expect([at('KL(new ‖ old) ≤ 2', 'zeroGradient'), at('KL(old ‖ new) ≤ 2', 'zeroGradient')]).toEqual([0.75, 0]);
    expect(at('KL(new ‖ old) ≤ 2', 'entropy')).toBeLessThan(1e-3);
    expect(at('KL(old ‖ new) ≤ 0.5', 'KL(old ‖ new)/δ')).toBeLessThanOrEqual(1);
  });

  it('advantages not normalised: units matter to all but plain TRPO', async () => {
    const at = await few('unnormalised', 3);
    const inBoth = (algorithm: string, name: string): readonly number[] =>
      [1, 0.001].map((unit) => at(`${algorithm}normalised, rewards × ${unit}`, name));
    const near = ([a = 0, b = 0]: readonly number[]): boolean => Math.abs(a - b) <= 0.05 * Math.abs(a);
    expect(near(inBoth('TRPO, not ', 'kl')) && near(inBoth('TRPO, not ', 'return'))).toBe(true);
    expect(near(inBoth('TRPO, not ', 'gradientNorm'))).toBe(false);
    expect(near(inBoth('bonus 0.01, not ', 'improvementRatio'))).toBe(false);
    expect(near(inBoth('gradient, not ', 'kl'))).toBe(false);
    for (const sound of ['TRPO, ', 'bonus 0.01, ', 'gradient, ']) expect(near(inBoth(sound, 'kl'))).toBe(true);
  });
});

describe('the page', () => {
  it('has a place for each of the ten, and the tables of the committed numbers', () => {
    expect(committed.map(({ name }) => name)).toEqual(pitfalls.map(({ name }) => name));
    expect(committed).toHaveLength(10);
    for (const measured of committed) expect(tableIn(page, measured.name)).toBe(tableOf(measured));
    expect(withTables(page, committed)).toBe(page);
  });

  it('says of the committed numbers what they say', () => {
    const of = (name: string): ReturnType<typeof reader> =>
      reader(committed.find((each) => each.name === name) as Measured);
    const batch = of('small-batch');
    expect(batch('batchSize 64', 'improvement') / batch('batchSize 64', 'gain on other data')).toBeCloseTo(11, 0);
    expect(of('value-divergence')('Rate` 10', 'valueLossAfter / valueLossBefore')).toBeGreaterThan(1);
    expect(of('forward-gae')('for the policy', 'return')).toBeGreaterThan(of('forward-gae')('λ = 0', 'return'));
    const cg = of('conjugate-gradient');
    expect(cg('100 products', 'tries')).toBeGreaterThan(1.8 * cg('1e−5', 'tries'));
    expect(of('undetached')('KL(π_θ ‖ π_θ), `damped`', 'tries')).toBeCloseTo(7.8, 1);
    expect(of('kl-direction')('KL(new ‖ old) ≤ 0.5', 'KL(old ‖ new)/δ')).toBeCloseTo(7 / 6, 1);
    const pendulum = (variant: string): Spread =>
      committed.flatMap(({ findings }) => findings).find((each) => each.variant === `Pendulum-v1: ${variant}`)?.values[
        'return'
      ] as Spread;
    expect(pendulum('time limit as the end of the task').high).toBeLessThan(pendulum('masks ignored').low);
  });

  it('cannot lose a table unnoticed', () => {
    const [first] = committed as readonly [Measured];
    expect(() => withTables('# no markers', [first])).toThrow('<!-- pitfall: small-batch -->');
    expect(tableIn('# no markers', first.name)).toBeNull();
  });
});
