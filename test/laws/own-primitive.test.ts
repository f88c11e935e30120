/** The laws of primitives that a user wrote; and for each law a primitive, wrong in one place, that it refuses. */
import {
  add,
  bind1,
  customJvp,
  divide,
  multiply,
  negate,
  type Primitive,
  type PrimitiveRecord,
  real,
  reverse,
  stopGradient,
  subtract,
} from '@natgrad/autodiff';
import { checkLaw, differentiableLaws, type Law, primitiveLaws } from '@natgrad/autodiff/laws';
import { type Tensor, toTypedArray } from '@natgrad/tensor';
import { describe, expect, test } from 'vitest';
import {
  atan2Primitive,
  closed,
  mixPrimitive,
  type None,
  openAtan2,
  openMix,
  squaredRadius,
  stretched,
  type Weights,
  zip,
} from './own-primitive.js';

describe('primitives of a user', () => {
  test.each([...primitiveLaws(atan2Primitive), ...primitiveLaws(mixPrimitive)].map((law) => [law.name, law] as const))(
    '%s',
    (_, law) => {
      checkLaw(law, { numRuns: 25 });
    },
  );
});

const atan2 = (change: (self: () => Primitive<None>) => Partial<PrimitiveRecord<None>>): readonly Law[] =>
  primitiveLaws(closed(openAtan2, change));
const mix = (change: (self: () => Primitive<Weights>) => Partial<PrimitiveRecord<Weights>>): readonly Law[] =>
  primitiveLaws(closed(openMix, change));

/** atan2 with its jvp passed through `factor`, which multiplies what it gets by 1 in some wrong way. */
const withFactor = (factor: (r2: Tensor) => Tensor): Partial<PrimitiveRecord<None>> => ({
  jvp: ([y, x], _outs, [dy, dx]) => {
    const parts = [...(dy ? [multiply(dy, x as Tensor)] : []), ...(dx ? [negate(multiply(dx, y as Tensor))] : [])];
    return [
      divide(
        parts.reduce((a, b) => add(a, b)),
        factor(squaredRadius(y as Tensor, x as Tensor)),
      ),
    ];
  },
});

const scaled = (by: number): Partial<PrimitiveRecord<None>> => ({
  linearize: (args, tangents) => {
    const outs = [bind1(atan2Primitive, args, {})];
    return { outs, tangents: atan2Primitive.jvp(args, outs, tangents, {}).map((t) => t && multiply(t, by)) };
  },
});

/** The identity, whose derivative is right once and wrong twice. */
const rightOnce = customJvp(
  (x: Tensor) => x,
  (x, t) => multiply(t, divide(x, stopGradient(x))),
);

/** True while there are elements to read. */
const isEager = (x: Tensor): boolean => {
  try {
    toTypedArray(x);
    return true;
  } catch {
    return false;
  }
};

const counter = (): (() => number) => {
  let count = 0;
  return () => (count += 1);
};

const reversedRows = <P>(self: () => Primitive<P>): Partial<PrimitiveRecord<P>> => ({
  batch: (args, batched, size, params) => ({
    outs: [reverse(bind1(self(), stretched(args, batched, size), params), 0)],
    batched: [true],
  }),
});

const impure = (): Partial<PrimitiveRecord<None>> => {
  const count = counter();
  return { evaluate: ([y, x]) => [zip((a, b) => Math.atan2(a, b) + 0.01 * count(), y as Tensor, x as Tensor)] };
};

const broken: readonly (readonly [law: string, how: string, laws: () => readonly Law[]])[] = [
  [
    'the shape rule says what evaluate gives',
    'a shape rule with the axes reversed',
    () => atan2(() => ({ shape: ([y]) => [{ dtype: 'f64', shape: [...(y as Tensor).shape].reverse() }] })),
  ],
  [
    'the shape rule says what evaluate gives',
    'a shape rule that says f64 for f32',
    () => atan2(() => ({ shape: ([y]) => [{ dtype: 'f64', shape: (y as Tensor).shape }] })),
  ],
  ['evaluate changes nothing and repeats itself', 'an evaluation that counts', () => atan2(impure)],
  [
    'a null tangent is zero',
    'a rule that takes null for one',
    () =>
      atan2(() => ({
        jvp: (args, outs, [dy, dx]) =>
          atan2Primitive.jvp(args, outs, [dy ?? add(args[0] as Tensor, 1), dx ?? null], {}),
      })),
  ],
  [
    'f32 agrees with f64',
    'an evaluation that is coarse in f32',
    () =>
      atan2(() => ({
        evaluate: ([y, x]) => [
          zip((a, b) => Math.atan2(a, b) + ((y as Tensor).dtype === 'f32' ? 0.01 : 0), y as Tensor, x as Tensor),
        ],
      })),
  ],
  [
    'the composite lowering is evaluate',
    'an expansion with the weights swapped',
    () =>
      mix(() => ({
        lower: {
          kind: 'composite',
          expand: ([x, y], { a, b }) => [add(multiply(x as Tensor, b), multiply(y as Tensor, a))],
        },
      })),
  ],
  [
    'transpose is the adjoint for every choice of linear arguments',
    'a transpose with the weights swapped',
    () => mix(() => ({ transpose: (cts, args, { a, b }) => mixTranspose(cts, args, { a: b, b: a }) })),
  ],
  [
    'transpose is the adjoint for every choice of linear arguments',
    'a cotangent for an argument that is not linear',
    () => mix(() => ({ transpose: ([ct], _args, { a, b }) => [multiply(ct as Tensor, a), multiply(ct as Tensor, b)] })),
  ],
  [
    'transpose is the adjoint for every choice of linear arguments',
    'a transpose that forgets an argument',
    () => mix(() => ({ transpose: (cts, args, params) => [mixTranspose(cts, args, params)[0] ?? null, null] })),
  ],
  [
    'vjp is the adjoint of jvp for every choice of active arguments',
    'a transpose with the wrong sign',
    () => mix(() => ({ transpose: (cts, args, { a, b }) => mixTranspose(cts, args, { a: -a, b }) })),
  ],
  [
    'vjp is linear in the cotangent',
    'a transpose that squares',
    () =>
      mix(() => ({
        transpose: (cts, args, params) => mixTranspose(cts, args, params).map((ct) => ct && multiply(ct, ct)),
      })),
  ],
  [
    'jvp agrees with differences',
    'a jvp with the sign flipped',
    () =>
      atan2(() => ({
        jvp: (args, outs, tangents) => atan2Primitive.jvp(args, outs, tangents, {}).map((t) => t && negate(t)),
      })),
  ],
  [
    'jvp is linear in the tangent',
    'a jvp with something added',
    () =>
      atan2(() => ({
        jvp: (args, outs, tangents) => atan2Primitive.jvp(args, outs, tangents, {}).map((t) => t && add(t, 0.1)),
      })),
  ],
  ['linearize is jvp', 'a linearisation that is twice the jvp', () => atan2(() => scaled(2))],
  [
    'the second derivative forward agrees with differences and is symmetric',
    'a jvp right once and wrong twice',
    () => atan2(() => withFactor((r2) => stopGradient(r2))),
  ],
  [
    'the gradient of ⟨gradient, v⟩ agrees with differences',
    'the same in reverse',
    () => atan2(() => withFactor((r2) => stopGradient(r2))),
  ],
  [
    'the third derivative forward agrees with differences',
    'a jvp right twice and wrong three times',
    () => atan2(() => withFactor(rightOnce)),
  ],
  [
    'the third derivative reverse is the third derivative forward',
    'a linearisation that is −1 times the jvp',
    () => atan2(() => scaled(-1)),
  ],
  [
    'Hessian-vector products are symmetric',
    'a field that is no gradient',
    () => atan2(() => withFactor((r2) => add(multiply(r2, 0), 1))),
  ],
  ['vmap is a loop for every choice of batched arguments', 'a batch in the wrong order', () => atan2(reversedRows)],
  [
    'vmap is a loop for every choice of batched arguments',
    'a batch rule that takes all arguments for batched',
    () => atan2((self) => ({ batch: (args) => ({ outs: [bind1(self(), args, {})], batched: [true] }) })),
  ],
  ['vmap of vmap is a loop in a loop', 'a batch in the wrong order', () => atan2(reversedRows)],
  ['vmap of jvp is a loop of jvp', 'a batch in the wrong order', () => mix(reversedRows)],
  [
    'vmap of grad is a loop of grad',
    'a batch in the wrong order',
    () =>
      atan2((self) => ({
        ...reversedRows(self),
        // The gradient of atan2 holds no atan2; that of this one does, less the right one.
        jvp: (args, outs, tangents) => {
          const extra = subtract(bind1(self(), args, {}), bind1(atan2Primitive, args, {}));
          return atan2Primitive.jvp(args, outs, tangents, {}).map((t) => t && add(t, multiply(t, extra)));
        },
      })),
  ],
  ['jit is eager to the bit', 'an evaluation that counts', () => atan2(impure)],
  [
    'derivatives of jit and jit of derivatives',
    'a jvp that means something else where it is traced',
    () =>
      atan2(() => ({
        jvp: (args, outs, tangents) =>
          atan2Primitive.jvp(args, outs, tangents, {}).map((t) => t && multiply(t, isEager(t) ? 1 : 2)),
      })),
  ],
  [
    'graphs of it and of its transforms are valid',
    'a shape rule that changes its mind',
    () => {
      const count = counter();
      return atan2(() => ({
        shape: ([y]) => [{ dtype: count() % 2 === 0 ? 'f32' : 'f64', shape: (y as Tensor).shape }],
      }));
    },
  ],
  [
    'tracing twice gives the same program',
    'a function with a memory',
    () => {
      const count = counter();
      return differentiableLaws(
        'impure',
        (x) => multiply(x, count()),
        (draw) => ({ args: [real(draw.shape())], params: null }),
      );
    },
  ],
];

/** The right one. */
const mixTranspose = mixPrimitive.transpose as Exclude<PrimitiveRecord<Weights>['transpose'], 'nonlinear'>;

describe('every law refuses', () => {
  test.each(broken)('%s: %s', (law, _how, laws) => {
    const named = laws().filter(({ name }) => name.endsWith(`: ${law}`));
    expect(named).toHaveLength(1);
    expect(() => checkLaw(named[0] as Law, { numRuns: 50 })).toThrow(`${law}" does not hold`);
  });

  test('and none is missing here', () => {
    const all = [...primitiveLaws(atan2Primitive), ...primitiveLaws(mixPrimitive)].map(({ name }) =>
      name.slice(name.indexOf(': ') + 2),
    );
    expect(new Set(broken.map(([law]) => law))).toEqual(new Set(all));
  });
});

test('a counterexample says the arguments, the rule and both numbers', () => {
  const flipped = atan2(() => ({
    jvp: (args, outs, tangents) => atan2Primitive.jvp(args, outs, tangents, {}).map((t) => t && negate(t)),
  }));
  const law = flipped.find(({ name }) => name === 'atan2: jvp agrees with differences') as Law;
  expect(() => checkLaw(law, { numRuns: 50, seed: 1 })).toThrow(
    /atan2\{.*\} at f64\[\] [\d.]+, f64\[\] -?[\d.]+; batches of 1; seed \d+/,
  );
});
