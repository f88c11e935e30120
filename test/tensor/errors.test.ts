/** Errors: a code for programs, an operation, shapes and a remedy for people, and the line of their own code. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { add, isNatgradError, matmul, NatgradError, tensor, treeMap, zeros } from '@natgrad/tensor';
import { registerInternalRoot, userLine } from '@natgrad/tensor/internal';
import { describe, expect, it } from 'vitest';
import { errorOf } from '../errors.js';

const here = fileURLToPath(import.meta.url);
const lines = readFileSync(here, 'utf8').split('\n');

/** The line of this file that an error points to. */
const lineAt = (error: NatgradError): string => {
  const [, file, line] = /^(.*):(\d+):\d+$/.exec(error.at ?? '') ?? [];
  expect(file).toBe(here);
  return lines[Number(line) - 1] as string;
};

describe('an error', () => {
  const error = errorOf(() => matmul(zeros([64, 17]), zeros([18, 64]))); // the call at fault

  it('has a code, the operation, what was found and what is expected', () => {
    expect(error).toBeInstanceOf(NatgradError);
    expect(error).toBeInstanceOf(Error);
    expect(error._tag).toBe('NatgradError');
    expect(error.name).toBe('NatgradError');
    expect(error.code).toBe('ShapeMismatch');
    expect(error.operation).toBe('matmul');
    expect(error.found).toBe('f64[64,17] · f64[18,64]');
    expect(error.expected).toBe('the last axis of the first operand as long as the second-last of the second');
    expect(error.argument).toBeUndefined();
  });

  it('says both full shapes in its first line', () => {
    expect(error.message.split('\n')[0]).toBe('matmul: f64[64,17] · f64[18,64]: inner dimensions 17 and 18 differ');
  });

  it('points to the line of the caller', () => {
    expect(lineAt(error)).toContain('// the call at fault');
    expect(error.message.split('\n')[1]).toBe(`  at ${error.at}`);
  });

  it('points there from anonymous functions, callbacks and methods too', () => {
    const calls: readonly (() => unknown)[] = [
      () => [0].map(() => add(zeros([2]), zeros([3]))), // callback
      () => treeMap(() => add(zeros([2]), zeros([3])), [tensor(1)]), // below an operation
      () =>
        new (class {
          readonly x = add(zeros([2]), zeros([3]));
        })(), // field of a class
    ];
    for (const call of calls) {
      const found = errorOf(call);
      expect(found.at).not.toMatch(/^at /);
      expect(found.message).not.toContain('at at ');
      expect(lineAt(found)).toContain('add(zeros([2]), zeros([3]))');
    }
  });

  it('points there from an async function', async () => {
    const call = async (): Promise<unknown> => {
      await Promise.resolve();
      return add(zeros([2]), zeros([3])); // after the await
    };
    const found: unknown = await call().catch((thrown: unknown) => thrown);
    expect(lineAt(found as NatgradError)).toContain('// after the await');
  });

  it('leaves the depth of stack traces as it was', () => {
    const before = Error.stackTraceLimit;
    Error.stackTraceLimit = 7;
    errorOf(() => add(zeros([2]), zeros([3])));
    const after = Error.stackTraceLimit;
    Error.stackTraceLimit = before;
    expect(after).toBe(7);
    const deep = (levels: number): unknown =>
      levels === 0 ? add(zeros([2]), zeros([3])) : [levels].map((n) => deep(n - 1));
    expect(errorOf(() => deep(30)).at).toContain(here);
  });
});

describe('isNatgradError', () => {
  it('knows errors by their tag, also those of another copy of the package', () => {
    expect(isNatgradError(new NatgradError('Unsupported', 'no', { operation: 'x' }))).toBe(true);
    expect(isNatgradError(Object.assign(new Error('no'), { _tag: 'NatgradError' }))).toBe(true);
    expect(isNatgradError(new Error('no'))).toBe(false);
    expect(isNatgradError({ _tag: 'NatgradError' })).toBe(false);
    expect(isNatgradError(null)).toBe(false);
  });
});

describe('userLine', () => {
  const stack = (...frames: readonly string[]): string =>
    ['Error: text (of:1:2)', ...frames.map((each) => `    at ${each}`)].join('\n');

  it.each([
    ['named', 'train (/home/me/train.ts:3:9)', '/home/me/train.ts:3:9'],
    ['anonymous', '/home/me/train.ts:3:9', '/home/me/train.ts:3:9'],
    ['async, anonymous', 'async /home/me/train.ts:3:9', '/home/me/train.ts:3:9'],
    ['async, named', 'async train (/home/me/train.ts:3:9)', '/home/me/train.ts:3:9'],
    ['a module', 'file:///home/me/train.mjs:3:9', '/home/me/train.mjs:3:9'],
    ['a method', 'new Agent (file:///home/me/train.mjs:3:9)', '/home/me/train.mjs:3:9'],
    ['an alias', 'Agent.run [as step] (/home/me/train.ts:3:9)', '/home/me/train.ts:3:9'],
    ['a page', 'train (http://localhost:5173/src/train.ts:3:9)', 'http://localhost:5173/src/train.ts:3:9'],
    ['a page, anonymous', 'http://localhost:5173/src/train.ts:3:9', 'http://localhost:5173/src/train.ts:3:9'],
    ['Windows', 'train (C:\\me\\train.ts:3:9)', 'C:\\me\\train.ts:3:9'],
    ['brackets in the path', 'train (/home/me (old)/train.ts:3:9)', '/home/me (old)/train.ts:3:9'],
  ])('reads a frame: %s', (_, frame, place) => {
    expect(userLine(stack(frame))).toBe(place);
  });

  it('passes over the platform, dependencies, generated code and these packages', () => {
    registerInternalRoot('file:///opt/natgrad/src/');
    const frames = [
      'matmul (/opt/natgrad/src/matmul.ts:1:1)',
      'node:internal/modules/cjs/loader:1554:14',
      'Array.map (<anonymous>)',
      'async Promise.all (index 0)',
      'eval (eval at compile (/home/me/generated.ts:3:9), <anonymous>:1:1)',
      'ndarray (/home/me/node_modules/ndarray/ndarray.js:1:1)',
      'mine (/home/me/train.ts:7:1)',
      'other (/home/me/main.ts:9:1)',
    ];
    expect(userLine(stack(...frames))).toBe('/home/me/train.ts:7:1');
  });

  it('finds nothing where there is nothing', () => {
    expect(userLine(undefined)).toBeUndefined();
    expect(userLine('Error: text')).toBeUndefined();
    expect(userLine(stack('<anonymous>'))).toBeUndefined();
  });
});
