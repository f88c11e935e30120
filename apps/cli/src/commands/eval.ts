/** `natgrad eval`: how good is the policy of a run? */
import type { Evaluation } from '@natgrad/rl-trpo';
import { loadMetrics, loadSnapshot, openRun } from '@natgrad/rl-trpo/runs';
import { type Arguments, type CommandLine, wholeNumber } from '../arguments.js';
import { chooseEngine, engineFlags } from '../engine.js';
import { EXIT } from '../failure.js';
import { type Display, jsonDisplay, tableDisplay } from '../output/display.js';
import { jsonLine, short, whole } from '../output/format.js';
import { terminal } from '../output/terminal.js';
import { evaluationOf, orFail, snapshotOf, taskOf } from '../task.js';
import { resultOf } from './result.js';
import { evaluating, watched } from './watched.js';

export const evalLine: CommandLine = {
  name: 'eval',
  operand: 'DIR',
  brief: 'evaluate the policy of a run',
  summary: 'Evaluates the policy of a run on episodes of their own; nothing is changed.',
  flags: [
    { name: 'episodes', value: 'N', description: 'episodes (100)' },
    { name: 'sampled', description: 'sample actions, as in training, instead of the best guess' },
    ...engineFlags,
    { name: 'json', description: 'one line of JSON' },
  ],
};

/** Null where Ctrl-C stopped it, within a turn of `watched`; npm sends a press twice, and the second says nothing new. */
const interruptible = async (
  evaluation: ReturnType<typeof evaluationOf>,
  display: Display,
): Promise<Evaluation | null> => {
  let asked = false;
  const stop = (): void => {
    asked = true;
  };
  process.on('SIGINT', stop);
  try {
    return await watched(evaluation, display, () => asked);
  } finally {
    display.end();
    process.off('SIGINT', stop);
  }
};

export const runEval = async (args: Arguments): Promise<number> => {
  const out = terminal();
  const run = orFail(openRun(args.operands[0] ?? ''));
  // Acting has no use for a BLAS: where the engine of the run is missing, the next best acts alike.
  const description = { ...run.description, options: chooseEngine(run.description.options, args, false).options };
  const task = await taskOf(description);
  const snapshot = snapshotOf(task, orFail(loadSnapshot(run)));
  const { records } = orFail(loadMetrics(run));
  const episodes = wholeNumber('episodes', args.value('episodes') ?? '100', 1);
  const mode = args.has('sampled') ? 'sampled' : 'deterministic';
  const json = args.has('json');
  const display = json ? jsonDisplay(out) : tableDisplay(out);
  if (!json) display.note(evaluating(episodes));
  const evaluation = await interruptible(evaluationOf(task, description, snapshot, episodes, mode), display);
  if (evaluation === null) {
    process.stderr.write('Stopped before the evaluation was over.\n');
    return EXIT.interrupted;
  }
  const result = resultOf(task, run, snapshot, records, evaluation);
  if (json) {
    out.write(`${jsonLine(result)}\n`);
    return EXIT.done;
  }
  const { environment, mean, deviation, min, max, cost, solved, threshold, steps } = result;
  const costs = cost === null ? '' : `\ncost ${short(cost)}`;
  const verdict =
    solved === null
      ? ''
      : solved
        ? `\nSolved: the threshold is ${threshold}.`
        : `\nNot solved: the threshold is ${threshold}.`;
  out.write(
    `${environment} after ${whole(steps)} steps, ${episodes} ${evaluation.mode} episodes\n` +
      `return ${short(mean)} ± ${short(deviation)}, from ${short(min)} to ${short(max)}${costs}${verdict}\n`,
  );
  return EXIT.done;
};
