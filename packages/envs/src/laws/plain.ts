/** Plain data: what a state may consist of, so that it can be stored and sent. */

const isTyped = (value: object): value is Float64Array => ArrayBuffer.isView(value) && !(value instanceof DataView);

const isPlainRecord = (value: object): value is Readonly<Record<string, unknown>> => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

/**
 * A deep copy by value of plain data: records, arrays, typed arrays, numbers, strings, booleans, bigints, null and undefined.
 * Functions, class instances, symbols, maps and the like make it throw, with the path to the first one.
 */
export const clonePlain = (value: unknown, path = 'state'): unknown => {
  if (typeof value === 'function' || typeof value === 'symbol')
    throw new Error(`${path} is a ${typeof value}, not plain data`);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item, i) => clonePlain(item, `${path}[${i}]`));
  if (isTyped(value)) return value.slice();
  if (!isPlainRecord(value)) throw new Error(`${path} is a ${value.constructor.name}, not plain data`);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, clonePlain(item, `${path}.${name}`)]));
};

/** The path to the first difference between two plain values, bit for bit (NaN equals NaN, 0 and −0 differ); else null. */
export const firstDifference = (a: unknown, b: unknown, path = ''): string | null => {
  if (Object.is(a, b)) return null;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null)
    return `${path}: ${show(a)} and ${show(b)}`;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return `${path}: values of different kinds`;
  const names = Object.keys(a);
  const others = Object.keys(b);
  if (names.length !== others.length) return `${path}: ${names.length} and ${others.length} entries`;
  for (const name of names) {
    if (!Object.hasOwn(b, name)) return `${path}.${name} is missing`;
    const inner = firstDifference(
      (a as Readonly<Record<string, unknown>>)[name],
      (b as Readonly<Record<string, unknown>>)[name],
      `${path}.${name}`,
    );
    if (inner !== null) return inner;
  }
  return null;
};

const show = (value: unknown): string => (Object.is(value, -0) ? '-0' : String(value));

/** Freezes records and arrays all the way down, so that a write to them throws. Typed arrays cannot be frozen. */
export const freezeDeep = <T>(value: T): T => {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  Object.values(value).forEach(freezeDeep);
  return Object.freeze(value);
};
