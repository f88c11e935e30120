/** `natgrad train`: trains, saves, and says what came of it. */
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Env } from '@natgrad/envs';
import {
  type AlgorithmName,
  algorithmNames,
  algorithmTitles,
  costsMissing,
  decodeAlgorithm,
  type Evaluation,
  type Iteration,
  needsCosts,
  type Snapshot,
  train,
  type WorkerCount,
} from '@natgrad/rl-trpo';
import {
  changeEngine,
  createRun,
  extendRun,
  type MetricsRecord,
  type ResumedRun,
  type Run,
  recordIteration,
  resumeRun,
  saveEvaluation,
  savingTo,
} from '@natgrad/rl-trpo/runs';
import { treeLeaves } from '@natgrad/tensor';
import { isLeft } from 'fp-ts/lib/Either.js';
import { type Arguments, type CommandLine, wholeNumber } from '../arguments.js';
import { type ChosenEngine, chooseEngine, engineFlags, engineTitle } from '../engine.js';
import { EXIT, usage } from '../failure.js';
import { type Display, jsonDisplay, type Progress, tableDisplay } from '../output/display.js';
import { duration, jsonLine, short, whole, wrapped } from '../output/format.js';
import { type Terminal, terminal } from '../output/terminal.js';
import { findDefinition, resolveSettings, settingFlags } from '../settings.js';
import {
  environmentAndModel,
  evaluateTask,
  evaluationOf,
  isSolved,
  orFail,
  snapshotOf,
  type Task,
  taskOf,
} from '../task.js';
import { stopRequest } from '../thread/stop-request.js';
import { differences, versions } from '../versions.js';
import { resultOf } from './result.js';
import { evaluating, watched } from './watched.js';

export const trainLine: CommandLine = {
  name: 'train',
  brief: 'train a policy; the run is a folder',
  summary: 'Trains a policy. The run is a folder.',
  flags: [
    { name: 'env', value: 'ID', description: 'environment, see `natgrad envs`' },
    { name: 'algorithm', value: 'NAME', description: 'what improves the policy, see below (trpo)' },
    { name: 'distribution', value: 'NAME', description: 'of actions, see `natgrad options` (by environment)' },
    { name: 'seed', value: 'N', description: 'source of all randomness (0)' },
    { name: 'steps', value: 'N', description: 'environment steps to train for (100000)' },
    { name: 'preset', value: 'NAME', description: 'options to begin with (those for the environment)' },
    ...settingFlags,
    ...engineFlags,
    { name: 'workers', value: 'N', description: 'threads that act, 0: none (as many as are worth it)' },
    { name: 'until-solved', description: 'stop when evaluations reach the threshold (else exit 1)' },
    { name: 'episodes', value: 'N', description: 'episodes of the evaluation at the end (100)' },
    { name: 'out', value: 'DIR', description: 'folder of the run (a new one under runs/)' },
    { name: 'resume', value: 'DIR', description: 'go on with a stopped run, to the bit' },
    { name: 'json', description: 'a line of JSON per iteration, one more at the end' },
  ],
  notes: [
    ...wrapped(`Algorithms: ${algorithmNames.join(', ')}. Ctrl-C saves and stops (exit code 130); twice: at once.`, 79),
  ],
};

const FIXED = ['env', 'algorithm', 'distribution', 'seed', 'preset', 'set', 'out'] as const;

/** The first free name for a run of an environment. */
const freshFolder = (id: string, algorithm: AlgorithmName, seed: number): string => {
  const by = algorithm === 'trpo' ? '' : `-${algorithm}`;
  const base = join('runs', `${id.toLowerCase()}${by}-seed-${seed}`);
  const free = (n: number): string => {
    const name = n === 1 ? base : `${base}-${n}`;
    return existsSync(name) ? free(n + 1) : name;
  };
  return free(1);
};

/** The algorithm of a new run; refuses one that needs costs where none are reported. */
const chooseAlgorithm = (name: string, env: Env): AlgorithmName => {
  const known = decodeAlgorithm(name);
  if (isLeft(known)) throw usage(known.left.message);
  if (needsCosts(known.right) && env.reportsCost !== true) throw usage(costsMissing(known.right, env.id).message);
  return known.right;
};

/** A run to train, and the engine that it cannot have here. */
type Begun = ResumedRun & Pick<ChosenEngine, 'missing'>;

const begin = async (args: Arguments): Promise<Begun> => {
  const id = args.value('env');
  if (id === undefined) throw usage('train needs --env ID or --resume DIR; `natgrad envs` lists the environments');
  const seed = wholeNumber('seed', args.value('seed') ?? '0', 0);
  const steps = wholeNumber('steps', args.value('steps') ?? '100000', 1);
  const distribution = args.value('distribution');
  const more = distribution === undefined ? [] : [`distribution=${distribution}`];
  const settings = await resolveSettings(id, args, more);
  // Refuses, before there is a folder, a policy that does not fit the environment.
  const { env } = await environmentAndModel(settings);
  if (args.has('until-solved') && findDefinition(id).rewardThreshold === null)
    throw usage(`--until-solved: nobody has agreed when ${id} is solved; leave it out`);
  const algorithm = chooseAlgorithm(args.value('algorithm') ?? 'trpo', env);
  const folder = args.value('out') ?? freshFolder(id, algorithm, seed);
  const { options, chosen } = chooseEngine(settings.options, args, settings.options.engine !== 'default');
  const description = { ...settings, options, algorithm, seed, steps, versions: versions(options) };
  const run = orFail(createRun(folder, { ...description, ...(chosen ? { engineChosen: true } : {}) }));
  return { run, snapshot: null, records: [], missing: null };
};

const resume = (folder: string, args: Arguments): Begun => {
  const also = FIXED.find((flag) => args.has(flag));
  if (also !== undefined)
    throw usage(
      `--${also} is fixed when a run begins; with --resume only --steps, --episodes, --until-solved, --engine, --deterministic, --workers and --json`,
    );
  const resumed = orFail(resumeRun(folder));
  const { description } = resumed.run;
  const given = args.value('steps');
  const steps = given === undefined ? description.steps : wholeNumber('steps', given, 1);
  const made = resumed.snapshot?.state.steps ?? 0;
  if (given !== undefined && steps <= made)
    throw usage(
      `--steps ${steps}: this run has made ${made} already; with --resume it takes how many there are to be in all`,
    );
  // The engine that is recorded, unless the command line says otherwise: then that is recorded from here on.
  const { options, chosen, missing } = chooseEngine(description.options, args, description.engineChosen ?? false);
  const extended = orFail(extendRun(resumed.run, steps));
  const run = orFail(changeEngine(extended, options, chosen));
  return { ...resumed, run, missing };
};

/** Steps per second over the last few iterations decide the time left. */
const RECENT = 5;

const progressOf = (records: readonly MetricsRecord[], of: number): Progress => {
  const recent = records.slice(-RECENT);
  const seconds = recent.reduce((sum, record) => sum + record.seconds.total, 0);
  const made = recent.reduce((sum, record) => sum + record.steps, 0);
  const steps = records.at(-1)?.totalSteps ?? 0;
  return { steps, of, left: (Math.max(0, of - steps) * seconds) / Math.max(1, made) };
};

/** Few episodes tell whether all of an evaluation are worth their time. */
const PRELIMINARY = 10;

interface Trained {
  readonly snapshot: Snapshot;
  readonly records: readonly MetricsRecord[];
  readonly stopped: boolean;
}

/**
 * Solved beyond doubt: also with sampled actions, as in training. Early on the best guess of an almost random policy may do
 * well by luck.
 */
const isSolvedNow = (task: Task, run: Run, iteration: Iteration, episodes: number): boolean =>
  [Math.min(PRELIMINARY, episodes), episodes].every((count) =>
    (['sampled', 'deterministic'] as const).every(
      (mode) => isSolved(task, evaluateTask(task, run.description, iteration, count, mode)) === true,
    ),
  );

/** What the loop is told beside the run itself. */
interface LoopOptions {
  readonly episodes: number;
  readonly untilSolved: boolean;
  readonly workers: WorkerCount;
}

/** The loop: trains, saves, shows. */
const trainAndSave = async (
  task: Task,
  resumed: ResumedRun,
  display: Display,
  { episodes, untilSolved, workers }: LoopOptions,
): Promise<Trained> => {
  const { run, snapshot } = resumed;
  const request = stopRequest(display.noted('Stopping after this iteration (Ctrl-C again: at once).'));
  const saving = savingTo(run);
  const records = [...resumed.records];
  let last = snapshotOf(task, snapshot);
  try {
    for await (const iteration of train({
      ...task.training,
      workers,
      ...(snapshot === null ? {} : { from: snapshot }),
    })) {
      const record = orFail(recordIteration(run, iteration, records.at(-1)?.elapsed ?? 0));
      orFail(saving.offer(iteration));
      records.push(record);
      display.iteration(record, progressOf(records, run.description.steps));
      last = iteration;
      if (request.stopped()) break;
      if (untilSolved && isSolvedNow(task, run, iteration, episodes)) break;
      // Also one that was asked for while the policy was judged, which takes seconds.
      if (request.stopped()) break;
    }
  } finally {
    display.end();
    orFail(saving.finish());
    request.release();
  }
  return { snapshot: last, records, stopped: request.stopped() };
};

/** The evaluation at the end; null where Ctrl-C stopped it. */
const evaluateAtEnd = async (
  task: Task,
  run: Run,
  snapshot: Snapshot,
  episodes: number,
  display: Display,
): Promise<Evaluation | null> => {
  const request = stopRequest(display.noted('Stopping the evaluation (Ctrl-C again: at once).'));
  try {
    return await watched(evaluationOf(task, run.description, snapshot, episodes), display, request.stopped);
  } finally {
    display.end();
    request.release();
  }
};

const shellQuoted = (path: string): string => (/^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`);

/** Folders as one would type them here. */
const typed = (folder: string): string => {
  const path = relative(process.cwd(), folder);
  return shellQuoted(path === '' || path.startsWith('..') ? folder : path);
};

const learnt = (task: Task, { records, snapshot }: Trained): string => {
  const parameters = treeLeaves(snapshot.state.policy).reduce((sum, leaf) => sum + leaf.size, 0);
  const returns = records.flatMap(({ episodes }) => (episodes.returnMean === null ? [] : [episodes.returnMean]));
  const rise =
    returns.length < 2
      ? ''
      : `; in training its return went from ${short(returns[0] ?? null)} to ${short(returns.at(-1) ?? null)}`;
  return `a policy of ${whole(parameters)} numbers that maps ${task.model.observationWidth} observations to actions${rise}`;
};

const conclusion = (
  out: Terminal,
  task: Task,
  run: Run,
  trained: Trained,
  result: ReturnType<typeof resultOf>,
): void => {
  const folder = typed(run.folder);
  const { environment, mean, deviation, episodes, solved, threshold, steps, seconds } = result;
  const verdict = solved === null ? 'is trained' : solved ? out.green('is solved') : 'is not solved yet';
  const bar = threshold === null ? '' : ` (solved: ${threshold})`;
  const other = environment === 'Acrobot-v1' ? 'Pendulum-v1' : 'Acrobot-v1';
  const next = [
    `npx natgrad plot ${folder} --out curve.svg`,
    `npx natgrad render ${folder} --out episode.html`,
    ...(solved === true ? [] : [`npx natgrad train --resume ${folder} --steps ${2 * run.description.steps}`]),
    `npx natgrad train --env ${other}`,
  ];
  out.write(
    `\n${out.bold(environment)} ${verdict}: mean return ${short(mean)} ± ${short(deviation)} of ${episodes} episodes${bar},\nafter ${whole(steps)} steps in ${duration(seconds)}.\n\n` +
      `Learnt:  ${learnt(task, trained).replace('; ', ';\n         ')}.\nSaved:   ${folder}\nNext:    ${next.join('\n         ')}\n`,
  );
};

export const runTrain = async (args: Arguments): Promise<number> => {
  const out = terminal();
  const json = args.has('json');
  const episodes = wholeNumber('episodes', args.value('episodes') ?? '100', 1);
  const untilSolved = args.has('until-solved');
  const given = args.value('workers');
  const workers: WorkerCount = given === undefined ? 'auto' : wholeNumber('workers', given, 0);
  const folder = args.value('resume');
  const resumed = folder === undefined ? await begin(args) : resume(folder, args);
  const { run } = resumed;
  const task = await taskOf(run.description);
  const display = json ? jsonDisplay(out) : tableDisplay(out, task.env.reportsCost === true);
  const { missing } = resumed;
  if (missing !== null)
    display.note(
      `${missing} does not run here (see natgrad doctor): ${run.description.options.engine} goes on; bits may differ.`,
    );
  const changed = differences(run.description.versions, versions(run.description.options)).filter(
    (each) => missing === null || !each.startsWith('engine '),
  );
  if (changed.length > 0)
    display.note(`Other versions than this run began with (${changed.join(', ')}): bits may differ from here on.`);
  const { environment, algorithm, seed, steps } = run.description;
  const by = algorithm === 'trpo' ? '' : ` by ${algorithmTitles[algorithm]}`;
  if (!json)
    display.note(
      `Training ${environment.id}${by}, seed ${seed}, ${whole(steps)} steps, in ${typed(run.folder)}\nEngine: ${engineTitle(run.description.options, missing !== null || run.description.engineChosen === true)}\n`,
    );
  display.begin();
  const trained = await trainAndSave(task, resumed, display, { episodes, untilSolved, workers });
  if (trained.stopped) {
    const goOn = `npx natgrad train --resume ${typed(run.folder)}${untilSolved ? ' --until-solved' : ''}`;
    display.note(`Saved iteration ${trained.snapshot.state.iteration} in ${typed(run.folder)}. Go on with:\n  ${goOn}`);
    return EXIT.interrupted;
  }
  if (!json) display.note(evaluating(episodes));
  const evaluation = await evaluateAtEnd(task, run, trained.snapshot, episodes, display);
  if (evaluation === null) {
    display.note(
      `Stopped before the evaluation was over; iteration ${trained.snapshot.state.iteration} is saved in ${typed(run.folder)}. Evaluate with:\n` +
        `  npx natgrad train --resume ${typed(run.folder)} --episodes ${episodes}`,
    );
    return EXIT.interrupted;
  }
  const result = resultOf(task, run, trained.snapshot, trained.records, evaluation);
  orFail(
    saveEvaluation(run, {
      ...result,
      versions: versions(run.description.options),
      returns: evaluation.returns,
      lengths: evaluation.lengths,
    }),
  );
  if (json) out.write(`${jsonLine(result)}\n`);
  else conclusion(out, task, run, trained, result);
  return untilSolved && result.solved !== true ? EXIT.failed : EXIT.done;
};
