/**
 * Vector functions: nearness to exact values over all exponents, special values as the interpreter has them, symmetries, and lanes
 * that do not see each other. Discovery is over every name, dtype and multiply-add.
 */
import * as reference from '@natgrad/tensor';
import { beforeAll, describe, expect, test } from 'vitest';
import { call, encodeModule, wasmFunction } from '../../packages/autodiff/src/backends/wasm/encode.js';
import { forRange, i32, v128 } from '../../packages/autodiff/src/backends/wasm/instructions.js';
import {
  accuracy,
  inlineMath,
  MATH_NAMES,
  type MathName,
  mathFunction,
} from '../../packages/autodiff/src/backends/wasm/math/index.js';
import { detect } from '../../packages/autodiff/src/backends/wasm/platform.js';
import { bitsFor, PRECISE, ulpDistance } from './_precise.js';

type FloatDType = 'f32' | 'f64';
type Floats = Float32Array | Float64Array;

const DTYPES = ['f32', 'f64'] as const;
const ARRAYS = { f32: Float32Array, f64: Float64Array } as const;
const SAMPLES = { f32: 200_000, f64: 10_000 } as const;
const variants = detect().relaxed ? (['relaxed', 'plain'] as const) : (['plain'] as const);
const cases = MATH_NAMES.flatMap((name) =>
  DTYPES.flatMap((dtype) => variants.map((multiplyAdd) => ({ name, dtype, multiplyAdd }))),
);
type Case = (typeof cases)[number];

const memory = new WebAssembly.Memory({ initial: 160, maximum: 65_536 });

/** Runs a function over arrays in linear memory. */
const runner = ({ name, dtype, multiplyAdd }: Case, how: 'inline' | 'call' = 'inline') => {
  const loop = wasmFunction('run', ['i32', 'i32'], [], (local, bytes, gap) => {
    const i = local('i32');
    const operand = (k: number) => v128.load(i32.add(i.get, i32.mul(gap.get, i32.const(k))));
    const args = name === 'power' ? [operand(0), operand(1)] : [operand(0)];
    const value =
      how === 'inline'
        ? inlineMath(name, dtype, multiplyAdd, local, ...args)
        : call(mathFunction(name, dtype, multiplyAdd), ...args);
    const body = v128.store(i32.add(i.get, i32.mul(gap.get, i32.const(2))), value);
    return forRange(i, i32.const(0), bytes.get, i32.const(16), body);
  });
  const module = new WebAssembly.Module(encodeModule([loop]));
  const run = new WebAssembly.Instance(module, { env: { memory } }).exports['run'] as (n: number, gap: number) => void;
  const Floats = ARRAYS[dtype];
  return (xs: ArrayLike<number>, ys: ArrayLike<number> = []): Floats => {
    const gap = Math.ceil((xs.length * Floats.BYTES_PER_ELEMENT) / 16) * 16;
    new Floats(memory.buffer, 0, xs.length).set(xs);
    new Floats(memory.buffer, gap, ys.length).set(ys);
    run(xs.length * Floats.BYTES_PER_ELEMENT, gap);
    return new Floats(memory.buffer, 2 * gap, xs.length).slice();
  };
};

/** Numerical Recipes' generator: the samples are the same in every run. */
const randoms = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
};

/** Where a function is neither constant nor infinite. */
const RANGES: { readonly [name in MathName]: readonly [number, number] } = {
  exp: [-750, 712],
  log: [0, 4],
  expm1: [-45, 712],
  log1p: [-1, 4],
  tanh: [-22, 22],
  sin: [-2000, 2000],
  cos: [-2000, 2000],
  erf: [-6.5, 6.5],
  power: [0, 10],
};

const SPECIAL = {
  f32: [0, 2 ** -149, 2 ** -126 - 2 ** -149, 2 ** -126, 0.5, 1, 2, 3, 2 ** 24 - 1, (2 - 2 ** -23) * 2 ** 127, Infinity],
  f64: [0, 2 ** -1074, 2 ** -1022 - 2 ** -1074, 2 ** -1022, 0.5, 1, 2, 3, 2 ** 53 - 1, Number.MAX_VALUE, Infinity],
} as const;
const specials = (dtype: FloatDType): readonly number[] => [
  ...SPECIAL[dtype].flatMap((x) => [x, -x]),
  Number.NaN,
  -0.5 - 2 ** -20,
  1 + 2 ** -20,
];

/** One of four: any bits; the range of interest; near 1, 0 and −1; near a multiple of π/2. */
const sample = (name: MathName, dtype: FloatDType): { readonly xs: Floats; readonly ys: Floats } => {
  const random = randoms(MATH_NAMES.indexOf(name) + 1);
  const Floats = ARRAYS[dtype];
  const [low, high] = RANGES[name];
  const xs = new Floats(SAMPLES[dtype]);
  const words = new Uint32Array(xs.buffer);
  const perElement = words.length / xs.length;
  for (let i = 0; i < xs.length; i += 1) {
    const kind = i % 4;
    if (kind === 0) {
      // Strata of the upper bits, sign and exponent first.
      words[(i + 1) * perElement - 1] = ((i + random()) / xs.length) * 2 ** 32;
      if (perElement === 2) words[2 * i] = random() * 2 ** 32;
    } else if (kind === 1) xs[i] = low + (high - low) * random();
    else if (kind === 2) xs[i] = Math.floor(3 * random() - 1) + (random() - 0.5) * 2 ** -Math.floor(60 * random());
    else xs[i] = Math.floor(random() * 2 ** (30 * random())) * (Math.PI / 2);
  }
  // Exponents that spread the results over the whole range; every other one is half an integer.
  const ys = xs.map((x, i) => {
    const y = ((random() - 0.5) * (dtype === 'f32' ? 300 : 2200)) / (Math.log2(Math.abs(x)) || 1);
    return i % 3 === 0 ? Math.round(y) / 2 : y;
  }) as Floats;
  return { xs, ys };
};

const approximate = (name: MathName, x: number, y: number): number =>
  reference.item(name === 'power' ? reference.power(x, y) : reference[name](x));

/** Distance in ulps of the format from a result that is known to more digits than it has. */
const f32Distance = (got: number, exact: number): number => {
  const exponent = Math.max(-126, Math.min(127, Math.floor(Math.log2(Math.abs(exact)))));
  const value = Math.abs(got) === Infinity ? Math.sign(got) * 2 ** 128 : got;
  return Math.abs(value - exact) / 2 ** (exponent - 23);
};

/** The first place where two results are not the same number, or −1. */
const differing = (got: Floats, want: Floats): number => got.findIndex((value, i) => !Object.is(value, want[i]));

const SYMMETRIC: readonly MathName[] = ['tanh', 'erf', 'sin', 'cos'];

const references = new Map<string, (got: Floats) => string | undefined>();

/** Finds the worst element; the exact values are computed once for all variants. */
const judge = (name: MathName, dtype: FloatDType): ((got: Floats) => string | undefined) => {
  const key = `${name}.${dtype}`;
  const known = references.get(key);
  if (known !== undefined) return known;
  const { xs, ys } = sample(name, dtype);
  const exact = Array.from(xs, (x, i) => {
    const y = ys[i] as number;
    const value = approximate(name, x, y);
    if (dtype === 'f32') return value;
    // Results that are no finite number, or too small for one, are what the interpreter has.
    if (!Number.isFinite(value) || value === 0) return value;
    const bits = bitsFor(value);
    return { value: PRECISE[name]!(x, bits, y), bits };
  });
  const made = (got: Floats): string | undefined => {
    let [worst, where] = [0, -1];
    got.forEach((value, i) => {
      const want = exact[i]!;
      const distance =
        typeof want === 'object'
          ? ulpDistance(value, want.value, want.bits)
          : Object.is(value, ARRAYS[dtype].of(want)[0])
            ? 0
            : Number.isFinite(value) || Number.isFinite(want)
              ? f32Distance(value, want)
              : Infinity;
      // NaN distances count as failures.
      if (!(distance <= worst)) [worst, where] = [distance, i];
    });
    return worst <= accuracy[name][dtype]
      ? undefined
      : `${name}(${xs[where]}, ${ys[where]}) = ${got[where]}: ${worst} ulp off`;
  };
  references.set(key, made);
  return made;
};

describe('functions on vectors', () => {
  test('every function states its accuracy', () => {
    expect(Object.keys(accuracy).sort()).toEqual([...MATH_NAMES].sort());
    for (const { f32, f64 } of Object.values(accuracy)) expect(Math.max(f32, f64)).toBeLessThanOrEqual(4);
  });

  test('one function for one name, dtype and multiply-add', () => {
    expect(mathFunction('exp', 'f32', 'plain')).toBe(mathFunction('exp', 'f32', 'plain'));
    expect(mathFunction('exp', 'f32', 'plain')).not.toBe(mathFunction('exp', 'f64', 'plain'));
  });

  describe.each(cases)('$name $dtype $multiplyAdd', (each) => {
    const { name, dtype } = each;
    const Floats = ARRAYS[dtype];
    let run: ReturnType<typeof runner>;
    beforeAll(() => {
      run = runner(each);
    });

    test('errs by no more ulps than it states', () => {
      const { xs, ys } = sample(name, dtype);
      expect(judge(name, dtype)(run(xs, ys))).toBeUndefined();
    });

    test('special values are those of the interpreter', () => {
      const values = specials(dtype);
      const pairs = values.flatMap((x) => (name === 'power' ? values.map((y) => [x, y] as const) : [[x, 0] as const]));
      const [xs, ys] = [Floats.from(pairs.map(([x]) => x)), Floats.from(pairs.map(([, y]) => y))];
      run(xs, ys).forEach((got, i) => {
        const [x, y] = [xs[i] as number, ys[i] as number];
        const want = Floats.of(approximate(name, x, y))[0] as number;
        // The interpreter rounds too, by an ulp or less: 2⁻⁵¹ of an f64, 2⁻²² of an f32, and the smallest numbers.
        const [relative, smallest] = dtype === 'f32' ? [2 ** -22, 2 ** -149] : [2 ** -51, 2 ** -1074];
        const near = Number.isFinite(want) && want !== 0 && Math.abs(want) !== 1;
        if (near) expect(Math.abs(got - want), `${x}, ${y}`).toBeLessThanOrEqual(Math.abs(want) * relative + smallest);
        else expect(got, `${name}(${x}, ${y})`).toBe(want);
      });
    });

    test('a lane does not see its neighbours, nor whether the function is called', () => {
      const { xs, ys } = sample(name, dtype);
      const some = [...specials(dtype), ...xs.subarray(0, 3000)];
      const [a, b] = [Floats.from(some), Floats.from(ys.subarray(0, some.length))];
      const expected = run(a, b);
      const called = runner(each, 'call');
      for (const step of [1, 2, 3, 1001]) {
        const at = (i: number): number => (i * step + step) % a.length;
        const turned = called(
          a.map((_, i) => a[at(i)] as number),
          b.map((_, i) => b[at(i)] as number),
        );
        const want = expected.map((_, i) => expected[at(i)] as number);
        expect(differing(turned, want)).toBe(-1);
      }
    });
  });

  test.each(cases.filter(({ name }) => SYMMETRIC.includes(name)))(
    '$name $dtype $multiplyAdd is odd or even to the bit',
    (each) => {
      const run = runner(each);
      const { xs } = sample(each.name, each.dtype);
      const got = run(xs);
      const mirrored = run(xs.map((x) => -x));
      expect(differing(mirrored, each.name === 'cos' ? got : got.map((y) => -y))).toBe(-1);
    },
  );

  // 1 − tanh² is its derivative, which is nowhere negative.
  test.each(cases.filter(({ name }) => name === 'tanh'))('tanh $dtype $multiplyAdd is nowhere beyond 1', (each) => {
    const xs = Float64Array.from({ length: 200_000 }, (_, i) => i / 8000);
    expect(Array.from(runner(each)(xs)).reduce((most, y) => Math.max(most, y), 0)).toBe(1);
  });
});
