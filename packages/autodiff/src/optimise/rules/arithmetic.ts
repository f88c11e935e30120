/** Rules of sums, products, quotients and powers, in floating point. */
import { scalar } from '@natgrad/tensor';
import { real } from '../../ir/domain.js';
import { absolute, absolutePrimitive } from '../../primitives/absolute.js';
import { add, addPrimitive } from '../../primitives/add.js';
import { divide, dividePrimitive } from '../../primitives/divide.js';
import { maximumPrimitive } from '../../primitives/maximum.js';
import { minimum, minimumPrimitive } from '../../primitives/minimum.js';
import { multiply, multiplyPrimitive } from '../../primitives/multiply.js';
import { negate, negatePrimitive } from '../../primitives/negate.js';
import { power, powerPrimitive } from '../../primitives/power.js';
import { sqrtPrimitive } from '../../primitives/sqrt.js';
import { squarePrimitive } from '../../primitives/square.js';
import { subtract, subtractPrimitive } from '../../primitives/subtract.js';
import { sum } from '../../primitives/sum.js';
import type { Rebuild } from '../rewrite.js';
import { splatOf, stretch } from '../splat.js';
import { argumentOf, neverMinusZero, neverNegative, type Rule } from './rule.js';

type Operands = readonly [number, number];

/** The operand beside one whose elements are all `value` (0 and −0 differ), on either side. */
const beside = (inputs: readonly number[], value: number, rebuild: Rebuild): number | undefined => {
  const [x, y] = inputs as Operands;
  if (Object.is(splatOf(y, rebuild), value)) return x;
  return Object.is(splatOf(x, rebuild), value) ? y : undefined;
};

/** The first operand where the second is a constant whose elements all pass a test. */
const over = (
  inputs: readonly number[],
  test: (value: number) => boolean,
  rebuild: Rebuild,
): { readonly x: number; readonly value: number } | undefined => {
  const [x, y] = inputs as Operands;
  const value = splatOf(y, rebuild);
  return value !== undefined && test(value) ? { x, value } : undefined;
};

const minus = (id: number, rebuild: Rebuild): number | undefined => argumentOf(id, negatePrimitive, rebuild);

/** ±2ᵏ whose reciprocal is a normal number of the dtype: dividing by it and multiplying by the reciprocal round alike. */
const invertible = (value: number, dtype: string): boolean => {
  const exponent = Math.log2(Math.abs(value));
  return (
    Number.isInteger(exponent) &&
    2 ** exponent === Math.abs(value) &&
    Math.abs(exponent) <= (dtype === 'f32' ? 126 : 1022)
  );
};

export const productByOne: Rule = {
  name: 'x·1 = x',
  of: [multiplyPrimitive],
  apply: ({ inputs }, rebuild) => beside(inputs, 1, rebuild),
  example: (draw) => ({ args: [real(draw.shape())], f: (x) => (draw.boolean() ? multiply(x, 1) : multiply(1, x)) }),
};

export const productByMinusOne: Rule = {
  name: 'x·(−1) = −x',
  of: [multiplyPrimitive],
  apply: ({ inputs }, rebuild) => {
    const x = beside(inputs, -1, rebuild);
    return x === undefined ? undefined : rebuild.apply1(negatePrimitive, [x], {});
  },
  example: (draw) => ({ args: [real(draw.shape())], f: (x) => multiply(-1, x) }),
};

export const quotientByOne: Rule = {
  name: 'x/1 = x',
  of: [dividePrimitive],
  apply: ({ inputs }, rebuild) => over(inputs, (value) => value === 1, rebuild)?.x,
  example: (draw) => ({ args: [real(draw.shape())], f: (x) => divide(x, 1) }),
};

export const quotientByPowerOfTwo: Rule = {
  name: 'x/2ᵏ = x·2⁻ᵏ',
  of: [dividePrimitive],
  apply: ({ inputs, avals: [aval] }, rebuild) => {
    if (aval === undefined) return undefined;
    const found = over(inputs, (value) => invertible(value, aval.dtype), rebuild);
    if (found === undefined) return undefined;
    const reciprocal = rebuild.constant(scalar(1 / found.value, aval.dtype));
    return rebuild.apply1(multiplyPrimitive, [found.x, stretch(reciprocal, aval.shape, rebuild)], {});
  },
  example: (draw) => ({ args: [real(draw.shape())], f: (x) => divide(x, draw.pick([2, -4, 0.125, 2 ** 100])) }),
  nearMiss: (draw) => ({
    args: [real(draw.shape())],
    f: (x) => divide(x, draw.pick([3, 0.1, 0, -0, Infinity, NaN, 2 ** -1074])),
  }),
};

export const minusZero: Rule = {
  name: 'x − 0 = x',
  of: [subtractPrimitive],
  apply: ({ inputs }, rebuild) => over(inputs, (value) => Object.is(value, 0), rebuild)?.x,
  example: (draw) => ({ args: [real(draw.shape())], f: (x) => subtract(x, 0) }),
  nearMiss: (draw) => ({ args: [real(draw.shape())], f: (x) => subtract(x, -0) }),
};

export const plusMinusZero: Rule = {
  name: 'x + (−0) = x',
  of: [addPrimitive],
  apply: ({ inputs }, rebuild) => beside(inputs, -0, rebuild),
  example: (draw) => ({ args: [real(draw.shape())], f: (x) => add(x, -0) }),
};

/** −0 + 0 is 0, so x must not be −0: then 1/(x + 0) and 1/x would be different infinities. */
export const plusZero: Rule = {
  name: 'x + 0 = x, where no element of x is −0',
  of: [addPrimitive],
  apply: ({ inputs }, rebuild) => {
    const x = beside(inputs, 0, rebuild);
    return x !== undefined && neverMinusZero(x, rebuild) ? x : undefined;
  },
  example: (draw) => {
    const shape = draw.shape({ minRank: 1 });
    return {
      args: [real(shape)],
      f: (x) => add(0, draw.pick([sum(x, 0), absolute(x), multiply(x, x), add(x, absolute(x))])),
    };
  },
  nearMiss: (draw) => ({
    args: [real(draw.shape())],
    f: (x) => add(0, draw.pick([x, negate(absolute(x)), add(x, x)])),
  }),
};

export const doubleNegation: Rule = {
  name: '−(−x) = x',
  of: [negatePrimitive],
  apply: ({ inputs: [x] }, rebuild) => minus(x as number, rebuild),
  example: (draw) => ({ args: [real(draw.shape())], f: (x) => negate(negate(x)) }),
};

export const plusNegative: Rule = {
  name: 'x + (−y) = x − y, (−x) + y = y − x',
  of: [addPrimitive],
  apply: ({ inputs }, rebuild) => {
    const [x, y] = inputs as Operands;
    const [left, right] = [minus(x, rebuild), minus(y, rebuild)];
    if (right !== undefined) return rebuild.apply1(subtractPrimitive, [x, right], {});
    return left === undefined ? undefined : rebuild.apply1(subtractPrimitive, [y, left], {});
  },
  example: (draw) => {
    const shape = draw.shape();
    return {
      args: [real(shape), real(shape)],
      f: (x, y) => (draw.boolean() ? add(x, negate(y)) : add(negate(x), y)),
    };
  },
};

export const minusNegative: Rule = {
  name: 'x − (−y) = x + y',
  of: [subtractPrimitive],
  apply: ({ inputs }, rebuild) => {
    const [x, y] = inputs as Operands;
    const right = minus(y, rebuild);
    return right === undefined ? undefined : rebuild.apply1(addPrimitive, [x, right], {});
  },
  example: (draw) => {
    const shape = draw.shape();
    return { args: [real(shape), real(shape)], f: (x, y) => subtract(x, negate(y)) };
  },
};

export const productOfNegatives: Rule = {
  name: '(−x)·(−y) = x·y, (−x)/(−y) = x/y',
  of: [multiplyPrimitive, dividePrimitive],
  apply: ({ primitive, inputs }, rebuild) => {
    const [left, right] = inputs.map((id) => minus(id, rebuild));
    return left === undefined || right === undefined ? undefined : rebuild.apply1(primitive, [left, right], {});
  },
  example: (draw) => {
    const shape = draw.shape();
    return {
      args: [real(shape), real(shape)],
      f: (x, y) => draw.pick([multiply, divide])(negate(x), negate(y)),
    };
  },
};

export const squareOfNegative: Rule = {
  name: '(−x)² = x², |−x| = |x|',
  of: [squarePrimitive, absolutePrimitive],
  apply: ({ primitive, inputs: [x] }, rebuild) => {
    const positive = minus(x as number, rebuild);
    return positive === undefined ? undefined : rebuild.apply1(primitive, [positive], {});
  },
  example: (draw) => ({ args: [real(draw.shape())], f: (x) => absolute(negate(x)) }),
};

export const firstPower: Rule = {
  name: 'x¹ = x',
  of: [powerPrimitive],
  apply: ({ inputs }, rebuild) => over(inputs, (value) => value === 1, rebuild)?.x,
  example: (draw) => ({ args: [real(draw.shape())], f: (x) => power(x, 1) }),
};

export const secondPower: Rule = {
  name: 'x² = x·x',
  of: [powerPrimitive],
  apply: ({ inputs }, rebuild) => {
    const found = over(inputs, (value) => value === 2, rebuild);
    return found === undefined ? undefined : rebuild.apply1(squarePrimitive, [found.x], {});
  },
  example: (draw) => ({ args: [real(draw.shape())], f: (x) => power(x, 2) }),
  // Powers are approximated by the implementation; a square is rounded once.
  ulps: 1,
};

/** For −0 and −∞ the two differ. */
export const halfPower: Rule = {
  name: 'x^½ = √x, where no element of x is negative',
  of: [powerPrimitive],
  apply: ({ inputs }, rebuild) => {
    const found = over(inputs, (value) => value === 0.5, rebuild);
    return found === undefined || !neverNegative(found.x, rebuild)
      ? undefined
      : rebuild.apply1(sqrtPrimitive, [found.x], {});
  },
  example: (draw) => ({ args: [real(draw.shape())], f: (x) => power(absolute(x), 0.5) }),
  nearMiss: (draw) => ({ args: [real(draw.shape())], f: (x) => power(x, 0.5) }),
  // As for squares.
  ulps: 1,
};

export const extremeOfOne: Rule = {
  name: 'max(x, x) = x, min(x, x) = x',
  of: [maximumPrimitive, minimumPrimitive],
  apply: ({ inputs: [x, y] }) => (x === y ? x : undefined),
  example: (draw) => ({ args: [real(draw.shape())], f: (x) => minimum(x, x) }),
};
