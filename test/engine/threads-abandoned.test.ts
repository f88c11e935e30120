/** Workers of engines that nobody has any more end. In a file of its own, for the sake of the garbage collector. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { WasmEngine } from '@natgrad/autodiff';
import { expect, test } from 'vitest';
import { memberStarter, type StartMember } from '../../packages/autodiff/src/backends/wasm/threads/start.js';
import { COARSE, engineOfThreads, gathered, until } from './_threads.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

test('the workers of engines that were dropped end when the event loop turns; those of an engine in use go on', async () => {
  const [started, ended] = [new Set<string>(), new Set<string>()];
  const use = async (name: string): Promise<WasmEngine> => {
    const start: StartMember = (setup, report) => {
      const worker = (memberStarter() as StartMember)(setup, report);
      started.add(name);
      return { end: () => worker.end().then(() => void ended.add(name)) };
    };
    const engine = engineOfThreads(2, COARSE, { start });
    await gathered(engine);
    return engine;
  };
  const dropped = ['first', 'second', 'third'];
  const kept = await use('kept');
  for (const name of dropped) await use(name);
  expect([...started]).toEqual(['kept', ...dropped]);
  await until(() => {
    collect();
    return dropped.every((name) => ended.has(name));
  }, 30_000);
  expect(ended.has('kept')).toBe(false);
  await gathered(kept);
});
