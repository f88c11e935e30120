import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { theoryFiles } from '../../bench/src/theory/command.js';
import { ALGORITHMS, GAMMAS, mdpOf, measure, runAlgorithm } from '../../bench/src/theory/measure.js';
import { type Row, summarise } from '../../bench/src/theory/summary.js';

const RUNS = measure(2, 12);
const SUMMARY = summarise(RUNS, 200);
const FILES = theoryFiles(SUMMARY);

const rowsOf = (algorithm: string): readonly Row[] => SUMMARY.rows.filter((row) => row.algorithm === algorithm);

describe('bench theory', () => {
  it('has a row for every algorithm and γ, and the same numbers each time', () => {
    expect(SUMMARY.rows).toHaveLength(GAMMAS.length * ALGORITHMS.length);
    expect(SUMMARY.seeds).toBe(2);
    const again = runAlgorithm(mdpOf(1, 0.9), ALGORITHMS[2]!, 1, 12);
    expect(again).toEqual(RUNS.find((run) => run.gamma === 0.9 && run.seed === 1 && run.algorithm === again.algorithm));
  });

  it('finds what the theory says of its own updates', () => {
    for (const row of rowsOf('penalised')) {
      expect([row.certified, row.lowered, row.largestFall, row.rejected]).toEqual([1, 0, 0, 0]);
      // At the maximum of a·√KL − C·KL the penalty is half of the gain.
      expect(row.fear).toBeCloseTo(0.5, 1);
    }
    for (const row of rowsOf('conservative')) expect([row.lowered, row.rejected]).toEqual([0, 0]);
  });

  it('finds steps of the practical algorithm within δ, beyond what the theory vouches for, and further', () => {
    const practical = rowsOf('trust region, δ = 0.01');
    practical.forEach((row, i) => {
      const penalised = rowsOf('penalised')[i]!;
      expect(row.meanKl).toBeLessThanOrEqual(0.01);
      expect(row.maxKl).toBeGreaterThan(row.meanKl);
      expect(row.maxKl).toBeGreaterThan(5 * penalised.maxKl);
      expect(row.certified).toBe(0);
      expect(row.closed.at(-1)!.mean).toBeGreaterThan(penalised.closed.at(-1)!.mean);
    });
    // A policy that cannot tell states apart, and a large δ: J falls.
    expect(rowsOf('trust region, δ = 1, states in pairs').every((row) => row.lowered > 0)).toBe(true);
  });

  it('writes JSON, Markdown and a picture', () => {
    const read = JSON.parse(FILES['theory.json']!) as typeof SUMMARY;
    expect(read.rows).toHaveLength(SUMMARY.rows.length);
    expect(read.curves).toHaveLength(2 * SUMMARY.rows.length);
    expect(FILES['theory.md']).toContain('| 0.95 | penalised |');
    const svg = FILES['theory.svg']!;
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    // A line and a band for each of three algorithms, two quantities and every γ.
    expect(svg.match(/<path /g)).toHaveLength(2 * 3 * 2 * GAMMAS.length);
    expect(svg).toContain('prefers-color-scheme:dark');
  });
});

describe('the page on the theory', () => {
  const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
  const tables = (text: string): readonly string[] =>
    text
      .split('\n')
      .flatMap((line) => (line.startsWith('|') && !line.startsWith('| :--') ? [line.replaceAll(/ +/g, ' ')] : []));

  it('shows the numbers of the committed run', () => {
    const page = tables(read('docs/theory.md'));
    const lines = tables(read('bench/results/theory.md'));
    expect(lines.length).toBeGreaterThan(30);
    expect(page).toEqual(expect.arrayContaining([...lines]));
    expect(read('docs/theory.md')).toContain('../bench/results/theory.svg');
  });
});
