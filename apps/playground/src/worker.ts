/** The thread in which training runs, so that the page stays smooth. */
import type { Report, Request } from './core/protocol.js';
import { trainer } from './core/trainer.js';

/** As much of a worker's global scope as is used. */
interface WorkerScope {
  postMessage(report: Report): void;
  addEventListener(type: 'message', listener: (event: MessageEvent<Request>) => void): void;
}

const scope = globalThis as unknown as WorkerScope;
const receive = trainer((report) => scope.postMessage(report));
scope.addEventListener('message', ({ data }) => void receive(data));
