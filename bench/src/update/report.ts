/** Rows for programs (JSON) and tables for people (Markdown). */
import type { FloatDType } from '@natgrad/tensor';
import { type Candidate, PARTS, type Part, type Skipped } from './candidate.js';
import type { Measured, Spread } from './measure.js';
import type { Sizes } from './problem.js';

/** One candidate's times, each [minimum, median] in milliseconds; null for parts that it does not have. */
export type Row = {
  readonly engine: string;
  readonly variant: string;
  readonly dtype: FloatDType;
  readonly threads: number;
  readonly batch: number;
  readonly hidden: number;
  readonly repeats: number;
  readonly firstCall: number | null;
} & Readonly<Record<Part, Spread | null>>;

export const rowOf = (
  { candidate, repeats, parts }: Measured,
  { batch, hidden }: Sizes,
  firstCall: number | null,
): Row => {
  const { engine, variant, dtype, threads } = candidate;
  const first = firstCall === null ? null : Math.round(firstCall);
  return { engine, variant, dtype, threads, batch, hidden, repeats, firstCall: first, ...parts };
};

const HEADINGS: Readonly<Record<Part, string>> = {
  fvp: 'one product',
  gradient: 'gradient',
  cg: 'CG',
  step: 'step size',
  lineSearch: 'line search',
  critic: 'critic',
  update: 'update',
};

const milliseconds = (x: number): string => x.toFixed(x < 10 ? 2 : x < 100 ? 1 : 0);
const cell = (spread: Spread | null): string =>
  spread === null ? '–' : `${milliseconds(spread[1])} (${milliseconds(spread[0])})`;

/** Median by the least median among the peers of the dtype; `–` where there is nothing to compare. */
const ratio = (row: Row, part: Part, rows: readonly Row[], isPeer: (row: Row) => boolean): string => {
  const peers = rows
    .filter((other) => isPeer(other) && other.dtype === row.dtype)
    .flatMap((other) => (other[part] === null ? [] : [other[part][1]]));
  const own = row[part];
  return own === null || peers.length === 0 ? '–' : (own[1] / Math.min(...peers)).toFixed(2);
};

const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;

/** Markdown: median and, in brackets, minimum in milliseconds. */
export const updateTable = (rows: readonly Row[], isPeer: (row: Row) => boolean): string => {
  const compared = rows.some(isPeer);
  const head = [
    ...['engine', 'variant', 'dtype', 'threads', 'repeats', 'first update'],
    ...PARTS.map((part) => HEADINGS[part]),
    ...(compared ? ['product / fastest peer', 'update / fastest peer'] : []),
  ];
  return [
    line(head),
    `|${head.map((_, k) => (k < 3 ? '---|' : '---:|')).join('')}`,
    ...rows.map((row) =>
      line([
        ...[row.engine, row.variant, row.dtype, row.threads, row.repeats, row.firstCall ?? '–'],
        ...PARTS.map((part) => cell(row[part])),
        ...(compared ? [ratio(row, 'fvp', rows, isPeer), ratio(row, 'update', rows, isPeer)] : []),
      ]),
    ),
  ].join('\n');
};

/** For each engine of ours and each peer's fastest variant: `wasm linearised f32 / pytorch 1.13: product 1.70, update 1.04`. */
export const ratios = (rows: readonly Row[], isPeer: (row: Row) => boolean): string =>
  rows
    .filter((row) => !isPeer(row))
    .flatMap((row) =>
      [...new Set(rows.filter(isPeer).map(({ engine }) => engine))].map((peer) => {
        const of = (part: Part): string => ratio(row, part, rows, (other) => isPeer(other) && other.engine === peer);
        return { who: `${row.engine} ${row.variant} ${row.dtype} / ${peer}`, fvp: of('fvp'), update: of('update') };
      }),
    )
    .filter(({ fvp }) => fvp !== '–')
    .map(({ who, fvp, update }) => `- ${who}: product ${fvp}${update === '–' ? '' : `, update ${update}`}`)
    .join('\n');

/** What one side does and another does not, each sentence once with those it holds for. */
export const differencesOfKind = (candidates: readonly Candidate[], skipped: readonly Skipped[]): string => {
  const notes = [...new Set(candidates.flatMap(({ notes: own }) => own))];
  const lines = notes.map((note) => {
    const who = candidates
      .filter(({ notes: own }) => own.includes(note))
      .map(({ engine, variant }) => `${engine} ${variant}`);
    return `- ${[...new Set(who)].join('; ')}: ${note}.`;
  });
  const slow = candidates.filter(({ mostRepeats }) => mostRepeats !== undefined);
  if (slow.length > 0)
    lines.push(
      `- ${[...new Set(slow.map(({ engine }) => engine))].join(', ')}: far slower than the others, so timed fewer times (column repeats) and warmed up by its first update only; \`--engine\` with its name times it like the others.`,
    );
  lines.push(
    '- The eleventh product of PyTorch is its column “step size”: without it its update is update − step size.',
  );
  const absent = new Set(skipped.map(({ engine, reason }) => `- ${engine}: skipped, ${reason}.`));
  return [...lines, ...absent].join('\n');
};
