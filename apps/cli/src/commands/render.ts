/** `natgrad render`: what the policy of a run does, as a film. */
import { setImmediate } from 'node:timers/promises';
import { animate, type Env, filmOf, type Scene, type Theme } from '@natgrad/envs';
import { algorithmTitles, type EvaluationMode, type PlayedStep, play } from '@natgrad/rl-trpo';
import { loadSnapshot, openRun, type RunDescription } from '@natgrad/rl-trpo/runs';
import { foldIn, key } from '@natgrad/tensor';
import { type Arguments, type CommandLine, quoted, wholeNumber } from '../arguments.js';
import { chooseEngine, engineFlags } from '../engine.js';
import { EXIT, Failure, usage } from '../failure.js';
import { short, whole } from '../output/format.js';
import { type Terminal, terminal } from '../output/terminal.js';
import { writeOut } from '../output/write.js';
import { pageOf, type Subject } from '../page/page.js';
import { tracesOf } from '../page/traces.js';
import { environmentAndModel, orFail } from '../task.js';

const THEMES: readonly Theme[] = ['auto', 'light', 'dark'];

/** So that a file stays one that a browser opens. */
const MOST_STEPS = 10_000;

export const renderLine: CommandLine = {
  name: 'render',
  operand: 'DIR',
  brief: 'show an episode of the policy of a run, as a film',
  summary:
    'Plays an episode of the newest policy of a run into one file: a page with\ncontrols and traces (.html), or an animated picture (.svg).',
  flags: [
    { name: 'out', value: 'FILE', description: 'the file to write: .html or .svg' },
    { name: 'episode', value: 'N', description: 'which episode (0): those that `natgrad eval` counts' },
    { name: 'seed', value: 'N', description: 'episodes of another seed than the evaluation of the run' },
    { name: 'sampled', description: 'sample actions, as in training, instead of the best guess' },
    { name: 'max-steps', value: 'N', description: 'steps after which it is cut (1000)' },
    { name: 'width', value: 'N', description: 'width of the picture (640)' },
    { name: 'theme', value: 'NAME', description: "auto, light or dark (auto: the reader's choice)" },
    ...engineFlags,
  ],
};

interface Wanted {
  readonly file: string;
  readonly kind: 'html' | 'svg';
  readonly episode: number;
  readonly seed: number | null;
  readonly mode: EvaluationMode;
  readonly maxSteps: number;
  readonly width: number;
  readonly theme: Theme;
}

const between = (flag: string, text: string, least: number, most: number): number => {
  const value = wholeNumber(flag, text, least);
  if (value > most) throw usage(`--${flag} takes a whole number ≤ ${most}, found ${quoted(text)}`);
  return value;
};

/** All of the command line, checked before anything is read. */
const wantedOf = (args: Arguments): Wanted => {
  const file = args.value('out');
  if (file === undefined) throw usage('render needs --out FILE');
  const [, kind] = /\.(html|svg)$/i.exec(file) ?? [];
  if (kind === undefined) throw usage(`--out takes a file that ends in .html or .svg, found ${quoted(file)}`);
  const theme = args.value('theme') ?? 'auto';
  if (!THEMES.includes(theme as Theme)) throw usage(`--theme takes ${THEMES.join(', ')}, found ${quoted(theme)}`);
  const seed = args.value('seed');
  return {
    file,
    kind: kind.toLowerCase() as Wanted['kind'],
    episode: wholeNumber('episode', args.value('episode') ?? '0', 0),
    seed: seed === undefined ? null : wholeNumber('seed', seed, 0),
    mode: args.has('sampled') ? 'sampled' : 'deterministic',
    maxSteps: between('max-steps', args.value('max-steps') ?? '1000', 1, MOST_STEPS),
    width: between('width', args.value('width') ?? '640', 160, 4096),
    theme: theme as Theme,
  };
};

/** The steps; on a terminal it says how far it is once that takes longer than a second. */
const collect = async (out: Terminal, steps: Iterable<PlayedStep>): Promise<readonly PlayedStep[]> => {
  const all: PlayedStep[] = [];
  let told = Date.now();
  let shown = false;
  for (const step of steps) {
    all.push(step);
    if (!out.live || Date.now() - told < 1000) continue;
    told = Date.now();
    shown = true;
    out.write(`\r${out.dim(`step ${whole(all.length)}`)}`);
    // So that Ctrl-C is heard.
    await setImmediate();
  }
  if (shown) out.write('\r\u001b[2K');
  return all;
};

/** A picture per state: what is done in it, too, but in the last one. */
const scenesOf = (env: Env, steps: readonly PlayedStep[]): readonly Scene[] => {
  const scene = env.scene?.bind(env);
  if (scene === undefined) throw usage(`${env.id} has no picture: its environment describes no scene`);
  const end = steps.at(-1) as PlayedStep;
  return [...steps.map(({ state, action }) => scene(state, action)), scene(end.transition.state)];
};

const ending = ({ transition }: PlayedStep): string =>
  transition.failure !== undefined
    ? `ended by a step that could not be made (${transition.failure.found})`
    : transition.terminated
      ? 'ended by itself'
      : transition.truncated
        ? 'cut by the time limit'
        : 'cut by --max-steps';

const subjectOf = (
  { environment, algorithm, seed }: RunDescription,
  learnt: number,
  { episode, seed: other, mode, theme }: Wanted,
  steps: readonly PlayedStep[],
): Subject => {
  const total = steps.reduce((sum, { transition }) => sum + transition.reward, 0);
  const choice = mode === 'sampled' ? 'sampled actions' : 'the best guess at each step';
  return {
    title: `${environment.id} by ${algorithmTitles[algorithm]}`,
    about:
      `The policy after ${whole(learnt)} steps of training (seed ${seed}), ${choice}; ` +
      `episode ${episode}${other === null ? ' of its evaluation' : ` of seed ${other}`}: ` +
      `return ${short(total)} in ${whole(steps.length)} steps, ${ending(steps.at(-1) as PlayedStep)}.`,
    theme,
  };
};

export const runRender = async (args: Arguments): Promise<number> => {
  const out = terminal();
  const wanted = wantedOf(args);
  const run = orFail(openRun(args.operands[0] ?? ''));
  // Acting has no use for a BLAS: where the engine of the run is missing, the next best acts alike.
  const description = { ...run.description, options: chooseEngine(run.description.options, args, false).options };
  const { env, model } = await environmentAndModel(description);
  const snapshot = orFail(loadSnapshot(run));
  if (snapshot === null) throw new Failure(`${run.folder}: there is no checkpoint yet, nothing to show`);
  const steps = await collect(
    out,
    play({ env, model, ...description.options }, snapshot.state, {
      key: wanted.seed === null ? foldIn(key(description.seed), 0) : key(wanted.seed),
      episode: wanted.episode,
      mode: wanted.mode,
      maxSteps: wanted.maxSteps,
    }),
  );
  const scenes = scenesOf(env, steps);
  const subject = subjectOf(description, snapshot.state.steps, wanted, steps);
  const options = { width: wanted.width, theme: wanted.theme, title: `${subject.title}. ${subject.about}` };
  const text =
    wanted.kind === 'svg'
      ? animate(scenes, options)
      : pageOf(filmOf(scenes, options), tracesOf(steps, env.actionSpace, env.reportsCost === true), subject);
  writeOut(wanted.file, text);
  out.write(`${subject.about}\n${wanted.file}\n`);
  return EXIT.done;
};
