/** Suggestions for mistyped names. */

/**
 * Edits between two words: insertions, deletions, substitutions and swaps of neighbours (optimal string alignment), without
 * regard to case.
 */
const distance = (a: string, b: string): number => {
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(
        Math.min(
          (last[j] as number) + 1,
          (row[j - 1] as number) + 1,
          (last[j - 1] as number) + (same ? 0 : 1),
          swapped ? (beforeLast[j - 2] as number) + 1 : Infinity,
        ),
      );
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] as number;
};

/** Fewer letters than these are a part of anything. */
const PART = 3;

/** True where one of two words is a part of the other that says which is meant: `cheetah` of HalfCheetah, `eval` of evaluate. */
const partOf = (wanted: string, candidate: string): boolean =>
  (wanted.length >= PART && candidate.includes(wanted)) || (candidate.length >= PART && wanted.startsWith(candidate));

/**
 * The names closest to a mistyped one, best first: those at most a third of the letters away, those that the word is the
 * beginning or a part of, and those that begin the word. Empty if nothing comes near.
 */
export const nearestNames = (word: string, names: readonly string[], count = 3): readonly string[] => {
  // A hostile word may be megabytes long; no name is, so its head decides.
  const wanted = word.slice(0, 64).toLowerCase();
  const reach = Math.max(1, Math.ceil(wanted.length / 3));
  return names
    .map((name) => {
      const candidate = name.toLowerCase();
      const edits = distance(wanted, candidate);
      const within = edits <= reach ? edits : Infinity;
      const begun = wanted.length >= 2 && candidate.startsWith(wanted);
      return { name, cost: begun ? 0.5 : partOf(wanted, candidate) ? Math.min(within, 1.5) : within };
    })
    .filter(({ cost }) => cost < Infinity)
    .sort((a, b) => a.cost - b.cost)
    .slice(0, count)
    .map(({ name }) => name);
};
