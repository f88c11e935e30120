/** The side of the main thread: it owns the terminal and hears signals, while the command computes in a thread of its own. */
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { type Message, type Setup, STOP, type Stream, type StreamName, type Written } from './protocol.js';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Milliseconds within which two signals are one press of Ctrl-C: the terminal sends it to npm and to this process, and npm hands
 * on what it was sent.
 */
const PRESS = 50;

/**
 * Megabytes that the heap of the thread may grow by before it is marked as a whole. An iteration leaves several behind, of arrays that
 * die young, and V8 takes these for growth: it would mark everything every second iteration, on this thread and beside it.
 */
const HEAP_FLAG = '--initial-old-space-size=256';

const write = ({ to, text }: Written): void => {
  process[to].write(text);
};

interface Ear {
  /** From now on the first signal asks for a stop, in these words. */
  readonly listen: (words: Written) => void;
  readonly close: () => void;
}

/**
 * The first signal asks for a stop. A press later the next one is the system's own: it ends the process at once, wherever it is.
 * So does one before training, or after it.
 */
const hearSignals = (stop: Int32Array<SharedArrayBuffer>): Ear => {
  let words: Written | null = null;
  let asked = false;
  const close = (): void => SIGNALS.forEach((signal) => process.removeListener(signal, hear));
  const hear = (signal: NodeJS.Signals): void => {
    if (asked) return;
    if (words === null || Atomics.compareExchange(stop, 0, STOP.WAITING, STOP.ASKED) !== STOP.WAITING) {
      close();
      process.kill(process.pid, signal);
      return;
    }
    asked = true;
    write(words);
    setTimeout(close, PRESS).unref();
  };
  for (const signal of SIGNALS) process.on(signal, hear);
  return {
    listen: (given) => {
      words = given;
    },
    close,
  };
};

const streamOf = (name: StreamName): Stream => {
  const { isTTY, columns } = process[name];
  return { isTTY, columns };
};

/** A program given on the command line (`node --input-type=module -e …`) is no option of a thread, which would refuse it. */
const threadArguments = (given: readonly string[]): { readonly execArgv?: string[] } =>
  given.some((argument) => /^(-[ep]+|--eval|--print|--input-type)/.test(argument)) ? { execArgv: [] } : {};

/**
 * Runs a command line in a thread, and gives its exit code.
 *
 * @throws what the thread threw and did not catch
 */
export const runInThread = (argv: readonly string[]): Promise<number> => {
  const stop = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const setup: Setup = { argv, streams: { stdout: streamOf('stdout'), stderr: streamOf('stderr') }, stop };
  const ear = hearSignals(new Int32Array(stop));
  setFlagsFromString(HEAP_FLAG);
  const thread = new Worker(new URL('./train-thread.js', import.meta.url), {
    workerData: setup,
    ...threadArguments(process.execArgv),
  });
  thread.on('message', (message: Message) => {
    if (message.kind === 'write') write(message);
    else ear.listen(message);
  });
  return new Promise<number>((resolve, reject) => {
    thread.on('error', reject);
    thread.on('exit', resolve);
  }).finally(ear.close);
};
