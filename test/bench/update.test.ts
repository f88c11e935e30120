import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { interpreter } from '@natgrad/autodiff';
import {
  add,
  encodeNpz,
  type FloatDType,
  identical,
  multiply,
  scalar,
  toTypedArray,
  treeLeaves,
  treeMap,
} from '@natgrad/tensor';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { bench } from '../../bench/src/bench.js';
import { type Candidate, type Evidence, PARTS, type Timing } from '../../bench/src/update/candidate.js';
import { runCandidates } from '../../bench/src/update/command.js';
import { checkAgreement, Disagreement } from '../../bench/src/update/compare.js';
import type { NamedEngine } from '../../bench/src/update/engines.js';
import { measure } from '../../bench/src/update/measure.js';
import { ownCandidate } from '../../bench/src/update/own.js';
import { makeProblem } from '../../bench/src/update/problem.js';
import { decodeProblem, decodeResult, encodeProblem } from '../../bench/src/update/problem-file.js';
import { makeUpdate } from '../../bench/src/update/program.js';
import { differencesOfKind, type Row, ratios, updateTable } from '../../bench/src/update/report.js';

const SIZES = { batch: 40, observation: 17, action: 6, hidden: 8 };
const ENGINE: NamedEngine = { name: 'interpreter', variant: 'linearised', engine: interpreter, threads: 1 };
const FIELDS = ['engine', 'variant', 'dtype', 'threads', 'batch', 'hidden', ...PARTS];

const own = (dtype: FloatDType = 'f64'): Candidate => ownCandidate(ENGINE, dtype, makeProblem(SIZES, dtype));

/** A peer whose results are ours, changed; it takes a millisecond for everything. */
const peer = (change: (shown: Evidence) => Evidence, dtype: FloatDType = 'f64', turns: string[] = []): Candidate => {
  const ours = own(dtype);
  return {
    ...ours,
    engine: 'peer 1.0',
    peer: true,
    notes: ['it is a fake'],
    show: async () => change(await ours.show()),
    time: () => {
      turns.push('peer');
      return Promise.resolve(Object.fromEntries(PARTS.map((part) => [part, 1])) as Timing);
    },
  };
};

const same = (shown: Evidence): Evidence => shown;

/** The update's results with one of them changed. */
const changed =
  (change: (update: NonNullable<Evidence['update']>) => Partial<NonNullable<Evidence['update']>>) =>
  (shown: Evidence): Evidence => ({
    ...shown,
    update: shown.update === null ? null : { ...shown.update, ...change(shown.update) },
  });

describe('the update workload', () => {
  it.each(['f32', 'f64'] as const)('improves the surrogate within the trust region (%s)', (dtype) => {
    const problem = makeProblem(SIZES, dtype);
    const result = makeUpdate(interpreter).run(problem);
    expect(result.tries).toBeLessThan(10);
    expect(result.kl).toBeGreaterThan(0);
    expect(result.kl).toBeLessThanOrEqual(0.01);
    expect(treeLeaves(result.policy).map((leaf) => leaf.dtype)).toEqual(Array(7).fill(dtype));
    // Adam's first step moves every weight by about the learning rate; five steps move none by more than five times that.
    const moved = treeLeaves(
      treeMap((now, before) => add(now, multiply(before, -1)), result.critic, problem.critic),
    ).flatMap((leaf) => Array.from(toTypedArray(leaf)));
    expect(Math.max(...moved.map(Math.abs))).toBeLessThan(5.1e-3);
    expect(Math.max(...moved.map(Math.abs))).toBeGreaterThan(4e-3);
  });

  it('comes back from its file to the bit, and reads what a peer writes', () => {
    const problem = makeProblem(SIZES, 'f32');
    const back = decodeProblem(encodeProblem(problem));
    expect(treeLeaves(back)).toHaveLength(treeLeaves(problem).length);
    expect(treeLeaves(problem).every((leaf, k) => identical(leaf, treeLeaves(back)[k]!))).toBe(true);

    const { V1, c1, V2, c2, V3, c3 } = {
      ...{ V1: problem.critic.W1, c1: problem.critic.b1, V2: problem.critic.W2 },
      ...{ c2: problem.critic.b2, V3: problem.critic.W3, c3: problem.critic.b3 },
    };
    const result = decodeResult(
      encodeNpz({ ...problem.policy, V1, c1, V2, c2, V3, c3, kl: scalar(0.005), tries: scalar(3, 'i32') }),
    );
    expect([result.kl, result.tries]).toEqual([0.005, 3]);
    expect(identical(result.critic.W3, problem.critic.W3)).toBe(true);
    expect(() => decodeProblem(encodeNpz({ observations: scalar(1) }))).toThrow('no array W1');
  });
});

describe('rows', () => {
  it('have every field, and the table a ratio to the fastest peer', async () => {
    const problem = makeProblem(SIZES, 'f64');
    const slowPeer: Candidate = {
      ...peer(same),
      variant: 'slow',
      time: () => Promise.resolve(Object.fromEntries(PARTS.map((part) => [part, 4])) as Timing),
    };
    const found = {
      candidates: [own(), peer(same), slowPeer],
      skipped: [{ engine: 'other', reason: 'not installed' }],
    };
    const { rows } = await runCandidates(found, problem, SIZES, { warmUp: 1, repeats: 3 });
    expect(rows.map(({ engine }) => engine)).toEqual(['interpreter', 'peer 1.0', 'peer 1.0']);
    for (const row of rows) {
      expect(Object.keys(row)).toEqual(expect.arrayContaining(FIELDS));
      for (const part of PARTS) {
        const [least, middle] = row[part] as readonly [number, number];
        expect(least).toBeGreaterThan(0);
        expect(middle).toBeGreaterThanOrEqual(least);
      }
      expect(row.repeats).toBe(3);
    }
    expect(rows[0]?.firstCall).toBeGreaterThan(0);
    const isPeer = (row: Row): boolean => row.engine === 'peer 1.0';
    const lines = updateTable(rows, isPeer).split('\n');
    expect(lines).toHaveLength(5);
    expect(lines[4]).toContain('| 4.00 | 4.00 |');
    expect(ratios(rows, isPeer)).toContain('interpreter linearised f64 / peer 1.0: product ');
    const notes = differencesOfKind(found.candidates, found.skipped);
    expect(notes).toContain('interpreter linearised: one forward pass');
    expect(notes).toContain('other: skipped, not installed.');
  });

  it('are timed in turns, a slow candidate fewer times', async () => {
    const turns: string[] = [];
    const slow: Candidate = {
      ...peer(same),
      mostRepeats: 1,
      time: () => {
        turns.push('slow');
        return Promise.resolve(Object.fromEntries(PARTS.map((part) => [part, null])) as Timing);
      },
    };
    const measured = await measure([slow, peer(same, 'f64', turns)], { warmUp: 1, repeats: 2 });
    expect(turns).toEqual(['peer', 'slow', 'peer', 'peer']);
    expect(measured.map(({ repeats }) => repeats)).toEqual([1, 2]);
    expect(measured[0]?.parts.fvp).toBeNull();
  });
});

describe('the comparison', () => {
  const scaled = (by: number) => changed(({ critic }) => ({ critic: { ...critic, W3: multiply(critic.W3, by) } }));

  it.each([
    ['f32', 1 + 1e-3],
    ['f64', 1 + 1e-8],
  ] as const)('catches a perturbed critic (%s), and prints no time', async (dtype, by) => {
    const closed: string[] = [];
    const wrong: Candidate = { ...peer(scaled(by), dtype), close: () => closed.push('peer') };
    const turns: string[] = [];
    const candidates = [own(dtype), { ...wrong, time: () => Promise.reject(new Error(`timed ${turns.length}`)) }];
    const run = runCandidates({ candidates, skipped: [] }, makeProblem(SIZES, dtype), SIZES, { warmUp: 0, repeats: 1 });
    await expect(run).rejects.toThrow(Disagreement);
    await expect(run).rejects.toThrow(/peer 1\.0 .* against interpreter .*: new critic weights: relative difference/);
    expect(closed).toEqual(['peer']);
  });

  it.each([
    ['new policy weights', changed(({ policy }) => ({ policy: treeMap((leaf) => multiply(leaf, 1.001), policy) }))],
    ['change of the policy weights', changed(() => ({ policy: makeProblem(SIZES, 'f64').policy }))],
    [
      'new critic weights',
      changed(({ critic }) => ({ critic: treeMap((leaf) => multiply(leaf, Number.NaN), critic) })),
    ],
    ['KL divergence', changed(({ kl }) => ({ kl: kl + 1e-9 }))],
    ['tries of the line search: 7', changed(() => ({ tries: 7 }))],
    [
      'Fisher-vector product',
      (shown: Evidence): Evidence => ({
        ...shown,
        product: shown.product && treeMap((leaf) => multiply(leaf, 1.001), shown.product),
      }),
    ],
    [
      'surrogate gradient',
      (shown: Evidence): Evidence => ({
        ...shown,
        gradient: shown.gradient && treeMap((leaf) => multiply(leaf, -1), shown.gradient),
      }),
    ],
  ])('names what differs: %s', async (what, change) => {
    await expect(checkAgreement([own(), peer(change)], makeProblem(SIZES, 'f64'))).rejects.toThrow(what);
  });

  it('accepts rounding, and peers that have parts only', async () => {
    const rounding = scaled(1 + 1e-12);
    const partial = (shown: Evidence): Evidence => ({ ...shown, update: null });
    const shown = await checkAgreement([own(), peer(rounding), peer(partial)], makeProblem(SIZES, 'f64'));
    expect(shown).toHaveLength(3);
  });
});

describe('the command line', () => {
  let folder = '';
  let [out, err] = ['', ''];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'natgrad-bench-test-'));
    [out, err] = ['', ''];
    vi.spyOn(console, 'log').mockImplementation((text: string) => (out += `${text}\n`));
    vi.spyOn(console, 'error').mockImplementation((text: string) => (err += `${text}\n`));
    vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  });
  afterEach(() => {
    vi.restoreAllMocks();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each([['--help'], ['update', '--help'], ['scale', '--help'], ['classic', '-h']])(
    'has help that fits a screen: %s %s',
    async (...argv) => {
      expect(await bench(argv)).toBe(0);
      const lines = out.trimEnd().split('\n');
      expect(lines[0]).toMatch(/^Usage: npm run bench -- /);
      expect(lines.length).toBeLessThanOrEqual(24);
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    },
  );

  it.each([
    [[], 'which benchmark?'],
    [['speed'], 'there is no benchmark "speed"'],
    [['update', '--nope'], "'--nope'"],
    [['update', 'extra'], "'extra'"],
    [['update', '--batch', '0'], '--batch takes a whole number above 0, found "0"'],
    [['update', '--repeats', '1e3'], '--repeats takes a whole number above 0, found "1e3"'],
    [['update', '--dtype', 'f16'], '--dtype takes f32, f64, both, found "f16"'],
    [['update', '--engine', 'abacus'], '--engine takes interpreter'],
    [['scale', '--engine', 'abacus'], '--engine takes interpreter'],
    [['classic', '--env', 'Chess'], '--env takes CartPole-v1'],
  ])('refuses %j', async (argv, message) => {
    expect(await bench(argv)).toBe(2);
    expect(err).toContain(message);
    expect(err).toContain('Usage: npm run bench');
    expect(out).toBe('');
  });

  it('writes a table and rows', async () => {
    const file = join(folder, 'rows.json');
    const sizes = ['--batch', '30', '--hidden', '8', '--repeats', '2'];
    expect(await bench(['update', '--engine', 'interpreter', ...sizes, '--json', file])).toBe(0);
    const rows = JSON.parse(readFileSync(file, 'utf8')) as readonly Row[];
    expect(rows.map(({ dtype, batch, hidden, repeats }) => [dtype, batch, hidden, repeats])).toEqual([
      ['f32', 30, 8, 2],
      ['f64', 30, 8, 2],
    ]);
    expect(out).toContain('| interpreter | linearised | f32 | 1 | 2 |');
    expect(out).toMatch(/Node \d+\.\d+\.\d+, \d{4}-\d\d-\d\d\./);
  });
});
