/** `npm run bench -- mujoco`: what TRPO with the presets learns in the MuJoCo tasks in a million steps, over seeds. */
import { type Chart, chart, type Mark } from './chart/chart.js';
import type { Benchmark } from './command-line.js';
import { averageOf, LAST_EPISODES, learningBenchmark, number, type Result, type Task } from './learning.js';
import { interquartileMean, mean } from './statistics.js';

const HELP = `Usage: npm run bench -- mujoco [options]

Trains every MuJoCo task with its preset for a million steps, seed after seed,
and evaluates each policy on 20 deterministic episodes. Seeds that are in the
results already are not repeated.

  --seeds N      seeds 0 to N - 1 (10)
  --env ID       only this task
  --workers N    threads that step the environments, 0 for none (as many as pay)
  --out FILE     results (bench/results/mujoco.json); a table beside it as .md,
                 and learning curves as .svg`;

const STEPS = 1_000_000;
const EPISODES = 20;

/** The best published results of TRPO in these tasks that are known here, mean and deviation as they were given. */
const TASKS: readonly (Task & { readonly published: string; readonly top: number; readonly low?: number })[] = [
  { id: 'InvertedPendulum-v5', published: '1000', top: 1000 },
  { id: 'Reacher-v5', published: '−4.66', top: 0, low: -50 },
  { id: 'InvertedDoublePendulum-v5', published: '8435 ± 1073', top: 10_000 },
  { id: 'Swimmer-v5', published: '359 ± 2', top: 400 },
  { id: 'HalfCheetah-v5', published: '4471 ± 805', top: 8000, low: -1000 },
  { id: 'Hopper-v5', published: '3372 ± 215', top: 4000 },
  { id: 'Walker2d-v5', published: '4502 ± 234', top: 6000 },
  { id: 'Ant-v5', published: '3554 ± 591', top: 5000, low: -1000 },
  { id: 'Humanoid-v5', published: '1030', top: 1500 },
].map((task) => ({ ...task, steps: STEPS, episodes: EPISODES, curve: true }));

const resultsOf = (id: string, all: readonly Result[]): readonly Result[] =>
  all.filter(({ environment }) => environment === id);

const spread = (values: readonly number[]): string => {
  const centre = mean(values);
  const deviation = Math.sqrt(mean(values.map((x) => (x - centre) ** 2)));
  return `${number(centre)} ± ${number(deviation)} (IQM ${number(interquartileMean(values))})`;
};

const row = ({ id, published }: (typeof TASKS)[number], all: readonly Result[]): string => {
  const results = resultsOf(id, all);
  if (results.length === 0) return '';
  const training = results.map((result) => result.training ?? Number.NaN);
  const judged = results.map((result) => result.mean);
  return `| ${[
    id,
    results.map(({ seed }) => seed).join(' '),
    spread(training),
    spread(judged),
    judged.map(number).join(' '),
    published,
    String(Math.round(averageOf(results, ({ stepsPerSecond }) => stepsPerSecond))),
  ].join(' | ')} |\n`;
};

const markdown = (all: readonly Result[]): string => `# MuJoCo tasks

${STEPS.toLocaleString('en')} steps with the presets of \`@natgrad/rl-trpo\`, which were chosen on other seeds; those of Hopper, Walker2d,
Humanoid and both inverted pendulums were looked for because the ones before fell short on these. Training: the last ${LAST_EPISODES} training
episodes, sampled actions; after training: ${EPISODES} episodes of the most likely action. Means and deviations (with n) are over seeds,
and IQM is their interquartile mean, in which of three the outer ones count a quarter. Published: the best results of TRPO that were found for these tasks, at a million steps, of
versions 1 to 4 of the tasks and other code. Steps per second are of a machine with other work, and of runs that were paused.

Made by \`npm run bench -- mujoco --seeds 3\`.

| Task | Seeds | Training | After training | By seed | Published | Steps/s |
|---|---|---|---|---|---|---|
${TASKS.map((task) => row(task, all)).join('')}`;

const COLOURS = ['blue', 'amber', 'green'] as const;

const curves = ({ id, top, low = 0 }: (typeof TASKS)[number], all: readonly Result[]): Chart => ({
  title: id,
  subtitle: 'Mean return of training episodes, one line per seed',
  panels: [
    {
      x: {
        title: 'steps',
        low: 0,
        high: STEPS,
        ticks: [0, 0.25, 0.5, 0.75, 1].map((x) => ({ at: x * STEPS, label: `${x} M` })),
      },
      y: { title: 'return', low, high: top, ticks: [0, 0.25, 0.5, 0.75, 1].map((x) => low + x * (top - low)) },
      marks: resultsOf(id, all).map(
        ({ seed, curve = [] }): Mark => ({ colour: COLOURS[seed % 3] as 'blue', points: curve, label: `seed ${seed}` }),
      ),
    },
  ],
});

const files = (all: readonly Result[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    TASKS.filter(({ id }) => resultsOf(id, all).length > 0).map((task) => [
      `mujoco-${task.id}.svg`,
      chart(curves(task, all)),
    ]),
  );

export const mujoco: Benchmark = learningBenchmark({
  name: 'mujoco',
  brief: 'what TRPO learns in the MuJoCo tasks, over seeds',
  help: HELP,
  tasks: TASKS,
  markdown,
  files,
});
