/** `natgrad explain`: what the engine makes of the programs of a step. */
import { explain } from '@natgrad/autodiff';
import { stepPrograms } from '@natgrad/rl-trpo';
import { type Arguments, type CommandLine, quoted, wholeNumber } from '../arguments.js';
import { EXIT, usage } from '../failure.js';
import { terminal } from '../output/terminal.js';
import { resolveSettings, settingFlags } from '../settings.js';
import { environmentAndModel } from '../task.js';

export const explainLine: CommandLine = {
  name: 'explain',
  brief: 'show how a step is compiled',
  summary: 'Shows what the compiled engine makes of the programs of one step.',
  flags: [
    { name: 'env', value: 'ID', description: 'environment (CartPole-v1)' },
    { name: 'preset', value: 'NAME', description: 'options to begin with (those for the environment)' },
    ...settingFlags,
    { name: 'rows', value: 'N', description: 'observations in the batch (batchSize of the options)' },
    { name: 'program', value: 'N', description: 'only this one, with the graph after every pass' },
  ],
  notes: ['Plans name every step: matrix products (gemm), loops, copies, fallbacks.'],
};

/** The last section of an explanation is the plan. */
const planOf = (text: string): string => text.split('\n\n').at(-1) ?? '';

export const runExplain = async (args: Arguments): Promise<number> => {
  const out = terminal();
  const settings = await resolveSettings(args.value('env') ?? 'CartPole-v1', args);
  const rows = wholeNumber('rows', args.value('rows') ?? String(settings.options.batchSize), 1);
  const { model } = await environmentAndModel(settings);
  const programs = stepPrograms(model, rows);
  const chosen = args.value('program');
  if (chosen !== undefined) {
    const program = programs[wholeNumber('program', chosen, 1) - 1];
    if (program === undefined)
      throw usage(`--program takes a number from 1 to ${programs.length}, found ${quoted(chosen)}`);
    out.write(`${out.bold(program.name)}\n\n${explain(program.graph)}\n`);
    return EXIT.done;
  }
  programs.forEach(({ name, graph }, k) => {
    out.write(`${k === 0 ? '' : '\n'}${out.bold(`${k + 1}. ${name}`)}\n${planOf(explain(graph))}\n`);
  });
  return EXIT.done;
};
