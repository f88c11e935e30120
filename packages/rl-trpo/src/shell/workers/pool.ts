/** Threads that take shares of rollouts. A share is a function of data, so one that was lost in a crash is simply taken again. */
import { Worker } from 'node:worker_threads';
import { type Either, isRight, left, right } from 'fp-ts/lib/Either.js';
import { issueError } from '../../errors.js';
import type { Share } from '../share.js';
import { TrainingError } from '../training-error.js';
import { type ShareAnswer, type ShareRequest, unpackThrown, type WorkerSetup } from './messages.js';

/** Workers that are alive until they are closed; they do not keep the process alive. */
export interface Pool {
  /**
   * Takes the shares, the i-th by worker i.
   *
   * @throws what the environment threw, of the first share that failed; `TrainingError` where two workers in a row were lost with
   * the same share
   */
  readonly take: (requests: readonly ShareRequest[]) => Promise<readonly Share[]>;
  readonly close: () => Promise<void>;
}

/** One thread. It takes one request at a time, and once it was lost it stays so. */
interface Thread {
  /** The answer, or how the thread was lost. */
  readonly ask: (request: ShareRequest) => Promise<Either<string, ShareAnswer>>;
  readonly end: () => Promise<unknown>;
}

/** A program given on the command line (`node --input-type=module -e …`) is no option of a thread, which would refuse it. */
const threadArguments = (given: readonly string[]): { readonly execArgv?: string[] } =>
  given.some((argument) => /^(-[ep]+|--eval|--print|--input-type)/.test(argument)) ? { execArgv: [] } : {};

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What is no plain data cannot be handed to a thread. */
const sendable = <T>(run: () => T): T => {
  try {
    return run();
  } catch (error) {
    throw new TrainingError(
      issueError('InvalidConfig', {
        code: 'wrongKind',
        field: 'environment',
        found: messageOf(error),
        expected: 'a specification of plain data, or workers: 0',
      }),
    );
  }
};

const startThread = (setup: WorkerSetup, script: URL): Thread => {
  const thread = new Worker(script, { workerData: setup, ...threadArguments(process.execArgv) });
  let lost: string | null = null;
  let isEnding = false;
  let resolve: ((outcome: Either<string, ShareAnswer>) => void) | null = null;
  const settle = (outcome: Either<string, ShareAnswer>): void => {
    const waiting = resolve;
    resolve = null;
    // A thread that is ended is waited for, also where its answer was on its way.
    if (!isEnding) thread.unref();
    waiting?.(outcome);
  };
  const lose = (reason: string): void => {
    lost ??= reason;
    settle(left(lost));
  };
  thread.unref();
  thread.on('message', (answer: ShareAnswer) => settle(right(answer)));
  thread.on('messageerror', (error) => lose(`its answer could not be read: ${messageOf(error)}`));
  thread.on('error', (error) => lose(messageOf(error)));
  thread.on('exit', (code) => lose(`it ended with exit code ${code}`));
  return {
    ask: (request) =>
      new Promise((waiting) => {
        resolve = waiting;
        if (lost !== null) {
          lose(lost);
          return;
        }
        sendable(() => thread.postMessage(request));
        thread.ref();
      }),
    end: () => {
      isEnding = true;
      return thread.terminate();
    },
  };
};

const crashed = ({ firstIndex, input }: ShareRequest, reasons: readonly [string, string]): TrainingError => {
  const last = firstIndex + input.steps.length - 1;
  const which = last === firstIndex ? `environment ${last}` : `environments ${firstIndex} to ${last}`;
  return new TrainingError(
    issueError('WorkerCrashed', {
      code: 'crashed',
      field: 'workers',
      found: `two workers lost in a row with ${which}: ${[...new Set(reasons)].join('; then ')}`,
      expected:
        'an environment that leaves its thread alive; --workers 0 or `workers: 0` shows what it does in this process',
    }),
  );
};

/** A pool whose threads run `script`. Each starts with its first share, so that training which is over already starts none. */
export const startPool = (setup: WorkerSetup, script: URL): Pool => {
  const threads: Thread[] = [];
  let closed = false;
  const start = (i: number): Thread => {
    const thread = sendable(() => startThread(setup, script));
    threads[i] = thread;
    return thread;
  };

  const takeOne = async (request: ShareRequest, i: number): Promise<ShareAnswer> => {
    const thread = threads[i] ?? start(i);
    const first = await thread.ask(request);
    if (isRight(first)) return first.right;
    await thread.end();
    // Nobody waits for a share that was begun in advance, and its thread is not replaced.
    if (closed) throw crashed(request, [first.left, 'its pool was closed']);
    const second = await start(i).ask(request);
    if (isRight(second)) return second.right;
    throw crashed(request, [first.left, second.left]);
  };

  return {
    take: async (requests) => {
      // All of them end before one is thrown: which of several that is, does not depend on who was faster.
      const outcomes = await Promise.allSettled(requests.map(takeOne));
      return outcomes.map((outcome) => {
        if (outcome.status === 'rejected') throw outcome.reason;
        if (outcome.value.kind === 'threw') throw unpackThrown(outcome.value.thrown);
        return outcome.value.share;
      });
    },
    close: async () => {
      closed = true;
      await Promise.all(threads.map(({ end }) => end()));
    },
  };
};
