/** What a run has left on the disk, and moments of a run that goes on. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Running } from './natgrad.js';

interface End {
  readonly checkpoint: string;
  readonly sums: string;
  readonly metrics: readonly unknown[];
}

/** Readers of the runs in a folder. */
export const runsIn = (
  base: string,
): { readonly endOf: (folder: string) => End; readonly evaluationOf: (folder: string) => unknown } => {
  const path = (...parts: readonly string[]): string => join(base, ...parts);

  /** The checksums of the last checkpoint stand for every bit of it; of the metrics all but what the clock said, and who acted. */
  const endOf = (folder: string): End => {
    const checkpoint = readdirSync(path(folder, 'checkpoints')).sort().at(-1) ?? '';
    const lines = readFileSync(path(folder, 'metrics.jsonl'), 'utf8').trimEnd().split('\n');
    const metrics = lines.map((line) => {
      const { seconds, stepsPerSecond, elapsed, workers, ...rest } = JSON.parse(line) as Record<string, unknown>;
      expect([seconds, stepsPerSecond, elapsed, workers].map((each) => typeof each)).toEqual([
        'object',
        'number',
        'number',
        'number',
      ]);
      return rest;
    });
    return { checkpoint, sums: readFileSync(path(folder, 'checkpoints', checkpoint, 'SHA256SUMS'), 'utf8'), metrics };
  };

  /** All but where it lies and how long it took. */
  const evaluationOf = (folder: string): unknown => ({
    ...(JSON.parse(readFileSync(path(folder, 'evaluation.json'), 'utf8')) as object),
    folder: null,
    seconds: null,
  });

  return { endOf, evaluationOf };
};

/** Resolves at the n-th line on standard output, or at the end. */
export const line = (child: Running, n: number): Promise<void> =>
  new Promise((resolve) => {
    let seen = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      seen += String(chunk).split('\n').length - 1;
      if (seen >= n) resolve();
    });
    child.on('close', () => resolve());
  });

export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));
