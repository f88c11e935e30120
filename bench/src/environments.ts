/** `npm run bench -- environments`: what a pure step costs, beside the same engine stepped in place. */
import { type Env, environments, loadEnv, loadMujoco, type Transition } from '@natgrad/envs';
import { type MujocoTask, mujocoTasks } from '@natgrad/envs/internal';
import { foldIn, type Key, key, uniformAt } from '@natgrad/tensor';
import { type Benchmark, named, type Values, writeRows } from './command-line.js';
import { machine } from './machine.js';
import { orThrow } from './or-throw.js';
import { median } from './statistics.js';

const HELP = `Usage: npm run bench -- environments [options]

Steps per second of every environment under random actions, episodes reset as
they end, on one thread. For MuJoCo tasks also in place: the same engine, the
same observations and rewards, but no state restored or saved; the two in turns.

  --env ID       only this environment
  --steps N      steps of a turn (2000)
  --repeats N    turns to take the median of (9)
  --json FILE    also write the rows as JSON
  --help         show this`;

interface Row {
  readonly environment: string;
  /** Steps per second, median of the turns. */
  readonly pure: number;
  readonly inPlace: number | null;
  /** Median of the turns' pure / in place. */
  readonly ratio: number | null;
}

/** Makes so many steps. */
export type Turn = (steps: number) => void;

/** Random actions, drawn beforehand. */
const actionsOf = ({ actionSpace }: Env): readonly (number | Float64Array)[] => {
  const draw = (i: number, j: number): number => uniformAt(foldIn(key(1), i), j);
  return Array.from({ length: 97 }, (_, i) => {
    if (actionSpace.kind !== 'box') return Math.floor(draw(i, 0) * ((actionSpace as { readonly n?: number }).n ?? 1));
    return Float64Array.from(actionSpace.low, (low, j) => low + draw(i, j) * ((actionSpace.high[j] as number) - low));
  });
};

export const pureTurn = (env: Env): Turn => {
  const actions = actionsOf(env);
  let episode = 0;
  let { state } = env.reset(key(0));
  let at = 0;
  return (steps) => {
    for (let i = 0; i < steps; i += 1, at += 1) {
      const next: Transition<unknown> = env.step(state, actions[at % actions.length] as number);
      ({ state } = next);
      if (!next.terminated && !next.truncated) continue;
      episode += 1;
      ({ state } = env.reset(foldIn(key(0), episode)));
    }
  };
};

/** The same with nothing restored or saved: the state is what the engine holds. */
const inPlaceTurn = async (task: MujocoTask, env: Env): Promise<Turn> => {
  const simulation = orThrow(await loadMujoco()()).simulation(task.model);
  const actions = actionsOf(env) as readonly Float64Array[];
  const options = Object.fromEntries(Object.entries(task.options).map(([name, option]) => [name, option.default]));
  const seconds = simulation.timestep * task.frameSkip;
  const begin = (from: Key): number => {
    const { qpos, qvel } = task.begin(from, simulation, options);
    simulation.begin(qpos, qvel);
    task.observe(simulation, options);
    return task.place(simulation);
  };
  const limit = env.timeLimit ?? Infinity;
  let [episode, elapsed, at] = [0, 0, 0];
  let place = begin(key(0));
  return (steps) => {
    // The other side has used the engine meanwhile.
    place = begin(foldIn(key(0), episode));
    elapsed = 0;
    for (let i = 0; i < steps; i += 1, at += 1, elapsed += 1) {
      const action = actions[at % actions.length] as Float64Array;
      simulation.advance(action, task.frameSkip);
      if (task.contactForces === true) simulation.contactForces();
      const observation = task.observe(simulation, options);
      const next = task.place(simulation);
      const move = { velocity: (next - place) / seconds, action, observation };
      place = next;
      if (!task.judge(simulation, move, options).terminated && elapsed + 1 < limit) continue;
      episode += 1;
      elapsed = -1;
      place = begin(foldIn(key(0), episode));
    }
  };
};

export const rate = (turn: Turn, steps: number): number => {
  const start = performance.now();
  turn(steps);
  return (1000 * steps) / (performance.now() - start);
};

const measure = async (id: string, steps: number, repeats: number): Promise<Row> => {
  const env = orThrow(await loadEnv({ id })());
  const pure = pureTurn(env);
  const task = mujocoTasks.find((each) => each.id === id);
  const inPlace = task === undefined ? null : await inPlaceTurn(task, env);
  const turns = Array.from({ length: repeats + 1 }, () => ({
    pure: rate(pure, steps),
    inPlace: inPlace === null ? null : rate(inPlace, steps),
  })).slice(1);
  const of = (value: (turn: (typeof turns)[number]) => number): number => median(turns.map(value));
  return {
    environment: id,
    pure: Math.round(of((turn) => turn.pure)),
    inPlace: inPlace === null ? null : Math.round(of((turn) => turn.inPlace as number)),
    ratio: inPlace === null ? null : Math.round(1000 * of((turn) => turn.pure / (turn.inPlace as number))) / 1000,
  };
};

const runEnvironments = async (values: Values): Promise<void> => {
  const id = values.text('env');
  const known = environments.map((definition) => ({ name: definition.id }));
  const chosen = id === undefined ? known : [named('env', id, known)];
  const rows: Row[] = [];
  console.log('| Environment | pure, steps/s | in place, steps/s | pure / in place |\n|---|---:|---:|---:|');
  for (const { name } of chosen) {
    const row = await measure(name, values.count('steps', 2000), values.count('repeats', 9));
    rows.push(row);
    console.log(`| ${[row.environment, row.pure, row.inPlace ?? '–', row.ratio ?? '–'].join(' | ')} |`);
  }
  console.log(`\nMedians, one thread. ${machine()}`);
  writeRows(values, rows);
};

export const environmentsBenchmark: Benchmark = {
  name: 'environments',
  brief: 'steps per second of every environment',
  help: HELP,
  flags: {
    env: { type: 'string' },
    steps: { type: 'string' },
    repeats: { type: 'string' },
    json: { type: 'string' },
  },
  run: runEnvironments,
};
