/** The summary as Markdown. */
import { SIZES } from './measure.js';
import type { Row, Summary, Violations } from './summary.js';

/** Three digits, in powers of ten where they are small. */
const short = (x: number): string => {
  if (x === 0) return '0';
  const text = Math.abs(x) < 1e-3 || Math.abs(x) >= 1e4 ? x.toExponential(1) : String(Number(x.toPrecision(3)));
  return text.replace('e+', 'e').replaceAll('-', '−');
};

const percent = (x: number): string => {
  const value = 100 * x;
  return `${value === 0 || value === 100 ? String(value) : value.toFixed(value < 0.1 ? 3 : 1)} %`;
};

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [line(head), `| ${head.map((_, i) => (i === 0 ? ':--' : '--:')).join(' | ')} |`, ...rows.map(line)].join('\n');

const cellsOf = ({ gamma, algorithm, closed, interval, ...row }: Row): readonly string[] => [
  String(gamma),
  algorithm,
  short(row.maxKl),
  short(row.meanKl),
  short(row.fear),
  percent(row.certified),
  percent(row.lowered),
  percent(row.largestFall),
  row.fallsAt === null ? '–' : percent(row.fallsAt),
  percent(row.rejected),
  ...closed.map(({ mean }, i) =>
    i === closed.length - 1 ? `${percent(mean)} [${percent(interval[0])}, ${percent(interval[1])}]` : percent(mean),
  ),
];

/** Step sizes, guarantees and progress of the algorithms. */
const algorithmsTable = ({ rows }: Summary): string =>
  table(
    [
      ...[
        'γ',
        'update',
        'KL_max',
        'mean KL',
        'C·KL_max / gain of L',
        'vouched for',
        'lower J',
        'largest fall',
        'falls at',
        'rejected',
      ],
      ...(rows[0]?.closed ?? []).map(({ after }) => `gap closed after ${after}`),
    ],
    rows.map(cellsOf),
  );

const violationCells = ({ step, mdps, theorem, mixture, variation, mistaken }: Violations): readonly string[] => [
  String(step),
  String(mdps),
  ...[theorem, mixture, variation, mistaken].map(String),
];

/** How many random MDPs break each bound. */
const violationsTable = ({ violations }: Summary): string =>
  table(
    ['step from π to π′', 'MDPs', 'theorem 1', 'mixture bound', 'variation bound', 'theorem 1 with ε′'],
    violations.map(violationCells),
  );

const counterexampleTable = ({ counterexample }: Summary): string =>
  table(
    ['quantity', 'value'],
    Object.entries(counterexample).map(([name, value]) => [name, value.toFixed(6).replace('-', '−')]),
  );

/** The whole report. */
export const report = (summary: Summary): string => `# Theory and practice

Made by \`npm run bench -- theory\`: random MDPs of ${SIZES.states} states, ${SIZES.actions} actions and ${SIZES.branching} successors of each, ${summary.seeds} for each γ; all
quantities exact. KL_max, mean KL and C·KL_max / gain are medians over the updates before 99.9 % of the gap are closed. _Vouched for_:
share of updates for which theorem 1 guarantees that J does not fall. _Lower J_: share of updates that do lower it; the largest fall is
a share of J* − J₀, and _falls at_ how much of its own best gain a run has where J falls (median). _Rejected_: by the line search; such updates count nowhere else. _Gap closed_: (J − J₀)/(J* − J₀), interquartile
mean over the MDPs; the last with the 95 % interval of a bootstrap. J* is the best of all policies; with _states in pairs_ the policy
sees five observations instead of ten states, and cannot get there.

${algorithmsTable(summary)}

## Bounds that random MDPs break

π and π″ are random and independent, π′ = (1 − step)·π + step·π″.

${violationsTable(summary)}

## The counterexample

${counterexampleTable(summary)}
`;
