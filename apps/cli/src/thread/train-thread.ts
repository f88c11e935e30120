/**
 * The module of the thread that trains. Its standard streams are those of the main thread: Node's own for threads wait for an event
 * loop, so what is said within an iteration would be read after it, and they do not know about a terminal.
 */
import { Writable } from 'node:stream';
import { parentPort, workerData } from 'node:worker_threads';
import type { Message, Setup, StreamName } from './protocol.js';

const { argv, streams } = workerData as Setup;

const mirrored = (to: StreamName): Writable =>
  Object.assign(
    new Writable({
      decodeStrings: false,
      write: (text: string | Buffer, _encoding, done) => {
        parentPort?.postMessage({ kind: 'write', to, text: String(text) } satisfies Message);
        done();
      },
    }),
    streams[to],
  );

for (const name of ['stdout', 'stderr'] as const) Object.defineProperty(process, name, { value: mirrored(name) });

const { runProgram } = await import('../program.js');
await runProgram(argv);
