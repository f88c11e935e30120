/** How a worker starts on this platform: a thread of Node, or a Web Worker of a page. Nothing else knows the difference. */

import { builtin } from '#builtin';

/** What a worker is made with. All of it is shared, but for the name of a library. */
export interface MemberSetup {
  readonly memory: WebAssembly.Memory;
  readonly control: SharedArrayBuffer;
  readonly members: number;
  readonly member: number;
  /** Address of scratch memory of its own. */
  readonly scratch: number;
  /** The native library of products, which it loads by itself. */
  readonly library: string | null;
  /** Milliseconds without a task after which it ends. */
  readonly retires: number;
}

/** A worker as who started it sees it. It does not keep the process alive. */
export interface Started {
  /** Ends it, and tells when it is certain that it writes no more. */
  readonly end: () => Promise<void>;
}

/** Starts a worker. `ended` is called, from the event loop, once: when it could not start, failed, or was over. */
export type StartMember = (setup: MemberSetup, ended: (reason: string) => void) => Started;

/** As much as is used of a `Worker` of Node. */
interface NodeWorker {
  postMessage(message: unknown): void;
  unref(): void;
  terminate(): Promise<number>;
  on(event: 'error', listener: (error: unknown) => void): void;
  on(event: 'exit', listener: (code: number) => void): void;
}

interface WorkerThreads {
  readonly Worker: new (script: URL, options: { readonly execArgv: readonly string[] }) => NodeWorker;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** A page has no word of when a worker has ended; one that is told to, does so within a few milliseconds. */
const PAGE_ENDS = 1000;

/** The script is named where the worker is made, because that is what bundlers look for. */
const pageWorker = (): Worker =>
  new Worker(new URL('./engine-worker.js', import.meta.url), { type: 'module', name: 'natgrad engine' });

const inPage =
  (make: () => Worker): StartMember =>
  (setup, ended) => {
    const worker = make();
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      ended(event.message === '' ? 'its script could not be loaded' : event.message);
    });
    worker.addEventListener('message', ({ data }) => ended(String(data)));
    worker.postMessage(setup);
    return {
      end: () => {
        worker.terminate();
        return new Promise((resolve) => setTimeout(resolve, PAGE_ENDS));
      },
    };
  };

const inNode =
  ({ Worker: Thread }: WorkerThreads, script: URL): StartMember =>
  (setup, ended) => {
    // Options of the process, such as `--input-type`, are none of its business, and some are refused.
    const thread = new Thread(script, { execArgv: [] });
    const over = new Promise<void>((resolve) => {
      thread.on('exit', (code) => {
        ended(`it ended with exit code ${code}`);
        resolve();
      });
    });
    thread.on('error', (error) => ended(messageOf(error)));
    thread.unref();
    thread.postMessage(setup);
    return {
      end: async () => {
        await thread.terminate();
        await over;
      },
    };
  };

/** The module that a thread of Node runs. Bundles for pages have no use for it. */
export const memberScript: URL = new URL(/* @vite-ignore */ './engine-worker.js', import.meta.url);

/** What starts workers here; null where there are none. */
export const memberStarter = (script?: URL): StartMember | null => {
  const { Worker: PageWorker } = globalThis as { readonly Worker?: unknown };
  const node = builtin('node:worker_threads');
  if (node !== undefined) return inNode(node as WorkerThreads, script ?? memberScript);
  if (PageWorker === undefined) return null;
  return inPage(script === undefined ? pageWorker : () => new Worker(script, { type: 'module' }));
};

/** Why this platform has no memory that threads can share, with the cure; null where it has. */
export const noSharing = (): string | null => {
  const { SharedArrayBuffer: shared, crossOriginIsolated: isolated } = globalThis as {
    readonly SharedArrayBuffer?: unknown;
    readonly crossOriginIsolated?: boolean;
  };
  if (isolated === false || (shared === undefined && isolated !== undefined))
    return 'the page is not cross-origin isolated: serve it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp';
  return shared === undefined ? 'this platform has no SharedArrayBuffer' : null;
};

/** Logical cores that this process may use. */
export const coreCount = (): number => {
  const { navigator } = globalThis as { readonly navigator?: { readonly hardwareConcurrency?: number } };
  const os = builtin('node:os') as { readonly availableParallelism?: () => number } | undefined;
  return os?.availableParallelism?.() ?? navigator?.hardwareConcurrency ?? 1;
};
