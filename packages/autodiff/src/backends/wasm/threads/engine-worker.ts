/**
 * The module that a worker of the engine runs, in Node and in pages. It imports little: no code is generated here, programs come as
 * bytes through the shared memory.
 */
import { builtin } from '#builtin';
import { loadNative } from '../../blas/gemm.js';
import { serve } from './member.js';
import type { MemberSetup } from './start.js';

interface Port {
  once(event: 'message', listener: (setup: MemberSetup) => void): void;
}

interface Page {
  onmessage: ((event: { readonly data: MemberSetup }) => void) | null;
  postMessage(reason: string): void;
  close(): void;
}

const threads = builtin('node:worker_threads') as { readonly parentPort?: Port | null } | undefined;
const port = threads?.parentPort;

const run = (setup: MemberSetup): string | null => serve(setup, loadNative);

if (port !== undefined && port !== null) {
  // The thread ends when the listener returns: nothing else is waited for.
  port.once('message', (setup) => {
    const failure = run(setup);
    if (failure !== null) throw new Error(failure);
  });
} else {
  const page = globalThis as unknown as Page;
  page.onmessage = ({ data }) => {
    page.postMessage(run(data) ?? 'it had nothing to do');
    page.close();
  };
}
