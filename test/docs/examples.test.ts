/** Every example of the documentation compiles, runs, and prints what it says. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { compileExamples, findExamples, type Program, root } from './examples.js';

const folder = join(root, 'test/docs/.examples');
const programs = compileExamples(findExamples(), folder);

beforeAll(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  vi.unstubAllGlobals();
});

/** What `console.log` would show; a string alone may also be written with its quotes. */
const shown = (data: readonly unknown[]): readonly string[] =>
  data.length === 1 && typeof data[0] === 'string' ? [data[0], inspect(data[0])] : [format(...data)];

const runProgram = async ({ javascript, expectations }: Program, name: string): Promise<void> => {
  const reached = new Set<number>();
  vi.stubGlobal('expectLog', (line: number, ...data: readonly unknown[]): void => {
    reached.add(line);
    const { expected } = expectations.find((each) => each.line === line) ?? { expected: '' };
    const printed = shown(data);
    if (!printed.includes(expected)) expect(printed[0], `line ${line + 1} of the example`).toBe(expected);
  });
  const file = join(folder, `${name}.js`);
  writeFileSync(file, javascript);
  const silent = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  try {
    await import(/* @vite-ignore */ file);
  } finally {
    silent.mockRestore();
  }
  for (const { line, expected } of expectations)
    expect(
      reached.has(line),
      `line ${line + 1} of the example, which should print ${expected}, was never reached`,
    ).toBe(true);
};

test('there are examples', () => {
  expect(programs.length).toBeGreaterThan(0);
});

describe('examples', () => {
  test.each(programs.map((program, i) => [program.example.place, program, i] as const))('%s', async (_, program, i) => {
    expect(program.errors).toEqual([]);
    await runProgram(program, String(i));
  });
});
