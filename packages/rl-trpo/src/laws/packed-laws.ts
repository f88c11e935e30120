/** Laws of what a distribution does on packed rows: nothing else than on tensors, one row at a time. */
import { type Key, split } from '@natgrad/tensor';
import { elements } from '@natgrad/tensor/internal';
import type { Law } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import type { Distribution, DistributionParameters, PackedParameters } from '../policy/distribution.js';
import { arbitraryKey, type Named, require, requireClose } from './check.js';

/** Laws of `packed`, where there is one; `several` draws parameters of three rows. */
export const packedLaws = (
  { packed, ...distribution }: Distribution,
  named: Named,
  several: fc.Arbitrary<DistributionParameters>,
): readonly Law[] => {
  if (packed === undefined) return [];
  const rowsOf = (p: DistributionParameters, from: number, to: number): PackedParameters =>
    Object.fromEntries(
      Object.entries(p).map(([name, x]) => {
        const row = x.size / (x.shape[0] as number);
        return [name, elements(x).slice(from * row, to * row)];
      }),
    );
  const same = (what: string, found: ArrayLike<number>, expected: ArrayLike<number>): void =>
    require(found.length === expected.length && Array.from(found).every((x, i) => Object.is(x, expected[i])), () =>
      `${what}: ${Array.from(found).join()} is not ${Array.from(expected).join()}`);
  return [
    named('packed rows: samples and deterministic actions are the same', fc.tuple(several, arbitraryKey), ([p, k]) => {
      const keys = split(k, 3);
      same('samples', packed.sample(rowsOf(p, 0, 3), keys), elements(distribution.sample(p, keys)));
      same('actions', packed.deterministicAction(rowsOf(p, 0, 3)), elements(distribution.deterministicAction(p)));
    }),
    named(
      'packed rows: log-probabilities are the same to rounding',
      fc.tuple(several, several, arbitraryKey),
      ([p, q, k]) => {
        const actions = distribution.sample(q, split(k, 3));
        const found = packed.logProbability(rowsOf(p, 0, 3), elements(actions));
        const expected = elements(distribution.logProbability(p, actions));
        found.forEach((x, row) => requireClose(`log π of row ${row}`, x, expected[row] as number, 1e-12));
      },
    ),
    named('packed rows: a row does not depend on the others, to the bit', fc.tuple(several, arbitraryKey), ([p, k]) => {
      const keys = split(k, 3);
      const all = packed.sample(rowsOf(p, 0, 3), keys);
      const [logs, best] = [packed.logProbability(rowsOf(p, 0, 3), all), packed.deterministicAction(rowsOf(p, 0, 3))];
      const width = all.length / 3;
      [2, 0, 1].forEach((row) => {
        const own = rowsOf(p, row, row + 1);
        const action = all.slice(row * width, (row + 1) * width);
        same(`sample of row ${row}`, packed.sample(own, [keys[row] as Key]), action);
        same(`log π of row ${row}`, packed.logProbability(own, action), logs.slice(row, row + 1));
        same(`action of row ${row}`, packed.deterministicAction(own), best.slice(row * width, (row + 1) * width));
      });
    }),
  ];
};
