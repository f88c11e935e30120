/**
 * What the engine's memory frees when the garbage collector has run. In a file of its own: V8 cleans up one registry in each turn
 * of the event loop, and those of other tests' memories would come first.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { fromTypedArray, type Tensor, zeros } from '@natgrad/tensor';
import { elements } from '@natgrad/tensor/internal';
import { expect, it } from 'vitest';
import { createMemory } from '../../packages/autodiff/src/backends/wasm/memory.js';
import { expectBytes, pattern, resultOf, upload } from './_memory.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/**
 * Collects garbage and lets the event loop turn until `done`. Many turns, because V8 cleans up one registry in each.
 */
const collectUntil = async (done: () => boolean, turns = 100_000): Promise<void> => {
  for (let turn = 0; turn < turns && !done(); turn += 1) {
    if (turn % 500 === 0) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      collect();
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
};

it('dropped tensors leave when the event loop turns, and nobody else', async () => {
  const memory = createMemory();
  const expected = pattern('f64', 20_000, 1);
  const kept = resultOf(memory, 'f64', expected);
  const argument = fromTypedArray(expected);
  upload(memory, argument);
  const fill = (): void => {
    for (let i = 0; i < 20; i += 1) upload(memory, resultOf(memory, 'f64', expected), zeros([20_000]));
  };
  fill();
  expect(memory.statistics().residents).toBe(42);
  await collectUntil(() => memory.statistics().residents === 2);
  expect(memory.statistics()).toMatchObject({ residents: 2, evictions: 0, movedOut: 0 });
  fill();
  expectBytes(elements(kept), expected);
  expectBytes(upload(memory, argument)[0], expected);
});

it('a memory that nobody uses any more goes, although its arguments stay; an unread result keeps it', async () => {
  const argument = zeros([20_000]);
  const abandoned = (): { readonly gone: WeakRef<WebAssembly.Memory>; readonly result: Tensor } => {
    const memory = createMemory();
    upload(memory, argument);
    const result = resultOf(memory, 'f64', pattern('f64', 20_000, 1));
    return { gone: new WeakRef(memory.memory), result };
  };
  const gone = Array.from({ length: 5 }, () => abandoned().gone);
  const { result } = abandoned();
  // No condition: reading a WeakRef keeps its target until the event loop turns.
  await collectUntil(() => false, 5000);
  expect(gone.filter((memory) => memory.deref() !== undefined)).toEqual([]);
  expectBytes(elements(result), pattern('f64', 20_000, 1));
});
