/** `npm run bench -- conjugate-gradient`: products of a solve with each preconditioner, on batches of real training. */
import { preconditioners } from '@natgrad/rl-trpo';
import { type Benchmark, type Values, writeRows } from '../command-line.js';
import { machine } from '../machine.js';
import { digitsOfAgreement, type Measured, measure, milliseconds, TARGETS, USUAL } from './measure.js';
import { systemsOf } from './systems.js';

const HELP = `Usage: npm run bench -- conjugate-gradient [options]

Trains CartPole, Acrobot and Pendulum with their presets, and solves the system
(F + damping) x = g of the step at the beginning, half way and at the end with
each preconditioner: products until the relative residual is 1e-1, 1e-2 and 1e-4,
the error in the norm of F + damping after ten products, the digits to which both
forms of F agree, and milliseconds of a product, and of making and applying a
preconditioner.

  --env ID       only this task
  --steps N      environment steps of training (40960)
  --seed N       seed of training, from 1 (1)
  --json FILE    also write the rows as JSON
  --help         show this`;

const TASKS = ['CartPole-v1', 'Acrobot-v1', 'Pendulum-v1'] as const;
const STAGES = ['early', 'middle', 'late'] as const;
/** That of the presets, and less. */
const DAMPING = [0.1, 0.001] as const;

interface Row extends Measured {
  readonly environment: string;
  readonly stage: string;
  readonly steps: number;
  readonly seed: number;
  readonly digits: number;
  /** Milliseconds of a product with F as JᵀMJ. */
  readonly product: number;
}

const exponential = (x: number): string => x.toExponential(0).replace('-', '\u2212');

const table = (rows: readonly Row[]): string => {
  const names = Object.keys(preconditioners);
  const targets = TARGETS.map((target) => exponential(target)).join(' / ');
  const head = ['task', 'stage', 'damping', 'digits', ...names.map((name) => `${name}: ${targets}; error`)];
  const body = rows.map(({ environment, stage, damping, digits, solves }) => [
    ...[environment, stage, String(damping), digits.toFixed(1)],
    ...solves.map(
      ({ products, error }) => `${products.map((count) => count ?? '>500').join(' / ')}; ${exponential(error)}`,
    ),
  ]);
  return [head, head.map((_, k) => (k < 2 ? '---' : '---:')), ...body]
    .map((line) => `| ${line.join(' | ')} |`)
    .join('\n');
};

const costs = (rows: readonly Row[]): string => {
  const names = Object.keys(preconditioners).filter((name) => name !== 'none');
  const head = ['task', 'product, ms', ...names.flatMap((name) => [`make ${name}`, `apply ${name}`])];
  const body = rows
    .filter(({ stage, damping }) => stage === STAGES[1] && damping === DAMPING[0])
    .map(({ environment, product, solves }) => [
      environment,
      product.toFixed(2),
      ...names.flatMap((name) => {
        const found = solves.find(({ preconditioner }) => preconditioner === name);
        return [found?.make ?? Number.NaN, found?.apply ?? Number.NaN].map((x) => x.toFixed(2));
      }),
    ]);
  return [head, head.map((_, k) => (k < 1 ? '---' : '---:')), ...body]
    .map((line) => `| ${line.join(' | ')} |`)
    .join('\n');
};

const runConjugateGradient = async (values: Values): Promise<void> => {
  const tasks = values.text('env') === undefined ? TASKS : [values.choice('env', TASKS, TASKS[0])];
  const [steps, seed] = [values.count('steps', 40_960), values.count('seed', 1)];
  const rows: Row[] = [];
  for (const environment of tasks) {
    const systems = await systemsOf(environment, steps, seed);
    systems.forEach((system, k) => {
      const about = {
        environment,
        stage: STAGES[k] ?? '',
        steps: system.steps,
        seed,
        digits: digitsOfAgreement(system),
        product: milliseconds(() => system.gaussNewton(system.gradient)),
      };
      rows.push(...DAMPING.map((damping) => ({ ...about, ...measure(system, damping) })));
    });
  }
  console.log(`Products of conjugate gradient until the relative residual is ${TARGETS.join(', ')}; error: that of x after
${USUAL} products in the norm of F + damping. Digits: agreement of JᵀMJ and the Hessian of KL. ${steps} steps of training, seed ${seed}.

${table(rows)}

Half way, damping ${DAMPING[0]}, milliseconds (medians):

${costs(rows)}

${machine()}`);
  writeRows(values, rows);
};

export const conjugateGradientBenchmark: Benchmark = {
  name: 'conjugate-gradient',
  brief: 'products that a solve takes with each preconditioner',
  help: HELP,
  flags: {
    env: { type: 'string' },
    steps: { type: 'string' },
    seed: { type: 'string' },
    json: { type: 'string' },
  },
  run: runConjugateGradient,
};
