/** Arithmetic on small tables of plain numbers. */

/** A list of numbers: one for each state, or each action. */
export type Row = readonly number[];

/** A row for each state: `[states][actions]`, or `[states][states]`. */
export type Table = readonly Row[];

export const total = (x: Row): number => x.reduce((sum, each) => sum + each, 0);

/** Σᵢ aᵢ bᵢ. */
export const dot = (a: Row, b: Row): number => a.reduce((sum, x, i) => sum + x * (b[i] as number), 0);

/** f(aᵢ, bᵢ). */
export const zip = <A, B, C>(a: readonly A[], b: readonly B[], f: (x: A, y: B, i: number) => C): readonly C[] =>
  a.map((x, i) => f(x, b[i] as B, i));

/** The largest number; −∞ of none. */
export const largest = (x: Row): number => x.reduce((most, each) => Math.max(most, each), -Infinity);

export const largestMagnitude = (x: Row): number => largest(x.map(Math.abs));

export const transposed = (table: Table): Table =>
  (table[0] ?? []).map((_, column) => table.map((row) => row[column] as number));
