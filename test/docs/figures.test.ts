/** The figures of the tutorial show what the command computes, and every figure is shown somewhere. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { figures } from '../../bench/src/figures/command.js';
import { root } from './examples.js';

const folder = join(root, 'docs/tutorial');
const number = /-?\d+(?:\.\d+)?/g;

describe('figures of the tutorial', () => {
  test.each(Object.entries(figures))('%s', (name, draw) => {
    const [committed, fresh] = [readFileSync(join(folder, 'figures', name), 'utf8'), draw()];
    expect(fresh.replace(number, '#'), 'run `npm run docs:figures`').toBe(committed.replace(number, '#'));
    // Coordinates are rounded to a tenth of a pixel, which the last bits of another platform's exponential may flip.
    const numbers = (svg: string): readonly number[] => (svg.match(number) ?? []).map(Number);
    const before = numbers(committed);
    for (const [i, x] of numbers(fresh).entries()) expect(Math.abs(x - (before[i] as number))).toBeLessThan(0.11);
  });

  test('each is there and shown once', () => {
    const names = Object.keys(figures).sort();
    const pages = readdirSync(folder).filter((file) => file.endsWith('.md'));
    const text = pages.map((file) => readFileSync(join(folder, file), 'utf8')).join('\n');
    const shown = [...text.matchAll(/!\[[^\]]+\]\(figures\/([^)]+)\)/g)].map(([, name]) => name);
    expect(readdirSync(join(folder, 'figures')).sort()).toEqual(names);
    expect(shown.sort()).toEqual(names);
  });
});
