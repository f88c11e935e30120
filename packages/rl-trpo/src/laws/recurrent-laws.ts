/** What a recurrent network over windows of history keeps: it is the cell, carried along the episode. */
import { add, foldIn, type Key, key, normal, normalAt, type Tensor, treeMap, zeros } from '@natgrad/tensor';
import { adopt, elements } from '@natgrad/tensor/internal';
import { type Law, law } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import type { ParameterTree } from '../model.js';
import { require, requireCloseTrees } from './check.js';

/** A recurrent cell, one step at a time and over windows of history (see `gru`). */
export interface RecurrentCell<P extends ParameterTree = ParameterTree> {
  /** Numbers in one input. */
  readonly inputs: number;
  /** Numbers in one hidden state, which begins as zeros. */
  readonly width: number;
  initialise(key: Key): P;
  /** `[N, width]`, `[N, inputs]` → `[N, width]`. */
  step(parameters: P, hidden: Tensor, x: Tensor): Tensor;
  /** `[N, steps · (1 + inputs)]` → `[N, width]`. */
  window(parameters: P, windows: Tensor, steps: number): Tensor;
  /** Optional: the same on packed rows. */
  inference?(parameters: P, steps: number): (windows: Float64Array, rows: number) => Float64Array;
}

interface Setting {
  readonly parameters: ParameterTree;
  readonly steps: number;
  /** Of each episode, which rows of its window count; there may be gaps, as there are before its beginning. */
  readonly counts: readonly (readonly boolean[])[];
  readonly noise: Key;
}

/** The number in column `j` of input `t` of an episode. */
const inputAt = (noise: Key, episode: number, t: number, j: number): number =>
  normalAt(foldIn(foldIn(noise, episode), t), j);

/**
 * Windows with the inputs of the episodes in the rows that count, and with `filling` times normal noise in the others, whose
 * flags are 0 or negative.
 */
const windowsOf = ({ steps, counts, noise }: Setting, inputs: number, filling: number): Tensor => {
  const packed = new Float64Array(counts.length * steps * (1 + inputs));
  let at = 0;
  counts.forEach((flags, episode) => {
    let t = 0;
    flags.forEach((counted, row) => {
      packed[at] = counted ? 1 : -Math.abs(filling);
      for (let j = 0; j < inputs; j += 1)
        packed[at + 1 + j] = counted ? inputAt(noise, episode, t, j) : filling * normalAt(foldIn(noise, ~row >>> 0), j);
      if (counted) t += 1;
      at += 1 + inputs;
    });
  });
  return adopt(packed, 'f64', [counts.length, steps * (1 + inputs)]);
};

const lengthOf = (flags: readonly boolean[]): number => flags.filter(Boolean).length;

/** Hidden states after whole episodes, by carrying the state along each of them. */
const carried = (cell: RecurrentCell, { parameters, counts, noise }: Setting): Tensor => {
  const rows = counts.map((flags, episode) => {
    let hidden: Tensor = zeros([1, cell.width]);
    for (let t = 0; t < lengthOf(flags); t += 1) {
      const x = Float64Array.from({ length: cell.inputs }, (_, j) => inputAt(noise, episode, t, j));
      hidden = cell.step(parameters, hidden, adopt(x, 'f64', [1, cell.inputs]));
    }
    return Array.from(elements(hidden));
  });
  return adopt(Float64Array.from(rows.flat()), 'f64', [rows.length, cell.width]);
};

/** Settings in which every parameter is random, biases too. */
const settingsOf = (cell: RecurrentCell): fc.Arbitrary<Setting> =>
  fc
    .record({ seed: fc.nat(1e6), steps: fc.integer({ min: 1, max: 6 }), episodes: fc.integer({ min: 1, max: 4 }) })
    .chain(({ seed, steps, episodes }) => {
      let drawn = 0;
      const parameters = treeMap(
        (leaf) => add(leaf, normal(foldIn(key(seed), drawn++), leaf.shape)),
        cell.initialise(key(seed)),
      );
      return fc
        .array(fc.array(fc.boolean(), { minLength: steps, maxLength: steps }), {
          minLength: episodes,
          maxLength: episodes,
        })
        .map((counts): Setting => ({ parameters, steps, counts, noise: key(seed + 1) }));
    });

/**
 * Laws of a recurrent network over windows, for any cell: a window gives the state that the cell has when it is carried along
 * the episode; rows that do not count have no effect, whatever is in them and however many there are; a row does not depend on
 * the others; acting does the same.
 *
 * Differentiation through time is checked by `differentiableLaws` of `@natgrad/autodiff/laws`.
 *
 * @example
 * ```ts
 * import { checkLaw } from '@natgrad/tensor/laws';
 * import { recurrentLaws } from '@natgrad/rl-trpo/laws';
 *
 * const cell = { inputs: 2, width: 3, initialise: (key: Key) => initialiseGru(key, 2, 3), step: gruStep, window: gru };
 * for (const law of recurrentLaws(cell)) checkLaw(law, { numRuns: 2 });
 * ```
 */
export const recurrentLaws = (cell: RecurrentCell): readonly Law[] => {
  const settings = settingsOf(cell);
  const { inputs, width } = cell;
  const named = (text: string, holds: (setting: Setting) => void): Law =>
    law(`recurrent cell of ${width}: ${text}`, settings, holds);
  const over = (setting: Setting, filling = 0): Tensor =>
    cell.window(setting.parameters, windowsOf(setting, inputs, filling), setting.steps);
  return [
    named('a window is the cell, carried along the episode', (setting) => {
      // The same sums, perhaps in another order: a few roundings per step.
      requireCloseTrees('hidden states', over(setting), carried(cell, setting), 1e-13, 1);
    }),
    named('what is in rows that do not count has no effect', (setting) => {
      const [clean, filled] = [over(setting), over(setting, 1e6)].map((x) => Array.from(elements(x)));
      require(clean?.every((x, i) => Object.is(x, filled?.[i])) === true, () => 'hidden states differ');
    }),
    named('rows that do not count have no effect, however many there are', (setting) => {
      const padded = {
        ...setting,
        steps: setting.steps + 3,
        counts: setting.counts.map((own) => [false, false, ...own, false]),
      };
      requireCloseTrees('hidden states', over(padded), over(setting), 1e-13, 1);
    }),
    named('an episode of which nothing was seen has a state of zeros', (setting) => {
      const empty = { ...setting, counts: setting.counts.map((own) => own.map(() => false)) };
      require(elements(over(empty, 7)).every((x: number) => x === 0), () => 'a state is not zero');
    }),
    named('a row does not depend on the rows beside it', (setting) => {
      const all = elements(over(setting));
      const [first] = setting.counts as readonly [readonly boolean[]];
      const alone = elements(over({ ...setting, counts: [first] }));
      require(alone.every((x: number, i: number) => Math.abs(x - (all[i] as number)) <= 1e-13), () => 'row 0 changed');
    }),
    ...(cell.inference === undefined
      ? []
      : [
          named('acting computes the same, each row to the bit by itself', (setting) => {
            const windows = elements(windowsOf(setting, inputs, 5)) as Float64Array;
            const run = (cell as Required<RecurrentCell>).inference(setting.parameters, setting.steps);
            const rows = setting.counts.length;
            const all = run(windows, rows);
            // Other sums, and functions within a few ulps.
            requireCloseTrees('hidden states', adopt(all.slice(), 'f64', [rows, width]), over(setting), 1e-12, 1);
            const size = windows.length / rows;
            for (let row = 0; row < rows; row += 1) {
              const alone = run(windows.slice(row * size, (row + 1) * size), 1);
              require(alone.every((x, j) => Object.is(x, all[row * width + j])), () => `row ${row} differs alone`);
            }
          }),
        ]),
  ];
};
