/** Programs prepared for quick calls: what the laws of engines (`engineLaws`) do not reach. */
import { add, interpreter, less, matmul, multiply, slice, sum, tanh, wasmEngine, whileLoop } from '@natgrad/autodiff';
import { executable, traceCall } from '@natgrad/autodiff/internal';
import { cast, fromTypedArray, key, normal, ones, split, type Tensor, toTypedArray, zeros } from '@natgrad/tensor';
import { defer } from '@natgrad/tensor/internal';
import { describe, expect, test } from 'vitest';
import { errorOf } from '../errors.js';

const engine = wasmEngine();
const layer = (w: Tensor, b: Tensor, x: Tensor): Tensor => tanh(add(matmul(x, w), b));
const [w, other, b, x] = split(key(0), 4).map((each, k) =>
  normal(each, k < 2 ? [17, 64] : k === 2 ? [64] : [3, 17]),
) as unknown as readonly [Tensor, Tensor, Tensor, Tensor];
const { graph } = traceCall('layer', layer, [w, b, x]);
const expected = (weights: Tensor, inputs: Tensor): ArrayLike<number> =>
  toTypedArray(executable(engine, graph).run([weights, b, inputs])[0] as Tensor);

describe('a prepared program', () => {
  test('keeps what was given to each of its calls apart', () => {
    const program = engine.prepare?.(graph);
    const [first, second] = [program?.([w, b, null]), program?.([other, b, null])];
    for (let turn = 0; turn < 3; turn += 1) {
      expect(first?.([toTypedArray(x)])[0]).toEqual(expected(w, x));
      expect(second?.([toTypedArray(x)])[0]).toEqual(expected(other, x));
    }
  });

  test('gives fresh arrays', () => {
    const call = engine.prepare?.(graph)([w, b, null]);
    const [found] = call?.([toTypedArray(x)]) ?? [];
    const before = found?.slice();
    call?.([new Float64Array(3 * 17)]);
    expect(found).toEqual(before);
  });

  test('refuses arguments that are not its own', () => {
    const program = engine.prepare?.(graph);
    const codeOf = (run: () => unknown): string => errorOf(run).code;
    expect(codeOf(() => program?.([w, null]))).toBe('ShapeMismatch');
    expect(codeOf(() => program?.([cast(w, 'f32'), b, null]))).toBe('ShapeMismatch');
    expect(codeOf(() => program?.([zeros([17, 65]), b, null]))).toBe('ShapeMismatch');
    const call = program?.([w, b, null]);
    expect(codeOf(() => call?.([new Float64Array(50)]))).toBe('InvalidArgument');
    expect(codeOf(() => call?.([toTypedArray(x), toTypedArray(x)]))).toBe('InvalidArgument');
    expect(codeOf(() => call?.([]))).toBe('InvalidArgument');
    expect(call?.([toTypedArray(x)])[0]).toEqual(expected(w, x));
  });

  test('has its own arguments again after those of another call could not be read', () => {
    const program = engine.prepare?.(graph);
    const unreadable = defer('f64', [64], () => {
      throw new RangeError('gone');
    });
    const [good, bad] = [program?.([w, b, null]), program?.([other, unreadable, null])];
    good?.([toTypedArray(x)]);
    expect(() => bad?.([toTypedArray(x)])).toThrow('gone');
    expect(good?.([toTypedArray(x)])[0]).toEqual(expected(w, x));
  });

  test('makes room for others where the memory is small', () => {
    const small = wasmEngine({ maximumBytes: 2 ** 22, threads: 1 });
    const big = traceCall('sum', (v: Tensor, u: Tensor) => add(v, u), [zeros([40_000]), zeros([40_000])]).graph;
    const [zero, one] = [new Float64Array(40_000), new Float64Array(40_000).fill(1)];
    const calls = Array.from({ length: 12 }, () => small.prepare?.(big)([null, null]));
    for (const call of [...calls, ...calls]) expect(call?.([zero, one])[0]).toEqual(one);
    const [sum] = executable(small, big).run([zeros([40_000]), ones([40_000])]);
    expect(toTypedArray(sum as Tensor)).toEqual(one);
  });

  test('keeps its room while a loop inside it takes room from others', () => {
    const size = 40_000;
    const small = wasmEngine({ maximumBytes: 2 ** 22, threads: 1 });
    const grown = (v: Tensor, u: Tensor): Tensor =>
      add(
        whileLoop(
          (carry: Tensor) => less(sum(slice(carry, [0], [1])), 8),
          (carry: Tensor) => add(carry, tanh(multiply(carry, carry))),
          v,
        ),
        u,
      );
    const { graph: loop } = traceCall('grown', grown, [zeros([size]), zeros([size])]);
    const { graph: plain } = traceCall('sum', (v: Tensor, u: Tensor) => add(v, u), [zeros([size]), zeros([size])]);
    const [one, ramp] = [
      ones([size]),
      fromTypedArray(
        new Float64Array(size).map((_, i) => i),
        [size],
      ),
    ];
    const call = small.prepare?.(loop)([null, ramp]);
    const other = small.prepare?.(plain)([null, null]);
    const wanted = toTypedArray(executable(interpreter, loop).run([one, ramp])[0] as Tensor);
    for (let turn = 0; turn < 3; turn += 1) {
      other?.([toTypedArray(ramp), toTypedArray(ramp)]);
      expect(call?.([toTypedArray(one)])[0]?.[size - 1]).toBeCloseTo(wanted[size - 1] as number, 9);
      expect(call?.([toTypedArray(one)])[0]?.[0]).toBeCloseTo(wanted[0] as number, 9);
    }
  });

  test('works on after its room was taken back, and a thousand others need no more room than a few', () => {
    const own = wasmEngine();
    const call = own.prepare?.(graph)([w, b, null]);
    const scaled = (k: number): ((rest: readonly ArrayLike<number>[]) => readonly ArrayLike<number>[]) | undefined =>
      own.prepare?.(traceCall('scaled', (v: Tensor) => multiply(v, k), [zeros([1000])]).graph)([null]);
    const ones = new Float64Array(1000).fill(1);
    call?.([toTypedArray(x)]);
    for (let k = 0; k < 100; k += 1) expect(scaled(k)?.([ones])[0]?.[999]).toBe(k);
    const { memoryBytes, arenaBytes } = own.statistics();
    for (let k = 0; k < 900; k += 1) scaled(k)?.([ones]);
    expect(own.statistics()).toMatchObject({ memoryBytes, arenaBytes });
    expect(call?.([toTypedArray(x)])[0]).toEqual(expected(w, x));
  });
});
