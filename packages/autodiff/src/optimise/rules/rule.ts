/** What an algebraic rule is, and what rules may ask about values. */

import type { Value } from '../../ir/aval.js';
import type { ArgumentSample, Draw } from '../../ir/domain.js';
import type { Primitive } from '../../ir/primitive.js';
import { absolutePrimitive } from '../../primitives/absolute.js';
import { addPrimitive } from '../../primitives/add.js';
import { broadcastToPrimitive } from '../../primitives/broadcast-to.js';
import { expPrimitive } from '../../primitives/exp.js';
import { multiplyPrimitive } from '../../primitives/multiply.js';
import { reshapePrimitive } from '../../primitives/reshape.js';
import { squarePrimitive } from '../../primitives/square.js';
import { sumPrimitive } from '../../primitives/sum.js';
import { transposePrimitive } from '../../primitives/transpose.js';
import type { Operation, Rebuild } from '../rewrite.js';
import { splatOf } from '../splat.js';

/** A program on which a rule fires, for its laws. */
export interface Example {
  readonly args: readonly ArgumentSample[];
  readonly f: (...args: readonly Value[]) => Value;
}

/** An equation, read from left to right. */
export interface Rule {
  /** The equation. */
  readonly name: string;
  /** The primitives that its left side may be an application of. */
  readonly of: readonly { readonly name: string }[];
  /**
   * The value that stands for the operation, or nothing where the left side does not fit. Both sides agree to the bit, zeros
   * of either sign, infinities and NaN included.
   */
  readonly apply: (operation: Operation, rebuild: Rebuild) => number | undefined;
  readonly example: (draw: Draw) => Example;
  /** Nearly the left side: a program on which the rule, without its restriction, would be wrong. */
  readonly nearMiss?: (draw: Draw) => Example;
  /** Only for functions that ECMAScript leaves to the implementation: units in the last place that the sides may differ by. */
  readonly ulps?: number;
}

/** The operation that gives a value, where it is an application of `primitive`. */
export const produced = <P>(
  id: number,
  primitive: Primitive<P>,
  rebuild: Rebuild,
): { readonly inputs: readonly number[]; readonly params: P } | undefined => {
  const producer = rebuild.producer(id);
  return producer !== undefined && (producer.primitive as unknown) === primitive
    ? { inputs: producer.inputs, params: producer.params as P }
    : undefined;
};

/** The argument of a unary operation that gives a value. */
export const argumentOf = <P>(id: number, primitive: Primitive<P>, rebuild: Rebuild): number | undefined =>
  produced(id, primitive, rebuild)?.inputs[0];

/** Whether an operation squares a value: square(x) or x·x. */
const isSquare = (primitive: unknown, inputs: readonly number[]): boolean =>
  primitive === squarePrimitive || (primitive === multiplyPrimitive && inputs[0] === inputs[1]);

/** How far back the questions below look: their answers decide about rarely needed rules only. */
const DEPTH = 8;

const moves: ReadonlySet<unknown> = new Set<unknown>([broadcastToPrimitive, reshapePrimitive, transposePrimitive]);

/** No element is negative, nor −0. */
export const neverNegative = (id: number, rebuild: Rebuild, depth: number = DEPTH): boolean => {
  const number = splatOf(id, rebuild);
  if (number !== undefined) return number > 0 || Object.is(number, 0);
  const producer = rebuild.producer(id);
  if (producer === undefined || depth === 0 || rebuild.aval(id).dtype === 'i32') return false;
  const { inputs } = producer;
  const primitive: unknown = producer.primitive;
  if (moves.has(primitive)) return neverNegative(inputs[0] as number, rebuild, depth - 1);
  return primitive === expPrimitive || primitive === absolutePrimitive || isSquare(primitive, inputs);
};

/** No element is −0, so that adding 0 changes nothing (−0 + 0 is 0). */
export const neverMinusZero = (id: number, rebuild: Rebuild, depth: number = DEPTH): boolean => {
  if (rebuild.aval(id).dtype === 'i32' || neverNegative(id, rebuild)) return true;
  const number = splatOf(id, rebuild);
  if (number !== undefined) return !Object.is(number, -0);
  const producer = rebuild.producer(id);
  if (producer === undefined || depth === 0) return false;
  const { inputs } = producer;
  const primitive: unknown = producer.primitive;
  if (moves.has(primitive)) return neverMinusZero(inputs[0] as number, rebuild, depth - 1);
  // A sum is −0 only where both terms are; the sum over axes starts with 0.
  if (primitive === addPrimitive) return inputs.some((input) => neverMinusZero(input, rebuild, depth - 1));
  return primitive === sumPrimitive;
};
