/** Every instruction is accepted by the platform, and does what its name says where a byte could be wrong unnoticed. */
import { describe, expect, test } from 'vitest';
import {
  call,
  encodeModule,
  signed,
  unsigned,
  wasmFunction,
} from '../../packages/autodiff/src/backends/wasm/encode.js';
import { f32x4, f64, forRange, i32, v128 } from '../../packages/autodiff/src/backends/wasm/instructions.js';

const instance = (bytes: Uint8Array<ArrayBuffer>): Record<string, (...args: number[]) => number> => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65_536 });
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } }).exports as never;
};

describe('encoder', () => {
  test('LEB128', () => {
    expect(unsigned(624_485)).toEqual([0xe5, 0x8e, 0x26]);
    expect(signed(-123_456n)).toEqual([0xc0, 0xbb, 0x78]);
    expect(signed(64n)).toEqual([0xc0, 0x00]);
  });

  test('loops, locals and calls', () => {
    const square = wasmFunction('square', ['f64'], ['f64'], (_, x) => f64.mul(x.get, x.get));
    const sum = wasmFunction('sumOfSquares', ['i32'], ['f64'], (local, n) => {
      const [i, total] = [local('i32'), local('f64')];
      const body = total.set(f64.add(total.get, call(square, [i.get, 0xb8])));
      return [forRange(i, i32.const(0), n.get, i32.const(1), body), total.get];
    });
    const { sumOfSquares } = instance(encodeModule([sum]));
    expect([0, 1, 4].map((n) => sumOfSquares?.(n))).toEqual([0, 0, 14]);
  });

  test('vectors', () => {
    const lane = wasmFunction('lane', ['i32'], ['f32'], (local, address) => {
      const x = local('v128');
      return [
        v128.store(address.get, f32x4.const(1.5)),
        x.set(f32x4.add(v128.load(address.get), f32x4.const(2))),
        f32x4.extractLane(x.get, 3),
      ];
    });
    expect(instance(encodeModule([lane]))['lane']?.(16)).toBe(3.5);
  });
});
