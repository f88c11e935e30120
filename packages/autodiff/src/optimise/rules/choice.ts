/** Rules of conditions, choices and conversions. */
import type { DType } from '@natgrad/tensor';
import { boolean, real } from '../../ir/domain.js';
import { cast, castPrimitive } from '../../primitives/cast.js';
import { logicalAnd, logicalAndPrimitive } from '../../primitives/logical-and.js';
import { logicalNot, logicalNotPrimitive } from '../../primitives/logical-not.js';
import { logicalOrPrimitive } from '../../primitives/logical-or.js';
import { select, selectPrimitive } from '../../primitives/select.js';
import { splatOf } from '../splat.js';
import { argumentOf, type Rule } from './rule.js';

type Choice = readonly [number, number, number];

export const knownCondition: Rule = {
  name: 'select(true, x, y) = x, select(false, x, y) = y',
  of: [selectPrimitive],
  apply: ({ inputs }, rebuild) => {
    const [condition, x, y] = inputs as Choice;
    const known = splatOf(condition, rebuild);
    return known === undefined ? undefined : known === 1 ? x : y;
  },
  example: (draw) => {
    const shape = draw.shape();
    return { args: [real(shape), real(shape)], f: (x, y) => select(draw.boolean(), x, y) };
  },
};

export const sameChoice: Rule = {
  name: 'select(c, x, x) = x',
  of: [selectPrimitive],
  apply: ({ inputs }) => {
    const [, x, y] = inputs as Choice;
    return x === y ? x : undefined;
  },
  example: (draw) => {
    const shape = draw.shape();
    return { args: [boolean(shape), real(shape)], f: (c, x) => select(c, x, x) };
  },
};

export const choiceByNot: Rule = {
  name: 'select(¬c, x, y) = select(c, y, x)',
  of: [selectPrimitive],
  apply: ({ inputs }, rebuild) => {
    const [condition, x, y] = inputs as Choice;
    const positive = argumentOf(condition, logicalNotPrimitive, rebuild);
    return positive === undefined ? undefined : rebuild.apply1(selectPrimitive, [positive, y, x], {});
  },
  example: (draw) => {
    const shape = draw.shape();
    return { args: [boolean(shape), real(shape), real(shape)], f: (c, x, y) => select(logicalNot(c), x, y) };
  },
};

export const doubleNot: Rule = {
  name: '¬¬c = c',
  of: [logicalNotPrimitive],
  apply: ({ inputs: [c] }, rebuild) => argumentOf(c as number, logicalNotPrimitive, rebuild),
  example: (draw) => ({ args: [boolean(draw.shape())], f: (c) => logicalNot(logicalNot(c)) }),
};

/** With the neutral element (true of ∧, false of ∨) the other operand remains; with its opposite, that opposite. */
export const knownOperand: Rule = {
  name: 'c ∧ true = c, c ∧ false = false, c ∨ false = c, c ∨ true = true, c ∧ c = c ∨ c = c',
  of: [logicalAndPrimitive, logicalOrPrimitive],
  apply: ({ primitive, inputs }, rebuild) => {
    const [x, y] = inputs as readonly [number, number];
    if (x === y) return x;
    const neutral = (primitive as unknown) === logicalAndPrimitive ? 1 : 0;
    for (const [known, other] of [
      [x, y],
      [y, x],
    ] as const) {
      const value = splatOf(known, rebuild);
      if (value !== undefined) return value === neutral ? other : known;
    }
    return undefined;
  },
  example: (draw) => ({ args: [boolean(draw.shape())], f: (c) => logicalAnd(c, draw.boolean()) }),
};

/** Conversions that keep every value: what follows them sees the same number as without. */
const lossless: Readonly<Record<DType, readonly DType[]>> = {
  bool: ['bool', 'i32', 'f32', 'f64'],
  i32: ['i32', 'f64'],
  f32: ['f32', 'f64'],
  f64: ['f64'],
};

export const castOfCast: Rule = {
  name: 'cast(cast(x, a), b) = cast(x, b), where a holds every value of x; cast(x, its own dtype) = x',
  of: [castPrimitive],
  apply: ({ inputs: [id], avals: [aval] }, rebuild) => {
    const dtype = aval?.dtype as DType;
    const middle = rebuild.aval(id as number).dtype;
    if (middle === dtype) return id;
    const x = argumentOf(id as number, castPrimitive, rebuild);
    if (x === undefined) return undefined;
    const from = rebuild.aval(x).dtype;
    if (!lossless[from].includes(middle)) return undefined;
    return from === dtype ? x : rebuild.apply1(castPrimitive, [x], { dtype });
  },
  example: (draw) => {
    const from = draw.pick<DType>(['bool', 'i32', 'f32']);
    const to = draw.pick<DType>(
      (['bool', 'i32', 'f32'] as const).filter((dtype) => from !== 'i32' || dtype !== 'bool'),
    );
    const shape = draw.shape();
    const argument =
      from === 'bool'
        ? boolean(shape)
        : { ...real(shape), dtype: from, elements: { kind: 'integers', min: -3, max: 3 } as const };
    return { args: [argument], f: (x) => cast(cast(x, 'f64'), to) };
  },
  nearMiss: (draw) => ({
    args: [real(draw.shape())],
    f: (x) => cast(cast(x, draw.pick<DType>(['i32', 'bool', 'f32'])), 'f64'),
  }),
};
