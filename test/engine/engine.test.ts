/** The laws of every engine: random programs, and every primitive by discovery. */
import { type AnyPrimitive, isPrimitive, wasmEngine } from '@natgrad/autodiff';
import { checkLaw, engineLaws, primitiveEngineLaws } from '@natgrad/autodiff/laws';
import { beforeAll, describe, expect, test } from 'vitest';
import { engineOfThreads, FINE, gathered, kinds } from './_threads.js';

const engines = [wasmEngine(), wasmEngine({ deterministic: true })];

const modules: Readonly<Record<string, Readonly<Record<string, unknown>>>> = import.meta.glob(
  '../../packages/autodiff/src/primitives/*.ts',
  { eager: true },
);
const primitives = Object.values(modules)
  .flatMap((module) => Object.values(module))
  .filter((value): value is AnyPrimitive => isPrimitive(value));

describe('discovery', () => {
  test('finds the primitives', () => {
    expect(primitives.length).toBeGreaterThanOrEqual(60);
  });
});

describe.each(engines.map((engine) => [engine.name, engine] as const))('%s', (_, engine) => {
  test.each([...engineLaws(engine), ...engineLaws(engine, { while: true })].map((law) => [law.name, law] as const))(
    '%s',
    (__, law) => {
      checkLaw(law, { numRuns: 40 });
    },
  );

  test.each(
    primitives.flatMap((primitive) => primitiveEngineLaws(engine, primitive)).map((law) => [law.name, law] as const),
  )('%s', (__, law) => {
    checkLaw(law, { numRuns: 15 });
  });
});

describe('on every engine, with threads and the finest blocks', () => {
  const finest = kinds.map((kind) => engineOfThreads(2, FINE, { kind }));
  beforeAll(async () => {
    await Promise.all(finest.map(gathered));
  });

  test.each(
    finest
      .flatMap((engine) => primitives.flatMap((primitive) => primitiveEngineLaws(engine, primitive)))
      .map((law) => [law.name, law] as const),
  )('%s', (_, law) => {
    checkLaw(law, { numRuns: 3 });
  });
});
