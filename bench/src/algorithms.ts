/** `npm run bench -- algorithms`: all algorithms, and TRPO's ways to size a step, with the same code-level choices, over seeds. */
import type { AlgorithmName, TrpoConfig } from '@natgrad/rl-trpo';
import type { Benchmark } from './command-line.js';
import { averageOf, EPISODES, learningBenchmark, percent, type Result, summarise, type Task } from './learning.js';

const HELP = `Usage: npm run bench -- algorithms [options]

Trains every algorithm, and TRPO with each sizing of the step, in CartPole,
Acrobot and Pendulum: the same presets, networks, advantages, critic and number
of steps for all. CPO needs an environment with costs and is not among them.
Seeds that are in the results already are not repeated.

  --seeds N      seeds 0 to N - 1 (10)
  --env ID       only this task
  --workers N    threads that step the environments, 0 for none (as many as pay)
  --out FILE     results (bench/results/algorithms.json); a table beside it as .md`;

interface Variant {
  readonly variant: string;
  readonly algorithm: AlgorithmName;
  readonly options: Partial<TrpoConfig>;
}

const VARIANTS: readonly Variant[] = [
  { variant: 'TRPO', algorithm: 'trpo', options: {} },
  { variant: 'TRPO, undamped step', algorithm: 'trpo', options: { stepSize: 'undamped' } },
  { variant: 'TRPO, damped step', algorithm: 'trpo', options: { stepSize: 'damped' } },
  { variant: 'natural policy gradient', algorithm: 'natural-policy-gradient', options: {} },
  { variant: 'KL-penalised TRPO', algorithm: 'kl-penalised', options: {} },
  { variant: 'PPO', algorithm: 'ppo', options: {} },
  { variant: 'vanilla policy gradient', algorithm: 'vanilla-policy-gradient', options: {} },
];

const ENVIRONMENTS = [
  { id: 'CartPole-v1', steps: 50_000 },
  { id: 'Acrobot-v1', steps: 50_000 },
  { id: 'Pendulum-v1', steps: 100_000 },
] as const;

const TASKS: readonly Task[] = ENVIRONMENTS.flatMap((task) => VARIANTS.map((variant) => ({ ...task, ...variant })));

const row = (task: Task, all: readonly Result[]): string => {
  const found = summarise(task, all);
  if (found === null) return '';
  const { cells, results } = found;
  const share = (of: (result: Result) => number): string => {
    const average = averageOf(results, of);
    return Number.isFinite(average) ? percent(average) : '–';
  };
  const rejected = share(({ rejected: each }) => each);
  return `| ${[task.id, task.steps, task.variant, results.length, ...cells, share(({ klShare }) => klShare), rejected].join(' | ')} |\n`;
};

const markdown = (all: readonly Result[]): string => `# Algorithms

The presets of the tasks, with nothing changed but the algorithm or the sizing of the step. A policy's score is the mean return of
${EPISODES} deterministic episodes after training. IQM: interquartile mean over the seeds, with the 95 % interval of a percentile bootstrap.
KL: mean KL(old ‖ new) of a step as a share of δ, also for algorithms that have no δ. Rejected: iterations without a step.

Presets were chosen for TRPO on other seeds; the others run with their own defaults for what TRPO does not have (learning rates, clip
range, epochs), untuned.

Made by \`npm run bench -- algorithms\`.

| Task | Steps | Algorithm | Seeds | IQM | Worst … best seed | KL | Rejected |
|---|---|---|---|---|---|---|---|
${TASKS.map((task) => row(task, all)).join('')}`;

export const algorithmsBenchmark: Benchmark = learningBenchmark({
  name: 'algorithms',
  brief: 'all algorithms in the classic tasks, over seeds',
  help: HELP,
  tasks: TASKS,
  markdown,
});
