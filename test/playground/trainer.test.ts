/** The worker's side of the playground, in this thread: what it says after it was told to pause or stop, whenever that was. */
import { presetConfig } from '@natgrad/rl-trpo';
import { isLeft } from 'fp-ts/lib/Either.js';
import { beforeAll, describe, expect, test, vi } from 'vitest';

interface Point {
  readonly iteration: number;
  readonly kl: number;
}

/** As much of what it says as is looked at. */
interface Report {
  readonly kind: string;
  readonly phase?: string;
  readonly message?: string;
  readonly point?: Point;
}
type Trainer = (post: (report: Report) => void) => (request: object) => Promise<void>;

const modules = import.meta.glob<{ readonly trainer: Trainer }>('../../apps/playground/src/core/trainer.ts', {
  eager: true,
});
const [trainer] = Object.values(modules).map((module) => module.trainer);

const BATCH = 32;
const ITERATIONS = 4;

/** A session that is about to train, in steps that take little time. */
const session = async () => {
  if (trainer === undefined) throw new Error('there is no trainer');
  const options = presetConfig('CartPole-v1', { batchSize: BATCH, environments: 2, hidden: [4] });
  if (isLeft(options)) throw new Error(options.left.message);
  const reports: Report[] = [];
  const receive = trainer((report) => reports.push(report));
  const settings = { environment: 'CartPole-v1', algorithm: 'trpo', seed: 1, steps: 0, options: options.right };
  await receive({ kind: 'prepare', session: 1, settings, scheme: 'light' });
  return {
    reports,
    send: (kind: string, steps = ITERATIONS * BATCH): void => void receive({ kind, steps }),
    pace: (milliseconds: number): void => void receive({ kind: 'pace', milliseconds }),
    phase: () => reports.findLast(({ kind }) => kind === 'phase')?.phase,
    points: () => reports.flatMap(({ point }) => (point === undefined ? [] : [point])),
    problems: () => reports.filter(({ kind }) => kind === 'failed' || kind === 'refused'),
  };
};

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resume) => setImmediate(resume));
};

/** An iteration takes four turns of the event loop: two after the rollout, two after the step. */
const TURNS = Array.from({ length: 10 }, (_, turn) => turn);

/** Turns in which a run that is not held is over. */
const ENOUGH = 60;

const learnt = ({ iteration, kl }: Point): readonly number[] => [iteration, kl];

/** The iterations of a run that is left alone. */
let alone: readonly Point[];
beforeAll(async () => {
  const { send, phase, points } = await session();
  send('train');
  await vi.waitUntil(() => phase() === 'finished', { timeout: 30_000, interval: 1 });
  alone = points();
  expect(alone.map(({ iteration }) => iteration)).toEqual([1, 2, 3, 4]);
});

describe.each([
  ['pause', 'paused'],
  ['stop', 'finished'],
])('after %s', (kind, phase) => {
  test.each(TURNS)('nothing comes, and training goes on as if nothing had been: %d turns later', async (turn) => {
    const told = await session();
    told.send('train');
    await turns(turn);
    told.send(kind);
    expect(told.phase()).toBe(phase);
    const said = told.reports.length;
    await turns(ENOUGH);
    expect(told.reports.slice(said)).toEqual([]);

    told.send('train');
    await vi.waitUntil(() => told.phase() === 'finished', { timeout: 30_000, interval: 1 });
    expect(told.points().map(learnt)).toEqual(alone.map(learnt));
    expect(told.problems()).toEqual([]);
  });

  test.each(TURNS)('and when it is told to go on at once, it does: %d turns later', async (turn) => {
    const told = await session();
    told.send('train');
    await turns(turn);
    told.send(kind);
    told.send('train', 2 * ITERATIONS * BATCH);
    expect(told.phase()).toBe('training');
    await vi.waitUntil(() => told.phase() === 'finished', { timeout: 30_000, interval: 1 });
    expect(told.points().map(({ iteration }) => iteration)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });
});

test('a pace keeps the next iteration back, and a pause goes on doing so when the pace is no more', async () => {
  const { send, pace, reports, points, phase } = await session();
  pace(1e6);
  send('train');
  await turns(ENOUGH);
  expect(points().length).toBe(1);
  send('pause');
  const said = reports.length;
  pace(0);
  await turns(ENOUGH);
  expect([reports.length, phase()]).toEqual([said, 'paused']);
  send('stop');
  await turns(ENOUGH);
  expect(reports.slice(said)).toEqual([expect.objectContaining({ phase: 'finished' })]);
});
