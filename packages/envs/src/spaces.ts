/** Spaces: which observations an environment may show and which actions it takes. */
import { NatgradError } from '@natgrad/tensor';
import { describeForeign, invalid } from '@natgrad/tensor/internal';

/**
 * Numbers that are read and never written: a plain array, a `Float64Array` and a `Float32Array` all are one. Whoever makes a
 * vector hands it over fresh and never touches it again, so it may be kept without a copy.
 */
export interface Vector {
  readonly length: number;
  readonly [index: number]: number;
}

/**
 * A discrete action is its index; those of the other spaces are vectors, of whole numbers for several choices at once, row-major
 * for a box with more than one axis.
 */
export type Action = number | Vector;

/** One of `n` choices, `0 … n−1`. */
export interface Discrete {
  readonly kind: 'discrete';
  readonly n: number;
}

/** Several choices at once: element `i` is one of `counts[i]` choices, `0 … counts[i]−1`. */
export interface MultiDiscrete {
  readonly kind: 'multiDiscrete';
  readonly counts: readonly number[];
}

/** `n` switches, each 0 or 1. */
export interface MultiBinary {
  readonly kind: 'multiBinary';
  readonly n: number;
}

/** Vectors between two bounds, which may be infinite. */
export interface Box {
  readonly kind: 'box';
  /** Extents; their product is the width of a vector. */
  readonly shape: readonly number[];
  /** Lowest value of each element, row-major. */
  readonly low: readonly number[];
  /** Highest value of each element, row-major. */
  readonly high: readonly number[];
  /** `f32` promises that every element is a single-precision number, so that it may be stored as one without loss. */
  readonly dtype: 'f32' | 'f64';
}

/** What an action or an observation is. */
export type Space = Discrete | MultiDiscrete | MultiBinary | Box;

const checkCount = (operation: string, argument: string, value: number): void => {
  if (!Number.isInteger(value) || value < 1)
    throw invalid(operation, `${argument} is ${value}, expected a whole number ≥ 1`, {
      argument,
      found: String(value),
      expected: 'a whole number ≥ 1',
    });
};

/**
 * The space of the choices `0 … n−1`.
 *
 * @throws `InvalidArgument` unless `n` is a whole number of at least 1.
 * @example
 * ```ts
 * console.log(contains(discrete(2), 2)); // false
 * ```
 */
export const discrete = (n: number): Discrete => {
  checkCount('discrete', 'n', n);
  return Object.freeze({ kind: 'discrete', n });
};

/**
 * The space of several choices at once, of `counts[i]` each.
 *
 * @throws `InvalidArgument` unless there is at least one count, and all are whole numbers of at least 1.
 * @example
 * ```ts
 * console.log(contains(multiDiscrete([3, 2]), [2, 1])); // true
 * ```
 */
export const multiDiscrete = (counts: readonly number[]): MultiDiscrete => {
  checkCount('multiDiscrete', 'the number of counts', counts.length);
  counts.forEach((count, i) => {
    checkCount('multiDiscrete', `counts[${i}]`, count);
  });
  return Object.freeze({ kind: 'multiDiscrete', counts: Object.freeze([...counts]) });
};

/**
 * The space of `n` switches, each 0 or 1.
 *
 * @throws `InvalidArgument` unless `n` is a whole number of at least 1.
 * @example
 * ```ts
 * console.log(contains(multiBinary(3), [0, 1, 2])); // false
 * ```
 */
export const multiBinary = (n: number): MultiBinary => {
  checkCount('multiBinary', 'n', n);
  return Object.freeze({ kind: 'multiBinary', n });
};

/** What {@link box} takes. */
export interface BoxBounds {
  /** One bound for all elements, or one each. */
  readonly low: number | readonly number[];
  readonly high: number | readonly number[];
  /** Default: one axis, as long as the bounds. */
  readonly shape?: readonly number[];
  /** Default `f64`. For `f32` the bounds are rounded too, so that an observation at its bound stays inside. */
  readonly dtype?: 'f32' | 'f64';
}

/**
 * The space of the vectors between `low` and `high`.
 *
 * @throws `InvalidArgument` for NaN bounds, a bound pair the wrong way round, or bounds that do not fill the shape.
 * @example
 * ```ts
 * const torque = box({ low: -2, high: 2, shape: [1] });
 * console.log(contains(torque, [1.5])); // true
 * ```
 */
export const box = ({ low, high, shape, dtype = 'f64' }: BoxBounds): Box => {
  const listed = typeof low === 'number' ? high : low;
  const extents = shape ?? (typeof listed === 'number' ? [1] : [listed.length]);
  if (!extents.every((extent) => Number.isInteger(extent) && extent > 0))
    throw invalid('box', `the shape is [${extents.join(',')}], extents are whole numbers ≥ 1`, {
      argument: 'shape',
      found: `[${extents.join(',')}]`,
      expected: 'whole extents ≥ 1',
    });
  const width = extents.reduce((product, extent) => product * extent, 1);
  const bounds = (bound: number | readonly number[], name: string): readonly number[] => {
    const values = typeof bound === 'number' ? new Array<number>(width).fill(bound) : [...bound];
    if (values.length !== width)
      throw invalid('box', `${name} has ${values.length} elements, the shape [${extents.join(',')}] has ${width}`, {
        argument: name,
        found: `${values.length} elements`,
        expected: `${width} elements`,
      });
    return Object.freeze(dtype === 'f32' ? values.map(Math.fround) : values);
  };
  const lows = bounds(low, 'low');
  const highs = bounds(high, 'high');
  lows.forEach((least, i) => {
    if (!(least <= (highs[i] as number)))
      throw invalid('box', `element ${i} has low ${least} and high ${highs[i]}, low must not exceed high`, {
        argument: 'low',
        found: String(least),
        expected: `at most ${highs[i]}`,
      });
  });
  return Object.freeze({ kind: 'box', shape: Object.freeze([...extents]), low: lows, high: highs, dtype });
};

/** Numbers in one element of the space: 1 for a discrete one, one each for several choices, the product of a box's extents. */
export const widthOf = (space: Space): number => {
  switch (space.kind) {
    case 'discrete':
      return 1;
    case 'multiDiscrete':
      return space.counts.length;
    case 'multiBinary':
      return space.n;
    case 'box':
      return space.low.length;
  }
};

/** Choices that element `i` of a vector of choices has. */
const countAt = (space: MultiDiscrete | MultiBinary, i: number): number =>
  space.kind === 'multiBinary' ? 2 : (space.counts[i] as number);

const isChoice = (value: unknown, count: number): boolean =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < count;

const isVector = (value: unknown): value is Vector =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));

/** The first element that is no such choice, −1 if all are. */
const firstBadChoice = (space: MultiDiscrete | MultiBinary, action: Vector): number => {
  for (let i = 0; i < action.length; i += 1) if (!isChoice(action[i], countAt(space, i))) return i;
  return -1;
};

/**
 * True if `value` lies in the space, bounds included. For an `f32` box every element must also be a single-precision number.
 */
export const contains = (space: Space, value: Action): boolean => {
  if (space.kind === 'discrete') return isChoice(value, space.n);
  if (!isVector(value) || value.length !== widthOf(space)) return false;
  if (space.kind !== 'box') return firstBadChoice(space, value) < 0;
  for (let i = 0; i < value.length; i += 1) {
    const x = value[i] as number;
    if (!(x >= (space.low[i] as number) && x <= (space.high[i] as number))) return false;
    if (space.dtype === 'f32' && Math.fround(x) !== x) return false;
  }
  return true;
};

/**
 * Checks an action where it enters an environment: a whole number in range for a discrete space; a vector of them for several
 * choices; a vector of the right width with finite elements for a box. Elements beyond a box's bounds are valid: environments take raw actions and each says what
 * it does with them.
 *
 * @throws `InvalidArgument` or `OutOfRange`, naming the environment, what was found and what was expected.
 */
export const checkAction = (space: Space, action: Action, operation: string): void => {
  if (space.kind === 'discrete') {
    if (isChoice(action, space.n)) return;
    throw badChoice(space, action, operation);
  }
  const width = widthOf(space);
  if (!isVector(action) || action.length !== width) throw badWidth(width, action, operation);
  if (space.kind !== 'box') {
    const bad = firstBadChoice(space, action);
    if (bad >= 0) throw badChoiceOf(space, action, bad, operation);
    return;
  }
  for (let i = 0; i < width; i += 1) if (!Number.isFinite(action[i])) throw badElement(action, i, operation);
};

const badChoice = (space: Discrete, action: Action, operation: string): NatgradError => {
  const found = isVector(action) ? `a vector of length ${action.length}` : describeForeign(action);
  const expected = `a whole number from 0 to ${space.n - 1}`;
  return new NatgradError(
    typeof action === 'number' ? 'OutOfRange' : 'InvalidArgument',
    `the action is ${found}, expected ${expected}`,
    { operation, argument: 'action', found, expected },
  );
};

const badChoiceOf = (
  space: MultiDiscrete | MultiBinary,
  action: Vector,
  index: number,
  operation: string,
): NatgradError => {
  const found = String(action[index]);
  const expected = `a whole number from 0 to ${countAt(space, index) - 1}`;
  return new NatgradError('OutOfRange', `element ${index} of the action is ${found}, expected ${expected}`, {
    operation,
    argument: `action[${index}]`,
    found,
    expected,
  });
};

const badWidth = (width: number, action: unknown, operation: string): NatgradError => {
  const found = isVector(action) ? `a vector of length ${action.length}` : describeForeign(action);
  const expected = `a vector of length ${width}`;
  return invalid(operation, `the action is ${found}, expected ${expected}`, { argument: 'action', found, expected });
};

const badElement = (action: Vector, index: number, operation: string): NatgradError =>
  invalid(operation, `element ${index} of the action is ${String(action[index])}, expected a finite number`, {
    argument: `action[${index}]`,
    found: String(action[index]),
    expected: 'a finite number',
  });
