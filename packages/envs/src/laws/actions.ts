/** Actions to try on a space: those that it takes, those of any size, and those that it refuses. */
import fc from 'fast-check';
import {
  type Action,
  type Box,
  type MultiBinary,
  type MultiDiscrete,
  type Space,
  type Vector,
  widthOf,
} from '../spaces.js';

/** What is wrong with a space, or null. */
export const faultOf = (space: Space): string | null => {
  const isCount = (n: number): boolean => Number.isInteger(n) && n >= 1;
  if (space.kind === 'discrete') return isCount(space.n) ? null : `it has ${space.n} choices`;
  if (space.kind === 'multiBinary') return isCount(space.n) ? null : `it has ${space.n} switches`;
  if (space.kind === 'multiDiscrete')
    return space.counts.length > 0 && space.counts.every(isCount) ? null : `it has [${space.counts.join(',')}] choices`;
  const width = space.shape.reduce((product, extent) => product * extent, 1);
  if (!space.shape.every((extent) => Number.isInteger(extent) && extent >= 1))
    return `its shape is [${space.shape.join(',')}]`;
  if (space.low.length !== width || space.high.length !== width)
    return `its shape [${space.shape.join(',')}] has ${space.low.length} low and ${space.high.length} high bounds`;
  const wrong = space.low.findIndex((low, i) => !(low <= (space.high[i] as number)));
  return wrong < 0 ? null : `its element ${wrong} has bounds ${space.low[wrong]} and ${space.high[wrong]}`;
};

/** Choices that each element of an action has. */
const countsOf = (space: MultiDiscrete | MultiBinary): readonly number[] =>
  space.kind === 'multiBinary' ? new Array<number>(space.n).fill(2) : space.counts;

/** Actions for a space; for a box, with bounds of 10 in place of infinite ones and up to three widths beyond. */
export const actionsFor = (space: Space): fc.Arbitrary<Action> => {
  // A malformed space is for its own law to tell; the others need some action all the same.
  if (faultOf(space) !== null) return fc.constant(0);
  if (space.kind === 'discrete') return fc.nat(space.n - 1);
  if (space.kind !== 'box') return fc.tuple(...countsOf(space).map((n) => fc.nat(n - 1)));
  const elements = space.low.map((least, i) => {
    const low = Number.isFinite(least) ? least : -10;
    const high = Number.isFinite(space.high[i]) ? (space.high[i] as number) : 10;
    const width = high - low;
    return fc.oneof(
      { weight: 5, arbitrary: fc.double({ min: low, max: high, noNaN: true }) },
      { weight: 1, arbitrary: fc.constantFrom(low, high, low + width / 2) },
      { weight: 1, arbitrary: fc.double({ min: low - 3 * width, max: high + 3 * width, noNaN: true }) },
    );
  });
  return fc.tuple(...elements).map((values) => Float64Array.from(values));
};

/** Actions that the space refuses. */
export const invalidActionsFor = (space: Space): readonly unknown[] => {
  if (space.kind === 'discrete') return [-1, space.n, 0.5, NaN, Infinity, [0], '0', null, undefined];
  const width = widthOf(space);
  const filled = (value: number): Vector => new Array<number>(width).fill(value);
  return [
    filled(NaN),
    filled(Infinity),
    filled(-Infinity),
    ...(space.kind === 'box' ? [] : [filled(-1), filled(0.5), countsOf(space)]),
    [...(filled(0) as number[]), 0],
    [],
    0,
    '0',
    null,
    undefined,
  ];
};

/** Sizes at which squares, then products, then the number itself leave the range of numbers. */
const SIZES = [1e3, 1e10, 1e155, 1e200, 1e300, Number.MAX_VALUE];

/** Actions for a box that are finite and nothing else: of any size, in some elements or in all. */
export const finiteActionsFor = (space: Box): fc.Arbitrary<Action> => {
  const huge = fc.constantFrom(...SIZES, ...SIZES.map((size) => -size));
  const any = fc.oneof(huge, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constant(0));
  const width = widthOf(space);
  return fc
    .oneof(
      fc.array(any, { minLength: width, maxLength: width }),
      huge.map((value) => new Array<number>(width).fill(value)),
    )
    .map((values) => Float64Array.from(values));
};
