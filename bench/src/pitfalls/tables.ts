/** Findings as Markdown, and the page that holds them. */
import type { Cell, Finding } from './pitfall.js';

/** The findings of one pitfall, as they are written to JSON. */
export interface Measured {
  readonly name: string;
  readonly setting: string;
  readonly findings: readonly Finding[];
}

/** Three digits, in powers of ten where they would hide behind zeros. */
const shown = (x: number): string => {
  if (x === 0) return '0';
  const small = Math.abs(x) < 1e-3 || Math.abs(x) >= 1e5;
  const text = small ? x.toExponential(1) : String(Math.abs(x) >= 100 ? Math.round(x) : Number(x.toPrecision(3)));
  return text.replace('e+', 'e').replaceAll('-', '−');
};

const cell = (value: Cell | undefined): string => {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return shown(value);
  return `${shown(value.mean)} (${shown(value.low)} … ${shown(value.high)})`;
};

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** A row for each variant, a column for each value. */
export const tableOf = ({ setting, findings }: Measured): string => {
  const columns = Object.keys(findings[0]?.values ?? {});
  const rows = findings.map(({ variant, values }) => line([variant, ...columns.map((name) => cell(values[name]))]));
  return [`${setting}.`, '', line(['', ...columns]), line([':--', ...columns.map(() => '--:')]), ...rows].join('\n');
};

const begin = (name: string): string => `<!-- pitfall: ${name} -->`;
const END = '<!-- end -->';

/** What stands between the markers of a pitfall; null where the page has none. */
export const tableIn = (page: string, name: string): string | null => {
  const from = page.indexOf(begin(name));
  const to = page.indexOf(END, from);
  return from < 0 || to < 0 ? null : page.slice(from + begin(name).length, to).trim();
};

/** The page with the tables of these pitfalls between their markers. */
export const withTables = (page: string, measured: readonly Measured[]): string =>
  measured.reduce((text, each) => {
    const from = text.indexOf(begin(each.name));
    const to = text.indexOf(END, from);
    if (from < 0 || to < 0) throw new Error(`the page has no place for ${each.name}: ${begin(each.name)} … ${END}`);
    return `${text.slice(0, from)}${begin(each.name)}\n\n${tableOf(each)}\n\n${text.slice(to)}`;
  }, page);
