/** Times one product at size after size, and leaves out sizes that would take too long. */
import type { Engine } from '@natgrad/autodiff';
import type { FloatDType } from '@natgrad/tensor';
import { median } from '../statistics.js';
import { expectedFlops, makeProduct, type Point } from './product.js';

export interface ScaleRow extends Point {
  readonly engine: string;
  readonly dtype: FloatDType;
  /** One product, minimum and median in milliseconds; null when the size was skipped. */
  readonly fvp: readonly [number, number] | null;
  readonly gflop: number;
  /** GFLOP by seconds of the median product. */
  readonly gflopPerSecond: number | null;
  readonly firstCall: number | null;
  readonly residualBytes: number | null;
  /** Of the engine's memory where it tells, else what the process has grown by. */
  readonly memoryBytes: number | null;
  readonly reason?: string;
}

export interface SweepOptions {
  readonly name: string;
  readonly engine: Engine;
  readonly dtype: FloatDType;
  readonly repeats: number;
  /** Most seconds for one size, first call included. */
  readonly limit: number;
}

/** One size varies at a time, batch, width, then depth, around a middle; none is larger than allowed. */
export const pointsUpTo = (maxBatch: number, maxWidth: number): readonly Point[] => {
  const middle: Point = { batch: Math.min(5000, maxBatch), width: Math.min(256, maxWidth), depth: 2 };
  const batches = [500, 1000, 2000, 5000, 10_000, 20_000, 50_000].filter((batch) => batch <= maxBatch);
  const widths = [32, 64, 128, 256, 512, 1024].filter((width) => width <= maxWidth);
  const all = [
    ...batches.map((batch) => ({ ...middle, batch })),
    ...widths.map((width) => ({ ...middle, width })),
    ...[1, 2, 3, 4].map((depth) => ({ ...middle, depth })),
  ];
  const seen = all.map((point) => JSON.stringify(point));
  return all.filter((_, k) => seen.indexOf(seen[k] as string) === k);
};

const processBytes = (): number => process.memoryUsage().rss;

/** An engine with memory of its own may tell what it uses. */
const engineBytes = (engine: Engine): number | null => {
  const { statistics } = engine as { readonly statistics?: () => { readonly memoryBytes?: number } };
  return statistics?.().memoryBytes ?? null;
};

const round = (x: number): number => Number(x.toPrecision(4));

const measurePoint = ({ name, engine, dtype, repeats }: SweepOptions, point: Point): ScaleRow => {
  const before = processBytes();
  const { run, firstCall, flops, residualBytes } = makeProduct(engine, point, dtype);
  run();
  const times = Array.from({ length: repeats }, () => {
    const began = performance.now();
    run();
    return performance.now() - began;
  });
  const middle = median(times);
  return {
    ...point,
    engine: name,
    dtype,
    fvp: [round(Math.min(...times)), round(middle)],
    gflop: round(flops / 1e9),
    gflopPerSecond: round(flops / 1e6 / middle),
    firstCall: round(firstCall),
    residualBytes,
    memoryBytes: engineBytes(engine) ?? Math.max(0, processBytes() - before),
  };
};

const skippedRow = ({ name, dtype }: SweepOptions, point: Point, reason: string): ScaleRow => ({
  ...point,
  engine: name,
  dtype,
  fvp: null,
  gflop: round(expectedFlops(point) / 1e9),
  gflopPerSecond: null,
  firstCall: null,
  residualBytes: null,
  memoryBytes: null,
  reason,
});

/** Rows in the order of the points. A size is skipped when, at the slowest pace so far, it would go beyond the limit. */
export const sweep = (points: readonly Point[], options: SweepOptions): readonly ScaleRow[] => {
  // From small to large, so that what is known when a size is judged is about sizes like it.
  const order = [...points].sort((a, b) => expectedFlops(a) - expectedFlops(b));
  const rows = new Map<Point, ScaleRow>();
  let pace: number | null = null;
  for (const point of order) {
    // The first call makes about two products' work beside the first product itself.
    const products = options.repeats + 4;
    const seconds = pace === null ? 0 : (products * expectedFlops(point)) / 1e9 / pace;
    if (seconds > options.limit) {
      rows.set(point, skippedRow(options, point, `about ${Math.ceil(seconds)} s`));
      continue;
    }
    const row = measurePoint(options, point);
    // The last size counts: small ones are slow for their size.
    pace = row.gflopPerSecond;
    rows.set(point, row);
  }
  return points.map((point) => rows.get(point) as ScaleRow);
};
