/**
 * Training with one setup in a process of its own, where its code is compiled for nothing else; it goes on when it is asked to.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { loadEnv, vectorise } from '@natgrad/envs';
import {
  type IterationRecord,
  presetConfig,
  type Snapshot,
  type TrpoConfig,
  train,
  tryModelFor,
} from '@natgrad/rl-trpo';
import { key } from '@natgrad/tensor';
import { orThrow } from '../or-throw.js';
import { besidePhysics, type Pair } from './physics.js';

export interface Setup {
  readonly id: string;
  readonly engine: TrpoConfig['engine'];
  /** Null: as many as the preset says. */
  readonly environments: number | null;
  readonly workers: number;
  /** Whether rollouts are measured beside their own steps too. */
  readonly beside: boolean;
}

/** What a turn says of its iterations. */
export interface Turn {
  readonly engine: string;
  readonly environments: number;
  readonly workers: number;
  readonly iterations: readonly Pick<IterationRecord, 'seconds' | 'stepsPerSecond'>[];
  readonly beside: readonly Pair[];
}

export interface Member {
  /** Runs so many iterations. */
  readonly turn: (iterations: number) => Promise<Turn>;
  readonly end: () => void;
}

/** As `natgrad train` has it: see `HEAP_FLAG` in apps/cli/src/thread/host.ts. */
const FLAGS = ['--initial-old-space-size=256'];

/** A member that runs in a process of its own. */
export const startMember = (setup: Setup): Member => {
  const child = fork(fileURLToPath(import.meta.url), [JSON.stringify(setup)], { execArgv: FLAGS });
  const ended = once(child, 'exit').then(([code]): never => {
    throw new Error(`the training of ${JSON.stringify(setup)} ended with ${String(code)}`);
  });
  // Nobody may be waiting when it ends as it should.
  ended.catch(() => undefined);
  return {
    turn: async (iterations) => {
      const answer: Promise<readonly unknown[]> = once(child, 'message');
      child.send(iterations);
      const [turn] = await Promise.race([answer, ended]);
      return turn as Turn;
    },
    end: () => child.disconnect(),
  };
};

const serve = async ({ id, engine, environments, workers, beside }: Setup): Promise<void> => {
  const options = orThrow(presetConfig(id, { engine, ...(environments === null ? {} : { environments }) }));
  const training = train({ environment: { id }, options, key: key(0), workers })[Symbol.asyncIterator]();
  const env = orThrow(await loadEnv({ id })());
  const acting = { model: orThrow(tryModelFor(env, options)), envs: vectorise(env, options.environments), ...options };
  const turn = async (count: number): Promise<Turn> => {
    const records: IterationRecord[] = [];
    let latest: Snapshot | null = null;
    for (let i = 0; i < count; i += 1) {
      const next = await training.next();
      if (next.done === true) throw new Error(`${id}: training ended by itself`);
      latest = next.value;
      records.push(next.value.record);
    }
    return {
      engine: records[0]?.report.engine ?? options.engine,
      environments: options.environments,
      workers: records[0]?.workers ?? 0,
      iterations: records.map(({ seconds, stepsPerSecond }) => ({ seconds, stepsPerSecond })),
      beside: beside && latest !== null ? (besidePhysics(acting, latest) ?? []) : [],
    };
  };
  process.on('disconnect', () => process.exit());
  process.on('message', (count: number) => {
    turn(count).then(
      (done) => process.send?.(done),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
};

if (process.argv[1] === fileURLToPath(import.meta.url)) await serve(JSON.parse(process.argv[2] as string) as Setup);
