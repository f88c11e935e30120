/** `npm run bench -- classic`: what TRPO with the presets learns in the classic tasks, over seeds. */
import type { Benchmark } from './command-line.js';
import { averageOf, EPISODES, learningBenchmark, percent, type Result, summarise } from './learning.js';

const CLASSIC_HELP = `Usage: npm run bench -- classic [options]

Trains every classic task with its preset, seed after seed, and evaluates each
policy on 100 episodes. Seeds that are in the results already are not repeated.

  --seeds N      seeds 0 to N - 1 (10)
  --env ID       only this task
  --workers N    threads that step the environments, 0 for none (as many as pay)
  --out FILE     results (bench/results/classic.json); a table beside it as .md`;

/** What is asked of each task: environment steps, and the interquartile mean (or, of CartPole, the worst seed) to reach. */
const TASKS = [
  { id: 'CartPole-v1', steps: 100_000, goal: 'every seed ≥ 475' },
  { id: 'Acrobot-v1', steps: 100_000, goal: 'IQM ≥ −100' },
  { id: 'Pendulum-v1', steps: 200_000, goal: 'IQM ≥ −250' },
  { id: 'MountainCarContinuous-v0', steps: 100_000, goal: '–' },
] as const;

const row = (task: (typeof TASKS)[number], all: readonly Result[]): string => {
  const found = summarise(task, all);
  if (found === null) return '';
  const { cells, results } = found;
  const part = (name: string): string => percent(averageOf(results, ({ time }) => time[name] ?? 0));
  return `| ${[
    task.id,
    String(task.steps),
    String(results.length),
    task.goal,
    ...cells,
    percent(averageOf(results, ({ klShare }) => klShare)),
    percent(averageOf(results, ({ rejected }) => rejected)),
    String(Math.round(averageOf(results, ({ stepsPerSecond }) => stepsPerSecond))),
    ['rollout', 'gradient', 'conjugateGradient', 'lineSearch', 'valueFit'].map(part).join(' / '),
  ].join(' | ')} |\n`;
};

const markdown = (all: readonly Result[]): string => `# Classic tasks

Presets of \`@natgrad/rl-trpo\`, which were chosen on seeds that are not among these. A policy's score is the mean return of ${EPISODES}
deterministic episodes after training. IQM: interquartile mean over the seeds, with the 95 % interval of a percentile bootstrap. KL: mean
share of the trust region used. Time: rollout / gradient / conjugate gradient / line search / value fit. Results whose options name no
engine were computed by the interpreter.

Made by \`npm run bench -- classic\`.

| Task | Steps | Seeds | Asked for | IQM | Worst … best seed | KL | Rejected | Steps/s | Time |
|---|---|---|---|---|---|---|---|---|---|
${TASKS.map((task) => row(task, all)).join('')}`;

export const classic: Benchmark = learningBenchmark({
  name: 'classic',
  brief: 'what TRPO learns in the classic tasks, over seeds',
  help: CLASSIC_HELP,
  tasks: TASKS,
  markdown,
});
