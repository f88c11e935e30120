/** Picks a benchmark by name. */
import { algorithmsBenchmark } from './algorithms.js';
import { classic } from './classic.js';
import { type Benchmark, parseFlags, UsageError } from './command-line.js';
import { conjugateGradientBenchmark } from './conjugate-gradient/command.js';
import { environmentsBenchmark } from './environments.js';
import { figuresCommand } from './figures/command.js';
import { inference } from './inference.js';
import { mujoco } from './mujoco.js';
import { pitfallsBenchmark } from './pitfalls/command.js';
import { plan } from './plan.js';
import { scale } from './scale/command.js';
import { soak } from './soak.js';
import { theory } from './theory/command.js';
import { trainingBenchmark } from './training/command.js';
import { update } from './update/command.js';
import { Disagreement } from './update/compare.js';

const BENCHMARKS: readonly Benchmark[] = [
  update,
  plan,
  scale,
  inference,
  environmentsBenchmark,
  trainingBenchmark,
  conjugateGradientBenchmark,
  classic,
  algorithmsBenchmark,
  mujoco,
  theory,
  pitfallsBenchmark,
  soak,
  figuresCommand,
];

const OVERVIEW = `Usage: npm run bench -- BENCHMARK [options]

${BENCHMARKS.map(({ name, brief }) => `  ${name.padEnd(20)}${brief}`).join('\n')}

npm run bench -- BENCHMARK --help says more.`;

/** Runs a benchmark; the result is the exit code: 1 when it failed, 2 for a wrong command line. */
export const bench = async (argv: readonly string[]): Promise<number> => {
  const [name = '', ...rest] = argv;
  const found = BENCHMARKS.find((benchmark) => benchmark.name === name);
  try {
    if (found === undefined) {
      if (name !== '--help' && name !== '-h')
        throw new UsageError(name === '' ? 'which benchmark?' : `there is no benchmark ${JSON.stringify(name)}`);
      console.log(OVERVIEW);
      return 0;
    }
    const values = parseFlags(found.flags, rest);
    if (values === null) console.log(found.help);
    else await found.run(values);
    return 0;
  } catch (error) {
    if (error instanceof UsageError) {
      console.error(`${error.message}\n\n${found?.help ?? OVERVIEW}`);
      return 2;
    }
    // A stack says nothing about a disagreement; about anything else it does.
    console.error(error instanceof Disagreement ? error.message : error);
    return 1;
  }
};
