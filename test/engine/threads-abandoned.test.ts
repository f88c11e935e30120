/** Workers of engines that nobody has any more end. In a file of its own, for the sake of the garbage collector. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { memberStarter, type StartMember } from '../../packages/autodiff/src/backends/wasm/threads/start.js';
import { COARSE, engineOfThreads, gathered, until } from './_threads.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

test('the workers of engines that were dropped end when the event loop turns', async () => {
  const [started, ended] = [new Set<number>(), new Set<number>()];
  const use = async (each: number): Promise<void> => {
    const start: StartMember = (setup, report) => {
      const worker = (memberStarter() as StartMember)(setup, report);
      started.add(each);
      return { end: () => worker.end().then(() => void ended.add(each)) };
    };
    await gathered(engineOfThreads(2, COARSE, { start }));
  };
  for (let each = 0; each < 3; each += 1) await use(each);
  expect([started.size, ended.size]).toEqual([3, 0]);
  await until(() => {
    collect();
    return ended.size === 3;
  }, 30_000);
});
