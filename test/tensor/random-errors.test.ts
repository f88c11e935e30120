/** What keys and samplers refuse, and with which code. */
import {
  bernoulli,
  bits,
  categorical,
  foldIn,
  isNatgradError,
  type Key,
  key,
  keyFromArray,
  normal,
  normalAt,
  permutation,
  randomInt,
  randomIntAt,
  reshape,
  split,
  tensor,
  uniform,
  uniformAt,
} from '@natgrad/tensor';
import { describe, expect, test } from 'vitest';

describe('errors', () => {
  const k = key(0);
  const notKey = (value: unknown): Key => value as Key;
  test.each<readonly [string, string, () => unknown]>([
    ['a negative seed', 'InvalidArgument', () => key(-1)],
    ['a fractional seed', 'InvalidArgument', () => key(0.5)],
    ['a seed that numbers cannot tell apart', 'InvalidArgument', () => key(2 ** 53)],
    ['a NaN seed', 'InvalidArgument', () => key(Number.NaN)],
    ['a negative bigint seed', 'InvalidArgument', () => key(-1n)],
    ['a bigint seed of 65 bits', 'InvalidArgument', () => key(2n ** 64n)],
    ['a string seed', 'InvalidArgument', () => key('7' as never)],
    ['a negative number of keys', 'InvalidArgument', () => split(k, -1)],
    ['half a key', 'InvalidArgument', () => split(k, 0.5)],
    ['a negative number to fold in', 'InvalidArgument', () => foldIn(k, -1)],
    ['a negative number of words', 'InvalidArgument', () => bits(k, -1)],
    ['a seed where a key belongs', 'InvalidArgument', () => normal(notKey(7), [1])],
    ['a key with a half out of range', 'InvalidArgument', () => uniform({ high: 0, low: 2 ** 32 }, [1])],
    ['a null key', 'InvalidArgument', () => split(notKey(null))],
    ['one word for a key', 'InvalidArgument', () => keyFromArray([1])],
    ['a fractional word for a key', 'InvalidArgument', () => keyFromArray([1, 0.5])],
    ['a negative extent', 'ShapeMismatch', () => normal(k, [2, -1])],
    ['an i32 normal', 'DTypeMismatch', () => normal(k, [2], { dtype: 'i32' as never })],
    ['an i32 uniform', 'DTypeMismatch', () => uniform(k, [2], { dtype: 'i32' as never })],
    ['an empty interval', 'InvalidArgument', () => uniform(k, [2], { minimum: 1, maximum: 1 })],
    [
      'an interval that f32 cannot see',
      'InvalidArgument',
      () => uniform(k, [2], { minimum: 1, maximum: 1 + 1e-12, dtype: 'f32' }),
    ],
    [
      'an interval of infinite width',
      'InvalidArgument',
      () => uniform(k, [2], { minimum: -1.7e308, maximum: 1.7e308 }),
    ],
    ['a NaN bound', 'InvalidArgument', () => uniform(k, [2], { maximum: Number.NaN })],
    ['a negative index', 'InvalidArgument', () => uniformAt(k, -1)],
    ['a fractional index', 'InvalidArgument', () => normalAt(k, 0.5)],
    ['an index beyond 2³²', 'InvalidArgument', () => randomIntAt(k, 2 ** 32, { maximum: 2 })],
    ['an empty range', 'InvalidArgument', () => randomInt(k, [1], { maximum: 0 })],
    ['a fractional range', 'InvalidArgument', () => randomInt(k, [1], { maximum: 2.5 })],
    ['a range beyond i32', 'InvalidArgument', () => randomInt(k, [1], { maximum: 2 ** 31 + 1 })],
    ['a probability above 1', 'InvalidArgument', () => bernoulli(k, 1.5)],
    ['a NaN probability in a tensor', 'InvalidArgument', () => bernoulli(k, tensor([0.5, Number.NaN]))],
    ['integer probabilities', 'DTypeMismatch', () => bernoulli(k, tensor([0, 1], 'i32'))],
    ['a shape beside other probabilities', 'ShapeMismatch', () => bernoulli(k, tensor([0.5]), [2])],
    ['logits that are an array', 'NotATensor', () => categorical(k, [0, 1] as never)],
    ['integer logits', 'DTypeMismatch', () => categorical(k, tensor([0, 1], 'i32'))],
    ['scalar logits', 'ShapeMismatch', () => categorical(k, reshape(tensor([0]), []))],
    ['logits without classes', 'ShapeMismatch', () => categorical(k, tensor([]))],
    ['a NaN logit', 'InvalidArgument', () => categorical(k, tensor([0, Number.NaN]))],
    ['an infinite logit', 'InvalidArgument', () => categorical(k, tensor([0, Infinity]))],
    [
      'a row of nothing but −∞',
      'InvalidArgument',
      () =>
        categorical(
          k,
          tensor([
            [0, 0],
            [-Infinity, -Infinity],
          ]),
        ),
    ],
    ['a negative length', 'ShapeMismatch', () => permutation(k, -1)],
  ])('%s is refused with %s', (_, code, call) => {
    const caught = (() => {
      try {
        call();
      } catch (error) {
        return error;
      }
      return undefined;
    })();
    expect(isNatgradError(caught) && caught.code).toBe(code);
  });

  test('a bad row of logits is named', () => {
    expect(() =>
      categorical(
        k,
        tensor([
          [0, 0],
          [-Infinity, -Infinity],
        ]),
      ),
    ).toThrow(/categorical: row 1 of f64\[2,2\] has nothing but −∞/);
  });
});
