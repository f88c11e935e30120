/** Numbers and tables for people. */

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** 12345.6 → `12,346`. */
export const whole = (x: number): string => grouped.format(x);

/** A number in a column: about four digits, `–` where there is none. */
export const short = (x: number | null): string => {
  if (x === null) return '–';
  const size = Math.abs(x);
  if (!Number.isFinite(x) || (size >= 1e6 && size !== 0)) return x.toExponential(1);
  return x.toFixed(size >= 1000 ? 0 : size >= 10 ? 1 : size === 0 || size >= 0.1 ? 2 : 3);
};

/** 4000 → `1 h 7 min`. */
export const duration = (seconds: number): string => {
  const s = Math.round(seconds);
  if (!Number.isFinite(s)) return '–';
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
};

const twoDigits = (x: number): string => String(x).padStart(2, '0');

/** 4000 → `1:06:40`. */
export const clock = (seconds: number): string => {
  const s = Math.round(seconds);
  if (!Number.isFinite(s)) return '–';
  const [h, m] = [Math.floor(s / 3600), Math.floor((s % 3600) / 60)];
  return `${h > 0 ? `${h}:${twoDigits(m)}` : String(m)}:${twoDigits(s % 60)}`;
};

/** A deviation of a replay: few digits, for it is an error and not a result. */
export const deviation = (x: number): string => (x === 0 ? '0' : Number.isFinite(x) ? x.toExponential(1) : 'infinite');

/** Rows under a head, columns as wide as their widest cell; the first column to the left, the others to the right. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
};

/** JSON in which infinite numbers and NaN are the strings `"Infinity"`, `"-Infinity"` and `"NaN"` instead of null. */
export const jsonLine = (value: unknown): string =>
  JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'number' && !Number.isFinite(item) ? String(item) : item,
  );

/** Breaks a text into lines of at most `width` characters. */
export const wrapped = (text: string, width: number): readonly string[] =>
  text.split(' ').reduce<readonly string[]>((lines, word) => {
    const last = lines.at(-1);
    return last !== undefined && last.length + 1 + word.length <= width
      ? [...lines.slice(0, -1), `${last} ${word}`]
      : [...lines, word];
  }, []);
