/** The program: finds the command, runs it, and turns whatever goes wrong into a message and an exit code. */
import { TrainingError } from '@natgrad/rl-trpo';
import { isNatgradError } from '@natgrad/tensor';
import { type Arguments, type CommandLine, HELP, helpText, parseCommandLine, quoted, suggestion } from './arguments.js';
import { doctorLine, runDoctor } from './commands/doctor.js';
import { envsLine, replayLine, runEnvs, runReplay } from './commands/envs.js';
import { evalLine, runEval } from './commands/eval.js';
import { explainLine, runExplain } from './commands/explain.js';
import { optionsLine, runOptions } from './commands/options.js';
import { plotLine, runPlot } from './commands/plot.js';
import { renderLine, runRender } from './commands/render.js';
import { runTrain, trainLine } from './commands/train.js';
import { EXIT, Failure, usage } from './failure.js';
import { version } from './versions.js';

interface Command {
  readonly line: CommandLine;
  readonly run: (args: Arguments) => number | Promise<number>;
}

const COMMANDS: readonly Command[] = [
  { line: trainLine, run: runTrain },
  { line: evalLine, run: runEval },
  { line: plotLine, run: runPlot },
  { line: renderLine, run: runRender },
  { line: envsLine, run: runEnvs },
  { line: replayLine, run: runReplay },
  { line: optionsLine, run: runOptions },
  { line: explainLine, run: runExplain },
  { line: doctorLine, run: runDoctor },
];

const overview = (): string => {
  const width = Math.max(...COMMANDS.map(({ line }) => line.name.length));
  return [
    'Usage: natgrad COMMAND [options]',
    '',
    'Trust-region policy optimisation from the command line.',
    '',
    ...COMMANDS.map(({ line }) => `  ${line.name.padEnd(width)}  ${line.brief}`),
    '',
    '`natgrad COMMAND --help` shows the options of a command; --version the version.',
  ].join('\n');
};

/** The command that the first words name, the longest name first, and the rest of the words. */
const select = (argv: readonly string[]): readonly [Command, readonly string[]] => {
  const byLength = [...COMMANDS].sort((a, b) => b.line.name.length - a.line.name.length);
  for (const command of byLength) {
    const words = command.line.name.split(' ');
    if (words.every((word, i) => argv[i] === word)) return [command, argv.slice(words.length)];
  }
  const names = COMMANDS.map(({ line }) => line.name);
  const word = argv[0] ?? '';
  throw usage(
    word.startsWith('-')
      ? `there is no flag ${quoted(word)} without a command${suggestion(word.replace(/^-+/, ''), [HELP.name, 'version'], '--')}`
      : `there is no command ${quoted(word)}${suggestion(word, names)}`,
  );
};

const dispatch = async (argv: readonly string[]): Promise<number> => {
  const [first] = argv;
  if (first === undefined) throw usage(`what is to be done?\n\n${overview()}`);
  if (argv.length === 1 && (first === '--help' || first === '-h' || first === 'help')) {
    process.stdout.write(`${overview()}\n`);
    return EXIT.done;
  }
  if (argv.length === 1 && first === '--version') {
    process.stdout.write(`${version()}\n`);
    return EXIT.done;
  }
  const [{ line, run }, rest] = select(argv);
  const args = parseCommandLine(line, rest);
  if (args.has(HELP.name)) {
    process.stdout.write(`${helpText(line)}\n`);
    return EXIT.done;
  }
  return run(args);
};

/** Runs a command line and sets the exit code of its thread. */
export const runProgram = async (argv: readonly string[]): Promise<void> => {
  try {
    process.exitCode = await dispatch(argv);
  } catch (error) {
    if (!(error instanceof Failure || error instanceof TrainingError || isNatgradError(error))) throw error;
    process.stderr.write(`natgrad: ${error.message}\n`);
    const code = error instanceof Failure ? error.exitCode : EXIT.failed;
    if (code === EXIT.usage && !/Usage:|cannot be read/.test(error.message))
      process.stderr.write('`natgrad --help`, or --help after a command, shows what there is.\n');
    process.exitCode = code;
  }
};
