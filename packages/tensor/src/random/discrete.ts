/** Samplers of whole numbers, classes, coins and orders. */
import { allocate, isFloat } from '../dtype.js';
import { dtypeError, invalid, shapeError } from '../errors.js';
import { describe, type Shape, sameShape } from '../shape.js';
import { adopt, elements, isTensor, type Tensor } from '../tensor.js';
import { BlockDomain, checkDraw, checkIndex, fillFromBlocks, unit53 } from './block.js';
import { gumbelFromWords } from './continuous.js';
import { checkKey, type Key } from './key.js';
import { threefryInto } from './threefry.js';

export interface IntegerRange {
  /** Smallest value, itself possible; 0 unless given. */
  readonly minimum?: number;
  /** Upper bound, itself impossible. */
  readonly maximum: number;
}

/** Filled and read within one call. */
const single = new Int32Array(2);

/**
 * An exactly uniform whole number in [0, range) for 1 ≤ range ≤ 2³²: words from the incomplete last multiple of `range` are
 * thrown away. A try fails with probability below ½, and each reads a block of its own, (attempt, index), so that draw
 * `index` depends on nothing but the key, the index and the range. 2²⁴ attempts are never used up.
 */
const integerBelow = (key: Key, domain: number, index: number, range: number): number => {
  const limit = 2 ** 32 - (2 ** 32 % range);
  for (let attempt = 0; ; attempt += 1) {
    threefryInto(key.high | 0, key.low | 0, (domain << 24) | attempt, index | 0, single);
    const first = (single[0] as number) >>> 0;
    if (first < limit) return first % range;
    const second = (single[1] as number) >>> 0;
    if (second < limit) return second % range;
  }
};

const checkRange = (operation: string, { minimum = 0, maximum }: IntegerRange): number => {
  const fits = [minimum, maximum].every((bound) => Number.isInteger(bound) && bound >= -(2 ** 31) && bound <= 2 ** 31);
  if (!fits || minimum >= maximum)
    throw invalid(operation, `[${String(minimum)}, ${String(maximum)}) is not a range of i32`, {
      argument: 'minimum, maximum',
      found: `minimum ${String(minimum)}, maximum ${String(maximum)}`,
      expected: 'whole numbers with -2³¹ ≤ minimum < maximum ≤ 2³¹',
    });
  return minimum;
};

/**
 * Whole numbers, exactly uniform on [minimum, maximum), as `i32`. Element i depends on the key, on i and on the width of
 * the range only.
 *
 * @throws `InvalidArgument` unless the bounds are whole and −2³¹ ≤ minimum < maximum ≤ 2³¹.
 * @example
 * ```ts
 * const dice = randomInt(key(0), [600], { minimum: 1, maximum: 7 });
 * console.log(toTypedArray(dice).every((face) => face >= 1 && face <= 6)); // true
 * ```
 */
export const randomInt = (key: Key, shape: Shape, range: IntegerRange): Tensor => {
  const size = checkDraw('randomInt', key, shape);
  const minimum = checkRange('randomInt', range);
  const data = allocate('i32', size);
  for (let i = 0; i < size; i += 1)
    data[i] = minimum + integerBelow(key, BlockDomain.integer, i, range.maximum - minimum);
  return adopt(data, 'i32', shape);
};

/**
 * Element `index` of `randomInt(key, …, range)`, as a number.
 *
 * @throws `InvalidArgument` for an index outside [0, 2³²) or a bad range.
 * @example
 * ```ts
 * const range = { maximum: 10 };
 * console.log(randomIntAt(key(3), 1, range) === toTypedArray(randomInt(key(3), [2], range))[1]); // true
 * ```
 */
export const randomIntAt = (key: Key, index: number, range: IntegerRange): number => {
  checkKey('randomIntAt', key);
  const minimum = checkRange('randomIntAt', range);
  return (
    minimum +
    integerBelow(key, BlockDomain.integer, checkIndex('randomIntAt', index, 2 ** 32 - 1), range.maximum - minimum)
  );
};

const checkProbability = (probability: number): void => {
  if (!(probability >= 0 && probability <= 1))
    throw invalid('bernoulli', `${String(probability)} is not a probability`, {
      argument: 'probability',
      found: String(probability),
      expected: 'a number in [0, 1]',
    });
};

/**
 * Independent coins, `bool`: true with the given probability. A tensor of probabilities gives one coin for each of its
 * elements; a number gives `shape` many with the same one. Probabilities are rounded up to multiples of 2⁻⁵³, so 0 and 1
 * are certain. Element i depends on the key, on i and on its probability only.
 *
 * @throws `InvalidArgument` for probabilities outside [0, 1]; `DTypeMismatch` for a tensor that is not a float;
 * `ShapeMismatch` if a shape is given beside a tensor and differs from the tensor's.
 * @example
 * ```ts
 * const coins = bernoulli(key(0), 0.25, [2, 8]);
 * console.log(coins.dtype, coins.shape.join('x')); // bool 2x8
 * ```
 */
export const bernoulli = (
  key: Key,
  probability: number | Tensor,
  shape: Shape = isTensor(probability) ? probability.shape : [],
): Tensor => {
  const size = checkDraw('bernoulli', key, shape);
  if (typeof probability === 'number') {
    checkProbability(probability);
    return adopt(
      fillFromBlocks(key, BlockDomain.bernoulli, allocate('bool', size), (word0, word1) =>
        unit53(word0, word1) < probability ? 1 : 0,
      ),
      'bool',
      shape,
    );
  }
  const chances = elements(probability, 'bernoulli');
  if (!isFloat(probability.dtype))
    throw dtypeError('bernoulli', `probabilities are f32 or f64, found ${describe(probability)}`, {
      argument: 'probability',
      found: describe(probability),
      expected: 'a float tensor; `cast(probability, "f64")` converts',
    });
  if (!sameShape(shape, probability.shape))
    throw shapeError(
      'bernoulli',
      `the shape [${shape.join(',')}] differs from that of the probabilities, ${describe(probability)}`,
      {
        argument: 'shape',
        found: `[${shape.join(',')}]`,
        expected: `[${probability.shape.join(',')}], or no shape at all`,
      },
    );
  chances.forEach(checkProbability);
  const data = fillFromBlocks(key, BlockDomain.bernoulli, new Float64Array(size), unit53);
  const coins = allocate('bool', size);
  for (let i = 0; i < size; i += 1) coins[i] = (data[i] as number) < (chances[i] as number) ? 1 : 0;
  return adopt(coins, 'bool', shape);
};

/**
 * One class per row of unnormalised log-probabilities: logits `[..., n]` give classes `[...]` in [0, n), `i32`, drawn with
 * probabilities softmax(logits). A class with logit −∞ is never drawn.
 *
 * Method: the largest of logit + Gumbel noise (Gumbel 1954; Maddison, Tarlow and Minka 2014, section 2), the noise of
 * logit i (counted over all rows) depending on the key and on i only, so row r depends on the key, r, n and its own logits.
 * With noise from 52 bits, a class 40.4 below another is never drawn; its probability is below 3·10⁻¹⁸.
 *
 * @throws `NotATensor`; `DTypeMismatch` for logits that are not floats; `ShapeMismatch` for rank 0 or n = 0;
 * `InvalidArgument` for a row with NaN or +∞, or with nothing but −∞.
 * @example
 * ```ts
 * const logits = tensor([[0, -Infinity, -Infinity], [-Infinity, -Infinity, 5]]);
 * console.log(toTypedArray(categorical(key(0), logits)).join(' ')); // 0 2
 * ```
 */
export const categorical = (key: Key, logits: Tensor): Tensor => {
  checkKey('categorical', key);
  const values = elements(logits, 'categorical');
  if (!isFloat(logits.dtype))
    throw dtypeError('categorical', `logits are f32 or f64, found ${describe(logits)}`, {
      argument: 'logits',
      found: describe(logits),
      expected: 'a float tensor; `cast(logits, "f64")` converts',
    });
  const classes = logits.shape[logits.rank - 1] ?? 0;
  if (classes === 0)
    throw shapeError('categorical', `${describe(logits)} has no classes along a last axis`, {
      argument: 'logits',
      found: describe(logits),
      expected: 'logits [..., n] with n ≥ 1',
    });
  const rows = logits.size / classes;
  const data = allocate('i32', rows);
  for (let row = 0; row < rows; row += 1)
    data[row] = drawClass(key, values, row * classes, classes, row * classes, (what) =>
      badRow(`row ${row} of ${describe(logits)}`, what),
    );
  return adopt(data, 'i32', logits.shape.slice(0, -1));
};

/** The largest of logit + noise among `classes` logits that begin at `from`; the first of them gets the noise of block `first`. */
const drawClass = (
  key: Key,
  logits: ArrayLike<number>,
  from: number,
  classes: number,
  first: number,
  refuse: (what: string) => Error,
): number => {
  let best = -1;
  let highest = Number.NEGATIVE_INFINITY;
  for (let column = 0; column < classes; column += 1) {
    const logit = logits[from + column] as number;
    if (!(logit < Number.POSITIVE_INFINITY)) throw refuse(`has the logit ${logit} at column ${column}`);
    if (logit === Number.NEGATIVE_INFINITY) continue;
    threefryInto(key.high | 0, key.low | 0, BlockDomain.gumbel << 24, first + column, single);
    const score = logit + gumbelFromWords(single[0] as number, single[1] as number);
    if (score > highest) {
      best = column;
      highest = score;
    }
  }
  if (best < 0) throw refuse('has nothing but −∞, so no class can be drawn');
  return best;
};

const badRow = (row: string, what: string): Error =>
  invalid('categorical', `${row} ${what}`, {
    argument: 'logits',
    found: `${row} ${what}`,
    expected: 'rows without NaN and +∞, with at least one finite logit',
  });

/**
 * What {@link categorical} draws for one row, as a number: of the `classes` logits that begin at index `from` of an array.
 *
 * @throws `InvalidArgument` as there
 */
export const categoricalAt = (key: Key, logits: ArrayLike<number>, from: number, classes: number): number =>
  drawClass(checkKey('categorical', key), logits, from, classes, 0, (what) =>
    badRow(`row ${Math.floor(from / classes)}`, what),
  );

/**
 * A uniformly random order of 0 … n−1, `i32`: Fisher and Yates's shuffle with exactly uniform draws (Knuth, The Art of
 * Computer Programming 2, algorithm 3.4.2P). Orders of different n under one key are not prefixes of one another.
 *
 * A 64-bit key chooses among at most 2⁶⁴ orders, fewer than n! from n = 21 on, as for every generator of that width.
 *
 * @throws `InvalidArgument`, `ShapeMismatch` for a bad n.
 * @example
 * ```ts
 * const order = toTypedArray(permutation(key(0), 5));
 * console.log([...order].sort().join(' ')); // 0 1 2 3 4
 * ```
 */
export const permutation = (key: Key, n: number): Tensor => {
  const size = checkDraw('permutation', key, [n]);
  const order = allocate('i32', size);
  for (let i = 0; i < size; i += 1) order[i] = i;
  for (let i = size - 1; i > 0; i -= 1) {
    const j = integerBelow(key, BlockDomain.permutation, i, i + 1);
    const kept = order[i] as number;
    order[i] = order[j] as number;
    order[j] = kept;
  }
  return adopt(order, 'i32', [n]);
};
