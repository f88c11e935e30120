/** Laws of generalised advantage estimation. */
import { type Law, law } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import { type Advantages, type GaeInput, normaliseAdvantages } from '../advantages.js';
import { bootstrapRows, type Segment } from '../batch.js';
import { numbers, require, requireClose } from './check.js';

export type Estimator = (input: GaeInput) => Advantages;

/** Trajectories of a few environments with episode ends anywhere. */
const inputs: fc.Arbitrary<GaeInput> = fc
  .array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 })
  .chain((lengths) => {
    const rows = lengths.reduce((a, b) => a + b, 0);
    const column = (element: fc.Arbitrary<number>): fc.Arbitrary<readonly number[]> =>
      fc.array(element, { minLength: rows, maxLength: rows });
    return fc.record({
      rewards: column(numbers(-3, 3)),
      values: column(numbers(-3, 3)),
      finals: column(numbers(-3, 3)),
      terminated: column(fc.constantFrom(0, 0, 0, 1)),
      truncated: column(fc.constantFrom(0, 0, 0, 1)),
      gamma: fc.oneof(numbers(0, 1), fc.constantFrom(0, 1)),
      lambda: fc.oneof(numbers(0, 1), fc.constantFrom(0, 1)),
      segments: fc.constant(lengths.map((length, environment): Segment => ({ environment, length }))),
    });
  })
  .map(({ finals, ...rest }) => ({
    ...rest,
    finalValues: finals.slice(0, bootstrapRows(rest.segments, rest.terminated, rest.truncated).length),
  }));

/** By row: the value of the next state (0 after termination), and whether the row is the last of its episode or segment. */
const rowsOf = ({
  values,
  finalValues,
  terminated,
  truncated,
  segments,
}: GaeInput): readonly { readonly next: number; readonly end: boolean }[] => {
  const lasts = new Set<number>();
  segments.reduce((from, { length }) => {
    lasts.add(from + length - 1);
    return from + length;
  }, 0);
  let used = 0;
  return Array.from({ length: values.length }, (_, row) => {
    const end = terminated[row] === 1 || truncated[row] === 1 || lasts.has(row);
    if (terminated[row] === 1) return { next: 0, end };
    if (end) return { next: finalValues[used++] as number, end };
    return { next: values[row + 1] as number, end };
  });
};

/** TD errors by their definition. */
const tdErrors = (input: GaeInput): readonly number[] =>
  rowsOf(input).map(
    ({ next }, row) => (input.rewards[row] as number) + input.gamma * next - (input.values[row] as number),
  );

const requireEqual = (what: string, found: ArrayLike<number>, expected: readonly number[]): void => {
  require(found.length === expected.length, () => `${what}: ${found.length} rows, expected ${expected.length}`);
  // Sums of at most 6 terms of size 10.
  expected.forEach((x, row) => requireClose(`${what}, row ${row}`, found[row] as number, x, 1e-12));
};

/** The rows of one segment as an input of its own. */
const segmentOf = (input: GaeInput, index: number): GaeInput => {
  const from = input.segments.slice(0, index).reduce((sum, { length }) => sum + length, 0);
  const segment = input.segments[index] as Segment;
  const cut = (x: ArrayLike<number>): readonly number[] => Array.from(x).slice(from, from + segment.length);
  const rows = bootstrapRows(input.segments, input.terminated, input.truncated);
  const finalValues = rows.flatMap((row, k) =>
    row >= from && row < from + segment.length ? [input.finalValues[k] as number] : [],
  );
  const { rewards, values, terminated, truncated } = input;
  return {
    ...input,
    rewards: cut(rewards),
    values: cut(values),
    terminated: cut(terminated),
    truncated: cut(truncated),
    finalValues,
    segments: [segment],
  };
};

/** Laws for `gae`, or another estimator of the same type. */
export const gaeLaws = (estimate: Estimator): readonly Law[] => {
  const named = <T>(text: string, cases: fc.Arbitrary<T>, holds: (value: T) => unknown): Law =>
    law(`GAE: ${text}`, cases, holds);
  return [
    named('the recursion is the forward sum Σ (γλ)ˡ δ within an episode', inputs, (input) => {
      const [deltas, rows] = [tdErrors(input), rowsOf(input)];
      const forward = deltas.map((_, row) => {
        let total = 0;
        for (let l = 0; ; l += 1) {
          total += (input.gamma * input.lambda) ** l * (deltas[row + l] as number);
          if (rows[row + l]?.end === true) return total;
        }
      });
      requireEqual('advantages', estimate(input).advantages, forward);
    }),
    named('λ = 0 is the TD error', inputs, (input) =>
      requireEqual('advantages', estimate({ ...input, lambda: 0 }).advantages, tdErrors(input)),
    ),
    named('λ = 1 is the bootstrapped return minus the value', inputs, (input) => {
      const rows = rowsOf(input);
      const returns = new Array<number>(rows.length).fill(0);
      for (let row = rows.length - 1; row >= 0; row -= 1) {
        const { next, end } = rows[row] as (typeof rows)[number];
        returns[row] = (input.rewards[row] as number) + input.gamma * (end ? next : (returns[row + 1] as number));
      }
      requireEqual(
        'advantages',
        estimate({ ...input, lambda: 1 }).advantages,
        returns.map((g, row) => g - (input.values[row] as number)),
      );
    }),
    named('returns are advantages plus values', inputs, (input) => {
      const { advantages, returns } = estimate(input);
      requireEqual(
        'returns',
        returns,
        Array.from(advantages, (a, row) => a + (input.values[row] as number)),
      );
    }),
    named(
      'nothing leaks across the end of an episode or segment',
      fc.tuple(inputs, numbers(-100, 100), fc.nat()),
      ([input, reward, pick]) => {
        const rows = rowsOf(input);
        const at = pick % rows.length;
        const before = estimate(input).advantages;
        const after = estimate({
          ...input,
          rewards: Array.from(input.rewards, (r, row) => (row === at ? r + reward : r)),
        }).advantages;
        const first = rows.slice(0, at).findLastIndex(({ end }) => end) + 1;
        rows.forEach((_, row) => {
          if (row < first || row > at)
            require(Object.is(before[row], after[row]), () =>
              `the reward of row ${at} changed row ${row} of another episode`);
        });
      },
    ),
    named(
      'a truncated episode bootstraps from its final observation, a terminated one does not',
      fc.tuple(inputs, numbers(1, 5)),
      ([input, shift]) => {
        const rows = bootstrapRows(input.segments, input.terminated, input.truncated);
        rows.forEach((row) => require(input.terminated[row] === 0, () => `row ${row} is terminated and bootstrapped`));
        const shifted = estimate({ ...input, finalValues: Array.from(input.finalValues, (v) => v + shift) });
        const plain = estimate(input);
        rowsOf(input).forEach(({ end }, row) => {
          if (!end) return;
          requireClose(
            `row ${row}`,
            (shifted.advantages[row] as number) - (plain.advantages[row] as number),
            rows.includes(row) ? input.gamma * shift : 0,
            1e-12,
          );
        });
      },
    ),
    named('all environments together are each by itself', inputs, (input) => {
      const apart = input.segments.flatMap((_, k) => Array.from(estimate(segmentOf(input, k)).advantages));
      const together = estimate(input).advantages;
      apart.forEach((x, row) => require(Object.is(x, together[row]), () => `row ${row}`));
    }),
    named(
      'normalised advantages have mean 0 and deviation 1, constant ones are 0',
      fc.tuple(inputs, numbers(-1e3, 1e3)),
      ([input, constant]) => {
        const { advantages, constant: flat } = normaliseAdvantages(estimate(input).advantages);
        const mean = advantages.reduce((a, b) => a + b / advantages.length, 0);
        const variance = advantages.reduce((a, b) => a + (b - mean) ** 2 / advantages.length, 0);
        // 1e-3: advantages may be nearly equal, down to 1e-12 of their size.
        requireClose('mean', mean, 0, 1e-3);
        requireClose('variance', variance, flat ? 0 : 1, 1e-3);
        const same = normaliseAdvantages(new Float64Array(5).fill(constant));
        require(same.constant && same.advantages.every((a) => a === 0), () => 'constant advantages are not 0');
      },
    ),
  ];
};
