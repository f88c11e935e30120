/** `natgrad render`: one file that shows an episode. */
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadEnv } from '@natgrad/envs';
import { type PlayedStep, play, tryModelFor } from '@natgrad/rl-trpo';
import { loadSnapshot, openRun } from '@natgrad/rl-trpo/runs';
import { foldIn, key } from '@natgrad/tensor';
import { type Either, isLeft } from 'fp-ts/lib/Either.js';
import { beforeAll, describe, expect, test } from 'vitest';
import { drawingOf, LISTS, type Mark } from '../../packages/envs/src/render/drawing.js';
import { pathThrough, placingOf } from '../../packages/envs/src/render/markup.js';
import { below, treeOf } from '../svg.js';
import { open } from './_page.js';
import { natgrad } from './natgrad.js';

const cli = natgrad();
const small = [
  '--set',
  'batchSize=64',
  '--set',
  'hidden=8',
  '--set',
  'valueEpochs=1',
  '--steps',
  '128',
  '--episodes',
  '1',
];

const right = <T>(either: Either<unknown, T>): T => {
  if (isLeft(either)) throw either.left;
  return either.right;
};

beforeAll(async () => {
  for (const [id, folder] of [
    ['CartPole-v1', 'pole'],
    ['Detour-v0', 'walk'],
  ] as const) {
    const { code, stderr } = await cli.run(['train', '--env', id, '--seed', '3', ...small, '--out', folder]);
    expect([code, stderr]).toEqual([0, '']);
  }
});

const written = async (...args: readonly string[]): Promise<{ readonly text: string; readonly stdout: string }> => {
  const { code, stdout, stderr } = await cli.run(['render', ...args]);
  expect([code, stderr]).toEqual([0, '']);
  return { text: readFileSync(join(cli.folder, args[args.indexOf('--out') + 1] ?? ''), 'utf8'), stdout };
};

/** The steps that the file should show. */
const stepsOf = async (folder: string, episode = 0): Promise<readonly PlayedStep[]> => {
  const run = right(openRun(join(cli.folder, folder)));
  const { environment, options, seed } = run.description;
  const env = right(await loadEnv(environment)());
  const model = right(tryModelFor(env, options));
  const state = right(loadSnapshot(run))?.state;
  if (state === undefined) throw new Error('no checkpoint');
  return [...play({ env, model, ...options }, state, { key: foldIn(key(seed), 0), episode })];
};

/** As the script writes it. */
const place = ({ look, points }: Mark): string =>
  placingOf(look) === 'shift'
    ? `translate(${points[0]} ${points[1]})`
    : pathThrough(points, placingOf(look) === 'area');

describe('a page', () => {
  test.each(['pole', 'walk'])('%s: at every step it shows what a picture of the state shows', async (folder) => {
    const { text } = await written(folder, '--out', `${folder}.html`);
    const env = right(await loadEnv(right(openRun(join(cli.folder, folder))).description.environment)());
    const steps = await stepsOf(folder);
    const page = open(text, true);
    const last = steps.length;
    // There and back, for what a frame does not say is that of the frames before it.
    for (const step of [...steps.keys(), last, ...[...steps.keys()].reverse()]) {
      page.scrub(step);
      const { state, action } = steps[step] ?? { state: steps.at(-1)?.transition.state, action: undefined };
      const scene = env.scene?.(state, action);
      if (scene === undefined) throw new Error('no scene');
      const drawing = drawingOf(scene, 640, folder === 'walk' ? 403 : 320);
      expect(
        page.shown().map((group) => {
          const [path] = group.children;
          const moved = group.attributes['transform'];
          return moved ?? path?.attributes['d'];
        }),
      ).toEqual(LISTS.flatMap((list) => drawing[list].map(place)));
      const total = steps.slice(0, step).reduce((sum, { transition }) => sum + transition.reward, 0);
      expect(Number(page.values()[0]?.replace('\u2212', '-'))).toBeCloseTo(total, 1);
    }
    expect(page.text('step')).toBe(`0 / ${last}`);
    expect(page.values()).toHaveLength(folder === 'walk' ? 4 : 2);
  });

  test('it plays at its speed, stops at the end, and follows keys', async () => {
    const { text } = await written('pole', '--out', 'keys.html');
    const last = (await stepsOf('pole')).length;
    const page = open(text);
    expect(page.text('step')).toBe(`0 / ${last}`);
    // A step of CartPole is a fiftieth of a second.
    page.frames(41, 81);
    expect(page.text('step')).toBe(`4 / ${last}`);
    expect(page.text('clock')).toBe('0.08 s');
    page.speed(0.5);
    page.frames(121);
    expect(page.text('step')).toBe(`5 / ${last}`);
    page.press(' ');
    page.frames(1000, 2000);
    expect(page.text('step')).toBe(`5 / ${last}`);
    for (const [pressed, shift, step] of [
      ['ArrowRight', false, 6],
      ['ArrowLeft', false, 5],
      ['ArrowLeft', true, 0],
      ['End', false, last],
      ['ArrowRight', true, last],
      ['Home', false, 0],
    ] as const) {
      page.press(pressed, shift);
      expect([pressed, page.text('step')]).toEqual([pressed, `${step} / ${last}`]);
    }
    expect(page.text('scrubber')).toBe(`step 0 of ${last}, return 0`);
    page.press('End');
    page.click();
    page.frames(41);
    // Again from the beginning, at half the speed.
    expect(page.text('step')).toBe(`1 / ${last}`);
  });

  test('whoever prefers reduced motion is shown the first state', async () => {
    const page = open((await written('pole', '--out', 'still.html')).text, true);
    page.frames(100, 200, 300);
    expect(page.text('step')).toMatch(/^0 \//);
  });

  test('it names nothing outside, has a policy that forbids it, and is light or dark as asked', async () => {
    const { text } = await written('pole', '--out', 'auto.html');
    const { text: dark } = await written('pole', '--out', 'dark.HTML', '--theme', 'dark');
    for (const page of [text, dark]) {
      expect(page.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|src=|url\((?!#)|@import|<link/);
      expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"`);
      expect(page.match(/<script/g)).toHaveLength(2);
    }
    expect([text, dark].map((page) => page.includes('prefers-color-scheme'))).toEqual([true, false]);
    expect(text).toContain('<meta name="color-scheme" content="light dark">');
    expect(dark).toContain('<meta name="color-scheme" content="dark">');
  });
});

describe('an animated picture', () => {
  test('is sound XML without a script', async () => {
    const { text } = await written('walk', '--out', 'walk.svg', '--width', '320');
    const names = new Set(below(treeOf(text)).map(({ name }) => name));
    expect(names.has('script')).toBe(false);
    expect(names.has('animate')).toBe(true);
    expect(text).toMatch(/^<svg [^>]*width="320"/);
  });
});

describe('which episode', () => {
  test('the same command, the same bytes; another episode, seed or mode, another one', async () => {
    const one = await written('pole', '--out', '1.svg');
    expect(await written('pole', '--out', '1.svg')).toEqual(one);
    const others = [['--episode', '1'], ['--seed', '9'], ['--sampled'], ['--max-steps', '3']];
    const texts = await Promise.all(
      others.map(async (more, i) => (await written('pole', '--out', `o${i}.svg`, ...more)).text),
    );
    expect(new Set([one.text, ...texts]).size).toBe(5);
  });

  test('it says what it shows, with the numbers of `eval`', async () => {
    const { stdout } = await written('pole', '--out', 'said.svg', '--episode', '1');
    const steps = await stepsOf('pole', 1);
    expect(stdout).toBe(
      `The policy after 128 steps of training (seed 3), the best guess at each step; episode 1 of its evaluation: return ${steps.length.toFixed(
        steps.length < 10 ? 2 : 1,
      )} in ${steps.length} steps, ended by itself.\nsaid.svg\n`,
    );
    const { stdout: cut } = await written('pole', '--out', 'cut.svg', '--max-steps', '2', '--sampled', '--seed', '4');
    expect(cut).toMatch(/, sampled actions; episode 0 of seed 4: return 2\.00 in 2 steps, cut by --max-steps\.\n/);
  });
});

describe('what is refused', () => {
  const refused = async (...args: readonly string[]): Promise<readonly [number | null, string]> => {
    const { code, stderr } = await cli.run(['render', ...args]);
    return [code, stderr.split('\n', 1)[0] ?? ''];
  };

  test.each([
    [[], 'natgrad: render needs DIR'],
    [['pole'], 'natgrad: render needs --out FILE'],
    [['pole', '--out', 'x.gif'], 'natgrad: --out takes a file that ends in .html or .svg, found "x.gif"'],
    [['pole', '--out', 'x.svg', '--theme', 'pink'], 'natgrad: --theme takes auto, light, dark, found "pink"'],
    [['pole', '--out', 'x.svg', '--width', '4'], 'natgrad: --width takes a whole number ≥ 160, found "4"'],
    [['pole', '--out', 'x.svg', '--width', '99999'], 'natgrad: --width takes a whole number ≤ 4096, found "99999"'],
    [['pole', '--out', 'x.svg', '--max-steps', '0'], 'natgrad: --max-steps takes a whole number ≥ 1, found "0"'],
    [
      ['pole', '--out', 'x.svg', '--max-steps', '10001'],
      'natgrad: --max-steps takes a whole number ≤ 10000, found "10001"',
    ],
    [['pole', '--out', 'x.svg', '--episode', '-1'], 'natgrad: --episode takes a whole number ≥ 0, found "-1"'],
    [['pole', '--out', 'x.svg', '--episodes', '1'], 'natgrad: there is no flag "--episodes"; did you mean --episode?'],
  ] as const)('%j', async (args, message) => {
    expect(await refused(...args)).toEqual([2, message]);
  });

  test('a folder that is none, one without a checkpoint, and a place that cannot be written', async () => {
    const [code, message] = await refused('nowhere', '--out', 'x.svg');
    expect([code, message]).toEqual([2, expect.stringContaining('nowhere')]);
    mkdirSync(join(cli.folder, 'empty'));
    copyFileSync(join(cli.folder, 'pole/run.json'), join(cli.folder, 'empty/run.json'));
    const [failed, why] = await refused('empty', '--out', 'x.svg');
    expect([failed, why]).toEqual([1, expect.stringContaining('there is no checkpoint yet')]);
    const [unwritten, where] = await refused('pole', '--out', 'no/such/folder/x.svg');
    expect([unwritten, where]).toEqual([
      1,
      expect.stringContaining('no/such/folder/x.svg: it cannot be written, there is no folder no/such/folder'),
    ]);
    expect(existsSync(join(cli.folder, 'x.svg'))).toBe(false);
  });
});
