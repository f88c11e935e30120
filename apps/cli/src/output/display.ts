/** What training shows while it goes on. */
import type { MetricsRecord } from '@natgrad/rl-trpo/runs';
import type { Written } from '../thread/protocol.js';
import { clock, duration, jsonLine, short, whole, wrapped } from './format.js';
import type { Terminal } from './terminal.js';

export interface Progress {
  /** Environment steps so far, and in the end. */
  readonly steps: number;
  readonly of: number;
  /** Seconds that the remaining steps will take at the recent speed. */
  readonly left: number;
}

export interface Display {
  readonly begin: () => void;
  readonly iteration: (record: MetricsRecord, progress: Progress) => void;
  /** A line about what happens, for people. */
  readonly note: (text: string) => void;
  /** What `note` writes, for the main thread to write when this one is busy. */
  readonly noted: (text: string) => Written;
  /** A line that is drawn over by the next one, on a terminal; nothing elsewhere. */
  readonly status: (text: string) => void;
  /** Takes away what only belongs on the screen while training goes on. */
  readonly end: () => void;
}

interface Column {
  readonly title: string;
  readonly width: number;
  readonly cell: (record: MetricsRecord, progress: Progress) => string;
}

const EXPLAINED: Column = {
  title: 'explained',
  width: 11,
  cell: ({ explainedVarianceAfter: x }) => (x === null ? '–' : `${whole(100 * Math.max(-9.99, x))} %`),
};

/** In its place where costs are reported. */
const COST: Column = { title: 'cost', width: 11, cell: ({ episodes }) => short(episodes.costMean) };

/** Together 79 characters wide. */
const columns = (costs: boolean): readonly Column[] => [
  { title: 'iteration', width: 9, cell: ({ iteration }) => String(iteration) },
  { title: 'steps', width: 11, cell: ({ totalSteps }) => whole(totalSteps) },
  { title: 'return', width: 9, cell: ({ episodes }) => short(episodes.returnMean) },
  { title: 'KL/δ', width: 6, cell: ({ klShare: x }) => (x === null ? '–' : x.toFixed(2)) },
  { title: 'entropy', width: 9, cell: ({ entropy }) => short(entropy) },
  costs ? COST : EXPLAINED,
  { title: 'steps/s', width: 8, cell: ({ stepsPerSecond }) => whole(stepsPerSecond) },
  { title: 'done', width: 7, cell: (_, { steps, of }) => percent(steps, of) },
  { title: 'left', width: 9, cell: (_, { left }) => clock(left) },
];

const percent = (steps: number, of: number): string => `${Math.floor((100 * Math.min(steps, of)) / Math.max(1, of))} %`;

const workersText = (workers: number): string =>
  workers === 0 ? '  rollouts without workers' : `  rollouts by ${workers} worker${workers === 1 ? '' : 's'}`;

const failuresText = ({ count, first }: NonNullable<MetricsRecord['failures']>): string => {
  const what = count === 1 ? 'a step' : `${whole(count)} steps`;
  const lines = wrapped(`${what} could not be made and ended the episode: ${first}`, 77);
  return lines.map((line) => `  ${line}`).join('\n');
};

const BAR = 24;
/** Back to the beginning of the line, and erase it. */
const ERASE = '\r\u001b[2K';

const bar = ({ steps, of }: Progress): string => {
  const full = Math.round(BAR * Math.min(1, steps / Math.max(1, of)));
  return '█'.repeat(full) + '░'.repeat(BAR - full);
};

const statusLine = (progress: Progress): string =>
  `${bar(progress)} ${percent(progress.steps, progress.of)} of ${whole(progress.of)} steps, ${duration(progress.left)} left; Ctrl-C saves and stops`;

/** A row per iteration; below them, on a terminal, a progress bar that moves. */
export const tableDisplay = (terminal: Terminal, costs = false): Display => {
  const shown = columns(costs);
  const row = (cells: readonly string[]): string =>
    `${cells.map((cell, i) => cell.padStart(shown[i]?.width ?? 0)).join('')}\n`;
  const erase = (): void => {
    if (terminal.live) terminal.write(ERASE);
  };
  const noted = (text: string): Written => ({ to: 'stdout', text: `${terminal.live ? ERASE : ''}${text}\n` });
  const draw = (text: string): void => {
    if (terminal.live) terminal.write(terminal.dim(text.slice(0, terminal.columns - 1)));
  };
  let acting = 0;
  return {
    begin: () => terminal.write(terminal.bold(row(shown.map(({ title }) => title)))),
    iteration: (record, progress) => {
      erase();
      terminal.write(row(shown.map(({ cell }) => cell(record, progress))));
      if (record.workers !== acting) terminal.write(`${workersText(record.workers)}\n`);
      acting = record.workers;
      if (record.failures !== null) terminal.write(`${failuresText(record.failures)}\n`);
      draw(statusLine(progress));
    },
    note: (text) => terminal.write(noted(text).text),
    noted,
    status: (text) => {
      erase();
      draw(text);
    },
    end: erase,
  };
};

/** A line of JSON per iteration; notes go to standard error. */
export const jsonDisplay = (terminal: Terminal): Display => ({
  begin: () => undefined,
  iteration: (record) => terminal.write(`${jsonLine({ type: 'iteration', ...record })}\n`),
  note: (text) => {
    process.stderr.write(`${text}\n`);
  },
  noted: (text) => ({ to: 'stderr', text: `${text}\n` }),
  status: () => undefined,
  end: () => undefined,
});
