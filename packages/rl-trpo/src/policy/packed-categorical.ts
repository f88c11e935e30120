/** What acting needs of n logits that begin at index `from` of an array: no tensors, and no copies of rows. */

/** log softmax at one choice. */
export const logProbabilityAt = (logits: ArrayLike<number>, from: number, n: number, choice: number): number => {
  const most = logits[from + largestAt(logits, from, n)] as number;
  let sum = 0;
  for (let j = from; j < from + n; j += 1) sum += Math.exp((logits[j] as number) - most);
  return (logits[from + choice] as number) - most - Math.log(sum);
};

/** Which of `n` numbers from index `from` is the first largest; like `argmax`, which counts a NaN as largest. */
export const largestAt = (x: ArrayLike<number>, from: number, n: number): number => {
  let best = 0;
  for (let j = 1; j < n; j += 1) {
    const [each, most] = [x[from + j] as number, x[from + best] as number];
    if (each > most || (Number.isNaN(each) && !Number.isNaN(most))) best = j;
  }
  return best;
};
