/** `natgrad plot`: the learning curve of a run as a picture. */
import { loadMetrics, openRun } from '@natgrad/rl-trpo/runs';
import type { Arguments, CommandLine } from '../arguments.js';
import { EXIT, Failure, usage } from '../failure.js';
import { terminal } from '../output/terminal.js';
import { writeOut } from '../output/write.js';
import { findDefinition } from '../settings.js';
import { orFail } from '../task.js';

export const plotLine: CommandLine = {
  name: 'plot',
  operand: 'DIR',
  brief: 'draw the learning curve of a run',
  summary: 'Draws the learning curve of a run as an SVG, light or dark as its surroundings.',
  flags: [{ name: 'out', value: 'FILE', description: 'the picture to write' }],
};

export const runPlot = async (args: Arguments): Promise<number> => {
  const file = args.value('out');
  if (file === undefined) throw usage('plot needs --out FILE');
  const run = orFail(openRun(args.operands[0] ?? ''));
  const { records } = orFail(loadMetrics(run));
  // Loaded here only: the grammar of graphics takes longer to load than a small training step.
  const { learningCurve } = await import('../plot/learning-curve.js');
  const svg = await learningCurve(records, {
    ...run.description,
    id: run.description.environment.id,
    threshold: findDefinition(run.description.environment.id).rewardThreshold,
  });
  if (svg === null) throw new Failure(`${run.folder}: no episode has ended yet, there is nothing to draw`);
  writeOut(file, svg);
  terminal().write(`${file}\n`);
  return EXIT.done;
};
