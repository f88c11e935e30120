/** The laws that the package hands to its users: they hold for what is right and find what is wrong. */
import {
  add,
  broadcastShapes,
  broadcastTo,
  cast,
  decodeNpy,
  encodeNpy,
  fromTypedArray,
  isNatgradError,
  maximum,
  multiply,
  ones,
  type Shape,
  sum,
  type Tensor,
  toNested,
  toTypedArray,
  zeros,
} from '@natgrad/tensor';
import { elements, isContiguous, viewOf } from '@natgrad/tensor/internal';
import {
  arbitraryBroadcastShapes,
  arbitraryShape,
  arbitraryTensor,
  arbitraryTree,
  broadcastLaws,
  checkLaw,
  codecLaws,
  elementwiseLaws,
  fingerprint,
  isomorphismLaws,
  type Law,
  law,
  lawRuns,
  monoidLaws,
  pureLaws,
  type ReductionSubject,
  reductionLaws,
  requireElements,
  ulpsBetween,
} from '@natgrad/tensor/laws';
import fc from 'fast-check';
import { left } from 'fp-ts/lib/Either.js';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { itHolds } from './layouts.js';

/** Which of the laws fail. */
const broken = (laws: readonly Law[]): readonly string[] =>
  laws
    .filter((each) => {
      try {
        checkLaw(each, { numRuns: 200, seed: 7 });
        return false;
      } catch {
        return true;
      }
    })
    .map((each) => each.name);

afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});

describe('lawRuns', () => {
  it.each<[string | undefined, number]>([
    [undefined, 20],
    ['', 20],
    ['5', 20],
    ['20', 20],
    ['1000', 1000],
    ['1e3', 1000],
  ])('NATGRAD_LAW_RUNS=%s raises 20 to %s', (value, expected) => {
    vi.stubEnv('NATGRAD_LAW_RUNS', value);
    expect(lawRuns(20)).toBe(expected);
  });

  it.each(['many', '-1', '1.5', 'NaN'])('refuses NATGRAD_LAW_RUNS=%s', (value) => {
    vi.stubEnv('NATGRAD_LAW_RUNS', value);
    expect(() => lawRuns(20)).toThrow(`lawRuns: NATGRAD_LAW_RUNS is "${value}"`);
  });

  it('works where there is no process', () => {
    vi.stubGlobal('process', undefined);
    const without = lawRuns(20);
    vi.stubGlobal('process', {});
    const empty = lawRuns(20);
    vi.unstubAllGlobals();
    expect([without, empty]).toEqual([20, 20]);
  });
});

describe('checkLaw', () => {
  it('runs as many cases as lawRuns says', () => {
    vi.stubEnv('NATGRAD_LAW_RUNS', '150');
    let cases = 0;
    checkLaw(
      law('counts', fc.nat(), () => void (cases += 1)),
      { numRuns: 10 },
    );
    expect(cases).toBe(150);
  });

  it('names the law, the reason, the smallest counterexample and the seed', () => {
    const failing = law(
      'sizes are small',
      arbitraryTensor({ dtype: 'f64', shape: arbitraryShape({ maxRank: 1 }) }),
      (x) => {
        if (x.size > 1) throw new Error(`size ${x.size}`);
      },
    );
    expect(() => checkLaw(failing, { seed: 3 })).toThrow(
      /the law "sizes are small" does not hold: size 2\n[^]*seed: 3[^]*f64\[2\] \[0, 0\]/,
    );
  });

  it('takes false for a failure, and nothing for success', () => {
    expect(() => checkLaw(law('never', fc.nat(), () => false))).toThrow('never');
    checkLaw(law('always', fc.nat(), () => undefined));
  });
});

describe('arbitraries', () => {
  const sample = fc.sample(arbitraryTensor(), { numRuns: 2000, seed: 1 });

  it.each<[string, (x: Tensor) => boolean]>([
    ['rank 0', (x) => x.rank === 0],
    ['rank 3', (x) => x.rank === 3],
    ['size 0', (x) => x.size === 0],
    ['f32', (x) => x.dtype === 'f32'],
    ['bool', (x) => x.dtype === 'bool'],
    ['smallest i32', (x) => x.dtype === 'i32' && toTypedArray(x).includes(-(2 ** 31))],
    ['NaN', (x) => toTypedArray(x).some(Number.isNaN)],
    ['∞', (x) => toTypedArray(x).includes(Infinity)],
    ['−∞', (x) => toTypedArray(x).includes(-Infinity)],
    ['−0', (x) => [...toTypedArray(x)].some((each) => Object.is(each, -0))],
    ['subnormal', (x) => toTypedArray(x).includes(Number.MIN_VALUE)],
    ['subnormal f32', (x) => x.dtype === 'f32' && toTypedArray(x).includes(2 ** -149)],
    ['strides', (x) => x.size > 1 && !isContiguous(viewOf(x))],
    ['backwards', (x) => x.size > 1 && viewOf(x).stride.some((each) => each < 0)],
    ['gaps', (x) => x.size > 1 && viewOf(x).data.length >= 2 * x.size],
    ['an offset', (x) => x.size > 1 && isContiguous(viewOf(x)) && viewOf(x).offset > 0],
  ])('give %s', (_, has) => {
    expect(sample.filter(has).length).toBeGreaterThan(5);
  });

  it('keep to their options', () => {
    const options = { dtype: 'i32', shape: [2, 2], elements: fc.constant(7), strided: false } as const;
    for (const x of fc.sample(arbitraryTensor(options), 50)) {
      expect(fingerprint(x)).toBe('i32[2,2] 7,7,7,7');
      expect(isContiguous(viewOf(x))).toBe(true);
    }
    for (const shape of fc.sample(arbitraryShape({ minRank: 2, maxRank: 2, minExtent: 1, maxExtent: 2 }), 50)) {
      expect(shape.length).toBe(2);
      expect(shape.every((extent) => extent >= 1 && extent <= 2)).toBe(true);
    }
    for (const shapes of fc.sample(arbitraryBroadcastShapes(3), 200))
      expect(() => shapes.reduce((a, b) => broadcastShapes('law', a, b), [])).not.toThrow();
  });

  it('give trees of every kind', () => {
    const trees = fc.sample(arbitraryTree(), { numRuns: 1000, seed: 1 });
    const kinds = new Set(
      trees.map((tree) =>
        tree === null ? 'null' : Array.isArray(tree) ? 'array' : fingerprint(tree).startsWith('{') ? 'object' : 'leaf',
      ),
    );
    expect([...kinds].sort()).toEqual(['array', 'leaf', 'null', 'object']);
    expect(trees.some((tree) => tree !== null && Object.hasOwn(tree, '__proto__'))).toBe(true);
  });
});

describe('ulpsBetween', () => {
  it('counts floats', () => {
    expect(ulpsBetween(1, 1 + 2 ** -52)).toBe(1);
    expect(ulpsBetween(1, 1 - 2 ** -53)).toBe(1);
    expect(ulpsBetween(-Number.MIN_VALUE, Number.MIN_VALUE)).toBe(2);
    expect(ulpsBetween(0, -0)).toBe(0);
    expect(ulpsBetween(Number.MAX_VALUE, Infinity)).toBe(1);
    expect(ulpsBetween(1, 1 + 2 ** -23, 'f32')).toBe(1);
    expect(ulpsBetween(-(2 ** -149), 2 ** -149, 'f32')).toBe(2);
    expect(ulpsBetween(NaN, NaN)).toBe(0);
    expect(ulpsBetween(NaN, 1)).toBe(Infinity);
    expect(ulpsBetween(3, 5, 'i32')).toBe(2);
  });
});

describe('elementwiseLaws', () => {
  const relu = { name: 'relu', reference: (x: number) => Math.max(x, 0) };
  itHolds(elementwiseLaws({ ...relu, apply: (x: Tensor) => maximum(x, 0), dtypes: ['f32', 'f64', 'i32'] }));

  it.each<[string, (x: Tensor) => unknown, string]>([
    ['another function', (x) => maximum(x, 1), 'loop over the elements'],
    ['another dtype', (x) => cast(maximum(x, 0), 'f32'), 'loop over the elements'],
    ['another shape', (x) => maximum(x, zeros([1, 1])), 'loop over the elements'],
    ['no tensor', () => 3, 'loop over the elements'],
    ['writes to its input', (x) => (elements(x).fill(0), maximum(x, 0)), 'leaves its arguments as they are'],
    [
      'has a memory',
      (
        (calls: number) => (x: Tensor) =>
          add(maximum(x, 0), (calls += 1))
      )(0),
      'same result twice',
    ],
    // Reads storage from its beginning in its own order: right for row-major tensors only.
    [
      'sees the layout',
      (x) => maximum(fromTypedArray(viewOf(x).data.slice(0, x.size), x.shape), 0),
      'loop over the elements',
    ],
  ])('find what %s', (_, apply, expected) => {
    expect(broken(elementwiseLaws({ ...relu, apply })).join()).toContain(expected);
  });

  it('find a function of two that forgets to broadcast one of them', () => {
    const wrong = (x: Tensor, y: Tensor): Tensor => (x.size < y.size ? add(y, y) : add(x, y));
    expect(
      broken(elementwiseLaws({ name: 'add', apply: wrong, reference: (x, y) => x + y })).length,
    ).toBeGreaterThanOrEqual(2);
  });

  it('allow the ulps that are claimed, and no more', () => {
    const off = (x: Tensor): Tensor => multiply(multiply(x, 1 / 3), 3);
    const subject = {
      name: 'identity',
      apply: off,
      reference: (x: number) => x,
      elements: fc.double({ min: 1, max: 2, noNaN: true }),
    };
    expect(broken(elementwiseLaws(subject)).join()).toContain('loop');
    expect(broken(elementwiseLaws({ ...subject, ulps: 2 }))).toEqual([]);
  });
});

describe('reductionLaws', () => {
  const total: ReductionSubject = {
    name: 'sum',
    apply: sum,
    reference: (xs) => xs.reduce((all, x) => all + x, 0),
    elements: fc.integer({ min: -9, max: 9 }),
  };
  itHolds(reductionLaws(total));

  it.each<[string, Partial<ReductionSubject>, string]>([
    ['drops kept axes', { apply: (x, axes) => sum(x, axes) }, 'loop over the elements'],
    [
      'ignores the axes',
      { apply: (x, axes, keep) => broadcastTo(sum(x), sum(x, axes, keep).shape) },
      'loop over the elements',
    ],
    [
      'counts axes from the front only',
      {
        apply: (x, axes, keep) =>
          sum(
            x,
            axes?.filter((axis) => axis >= 0),
            keep,
          ),
      },
      'loop over the elements',
    ],
    ['starts at one', { apply: (x, axes, keep) => add(sum(x, axes, keep), 1) }, 'loop over the elements'],
    ['takes no axes for none', { apply: (x, axes = [], keep = false) => sum(x, axes, keep) }, 'without axes'],
    ['has a result for nothing', { empty: false }, 'loop over the elements'],
    [
      'writes to its input',
      { apply: (x, axes, keep) => (elements(x).fill(0), sum(x, axes, keep)) },
      'leaves its arguments',
    ],
  ])('find one that %s', (_, wrong, expected) => {
    expect(broken(reductionLaws({ ...total, ...wrong })).join()).toContain(expected);
  });
});

describe('pureLaws', () => {
  it('see writes into gaps of storage, arrays and records', () => {
    const subjects: readonly ((x: Tensor, list: number[], record: { a: number[] }) => unknown)[] = [
      (x) => void viewOf(x).data.fill(9),
      (_, list) => list.push(1),
      (_, __, record) => (record.a[0] = 3),
    ];
    for (const apply of subjects) {
      const operands = fc.tuple(
        arbitraryTensor({ shape: [2] }),
        fc.constant(0).map(() => [1]),
        fc.constant(0).map(() => ({ a: [1] })),
      );
      expect(broken(pureLaws({ name: 'f', apply, operands })).join()).toContain('leaves its arguments');
    }
  });

  it('take a typed error for a result, and let others through', () => {
    const operands = fc.tuple(arbitraryTensor());
    expect(broken(pureLaws({ name: 'f', apply: (x: Tensor) => add(x, ones([7, 7])), operands }))).toEqual([]);
    const crash = (): never => {
      throw new TypeError('crash');
    };
    expect(broken(pureLaws({ name: 'f', apply: crash, operands })).length).toBe(2);
  });
});

describe('codecLaws', () => {
  const npy = { name: 'npy', encode: encodeNpy, decode: decodeNpy, values: arbitraryTensor() };
  itHolds(codecLaws(npy));

  it.each<[string, Partial<typeof npy>, string]>([
    ['loses the dtype', { encode: (x) => encodeNpy(cast(x, 'f32')) }, 'decode ∘ encode'],
    ['refuses nothing but also reads nothing', { decode: () => left(new Error('no') as never) }, 'decode ∘ encode'],
    ['throws', { decode: (bytes) => (bytes.length > 9 ? decodeNpy(bytes) : JSON.parse('{')) as never }, 'any bytes'],
    [
      'refuses without saying what',
      { decode: (bytes) => (isRight(bytes) ? decodeNpy(bytes) : left('no' as never)) },
      'damaged bytes',
    ],
    [
      'has a memory',
      {
        encode: (
          (n: number) => (x: Tensor) =>
            encodeNpy(add(x, (n += 1)))
        )(0),
      },
      'same result twice',
    ],
    [
      'writes what it would not write again',
      { encode: (x) => encodeNpy(x), decode: (bytes) => mapRight(bytes) },
      'encode ∘ decode ∘ encode',
    ],
  ])('find one that %s', (_, wrong, expected) => {
    expect(broken(codecLaws({ ...npy, ...wrong })).join()).toContain(expected);
  });
});

const isRight = (bytes: Uint8Array): boolean => decodeNpy(bytes)._tag === 'Right';
/** Reads every tensor as the one that it would be in `f64`. */
const mapRight = (bytes: Uint8Array): ReturnType<typeof decodeNpy> => {
  const read = decodeNpy(bytes);
  return read._tag === 'Right' ? { ...read, right: cast(read.right, 'f64') } : read;
};

describe('laws of algebra', () => {
  const whole = fc.integer({ min: -99, max: 99 });
  itHolds(monoidLaws({ name: 'addition', concat: (x, y) => x + y, empty: 0, values: whole, commutative: true }));
  itHolds(
    isomorphismLaws({ name: 'negation', there: (x: number) => 0 - x, back: (x: number) => 0 - x, values: whole }),
  );
  itHolds(broadcastLaws('broadcastShapes', (x, y) => broadcastShapes('law', x, y)));

  it('find what is no monoid', () => {
    const names = (concat: (x: number, y: number) => number, empty: number): string =>
      broken(monoidLaws({ name: 'm', concat, empty, values: whole, commutative: true })).join();
    expect(names((x, y) => x - y, 0)).toBe('m is associative,m: empty is neutral on the left,m is commutative');
    expect(names((x) => x, 0)).toBe('m: empty is neutral on the left,m is commutative');
    expect(names((_, y) => y, 0)).toBe('m: empty is neutral on the right,m is commutative');
    expect(broken(isomorphismLaws({ name: 'i', there: Math.abs, back: (x) => x, values: whole })).length).toBe(1);
  });

  it.each<[string, (x: Shape, y: Shape) => Shape, string]>([
    [
      'aligned at the first axis',
      (x, y) => [...broadcastShapes('b', [...x].reverse(), [...y].reverse())].reverse(),
      'stretches',
    ],
    ['taking the longer', (x, y) => (x.length >= y.length ? x : y), 'commutative'],
    [
      'stretching nothing',
      (x, y) => (fingerprint(x) === fingerprint(y) ? x : broadcastShapes('b', [2], [3])),
      'stretches',
    ],
    ['losing extents of 0', (x, y) => broadcastShapes('b', x, y).map((extent) => extent || 1), 'stretches'],
  ])('find broadcasting %s', (_, broadcast, expected) => {
    expect(broken(broadcastLaws('b', broadcast)).join()).toContain(expected);
  });
});

it('requireElements says which element is wrong', () => {
  const x = ones([2, 2]);
  requireElements(x, { dtype: 'f64', shape: [2, 2], at: () => 1 });
  expect(() =>
    requireElements(x, { dtype: 'f64', shape: [2, 2], at: ([i, j]) => (i === 1 && j === 0 ? -0 : 1) }),
  ).toThrow('element [1,0] of f64[2,2] is 1, expected -0');
  expect(() => requireElements(x, { dtype: 'f32', shape: [2, 2], at: () => 1 })).toThrow(
    'the result is f64[2,2], expected f32[2,2]',
  );
  expect(() => requireElements([1], { dtype: 'f64', shape: [1], at: () => 1 })).toThrow(
    'expected f64[1], found object',
  );
  expect(toNested(x)).toEqual([
    [1, 1],
    [1, 1],
  ]);
  expect(isNatgradError(new Error('plain'))).toBe(false);
});
