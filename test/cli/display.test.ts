/** What training shows of an iteration in which environments failed. */
import { fileURLToPath } from 'node:url';
import type { MetricsRecord } from '@natgrad/rl-trpo/runs';
import { runnerImport } from 'vite';
import { expect, test } from 'vitest';

/** As much as is used of the module, which belongs to a program and not to a package. */
interface DisplayModule {
  readonly tableDisplay: (terminal: {
    readonly live: boolean;
    readonly columns: number;
    readonly write: (text: string) => void;
    readonly bold: (text: string) => string;
    readonly dim: (text: string) => string;
    readonly green: (text: string) => string;
  }) => {
    readonly iteration: (
      record: MetricsRecord,
      progress: { readonly steps: number; readonly of: number; readonly left: number },
    ) => void;
    readonly status: (text: string) => void;
    readonly end: () => void;
  };
}

const source = fileURLToPath(new URL('../../apps/cli/src/output/display.ts', import.meta.url));
const { tableDisplay } = (await runnerImport<DisplayModule>(source)).module;

const record = {
  iteration: 3,
  totalSteps: 6144,
  episodes: { count: 1, returnMean: 1.5, returnMin: 1, returnMax: 2, lengthMean: 10, costMean: null },
  klShare: 0.97,
  entropy: 1,
  explainedVarianceAfter: 0.5,
  stepsPerSecond: 1000,
  workers: 0,
  failures: null,
} as unknown as MetricsRecord;

const shown = (failures: MetricsRecord['failures']): readonly string[] => {
  const written: string[] = [];
  const plain = (text: string): string => text;
  const display = tableDisplay({
    live: false,
    columns: 80,
    write: (text) => written.push(text),
    bold: plain,
    dim: plain,
    green: plain,
  });
  display.iteration({ ...record, failures }, { steps: 6144, of: 10_000, left: 3 });
  return written.join('').trimEnd().split('\n');
};

test('steps that could not be made are told below their iteration, in lines that fit', () => {
  expect(shown(null)).toHaveLength(1);
  const first = `environment 2 at step 17: the physics ran away (QACC at DOF 3), ${'and on '.repeat(12)}`;
  const [row, ...lines] = shown({ count: 2, first });
  expect(row).toContain('6,144');
  expect(lines.join(' ').replaceAll(/ +/g, ' ').trim()).toBe(
    `2 steps could not be made and ended the episode: ${first}`.trim(),
  );
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(79);
  expect(shown({ count: 1, first: 'here' })[1]).toBe('  a step could not be made and ended the episode: here');
});

test('a status is drawn over on a terminal, and is not there elsewhere', () => {
  const show = (live: boolean): string => {
    const written: string[] = [];
    const plain = (text: string): string => text;
    const write = (text: string): void => void written.push(text);
    const display = tableDisplay({ live, columns: 20, write, bold: plain, dim: plain, green: plain });
    display.status('a line of more than 20 characters');
    display.status('short');
    display.end();
    return written.join('');
  };
  expect(show(false)).toBe('');
  expect(show(true)).toBe('\r\u001b[2Ka line of more than\r\u001b[2Kshort\r\u001b[2K');
});
