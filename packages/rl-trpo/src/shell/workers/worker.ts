/**
 * The thread of a worker: makes its own environment, model and engine from data, and takes shares for as long as it is asked.
 * Node only; `pool.ts` starts it.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { type Env, vectorise } from '@natgrad/envs';
import { invalid } from '@natgrad/tensor/internal';
import { isLeft } from 'fp-ts/lib/Either.js';
import type { Model } from '../../model.js';
import { tryModelFor } from '../../policy/model-for.js';
import { takeShare } from '../share.js';
import { loadEnvironment } from './environment.js';
import {
  buffersOf,
  packThrown,
  type ShareAnswer,
  type ShareRequest,
  unpackState,
  type WorkerSetup,
} from './messages.js';

const setup = workerData as WorkerSetup;

/** Made once; what goes wrong is the answer to every request. */
const making: Promise<{ readonly env: Env; readonly model: Model }> = (async () => {
  const env = await loadEnvironment(setup.environment, setup.options)();
  if (isLeft(env)) throw env.left;
  const model = tryModelFor(env.right, setup.options);
  if (isLeft(model)) throw new Error(model.left.message);
  return { env: env.right, model: model.right };
})();
// Heard where it is awaited.
making.catch(() => undefined);

const answer = async ({ state, firstIndex, input }: ShareRequest): Promise<ShareAnswer> => {
  try {
    const { env, model } = await making;
    const envs = vectorise(env, input.steps.length, { firstIndex });
    return { kind: 'share', share: takeShare({ model, envs, ...setup.options }, unpackState(state), input) };
  } catch (error) {
    return { kind: 'threw', thrown: packThrown(error) };
  }
};

/** Sends an answer; states of environments that cannot be sent are an error of the environment. */
const send = (message: ShareAnswer): void => {
  try {
    parentPort?.postMessage(message, message.kind === 'share' ? buffersOf(message.share) : []);
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    const notData = invalid('rollout', `the states of the environment cannot leave a worker: ${found}`, {
      argument: 'state',
      found,
      expected: 'plain data',
    });
    parentPort?.postMessage({ kind: 'threw', thrown: packThrown(notData) } satisfies ShareAnswer);
  }
};

parentPort?.on('message', (request: ShareRequest) => {
  void answer(request).then(send);
});
