/** Plain data with tensors in it as JSON beside a set of named tensors, and back, to the bit. */
import { isTensor, type Tensor } from '@natgrad/tensor';
import { describeForeign, invalid } from '@natgrad/tensor/internal';

/** Deeper data is refused, on the way out and on the way in. */
const MAX_DEPTH = 64;

/** JSON has no place for tensors, typed arrays and four of the numbers: they become objects whose key `$` says what they are. */
const KIND = '$';

const TYPED_ARRAYS = {
  Float64Array,
  Float32Array,
  Int32Array,
  Uint32Array,
  Int16Array,
  Uint16Array,
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
} as const;
type TypedArrayName = keyof typeof TYPED_ARRAYS;

export interface Encoded {
  /** Ready for `JSON.stringify`. */
  readonly json: unknown;
  readonly tensors: Readonly<Record<string, Tensor>>;
}

const isNumberLike = (x: number): boolean => Number.isFinite(x) && !Object.is(x, -0);
const encodeNumber = (x: number): unknown =>
  isNumberLike(x) ? x : { [KIND]: 'number', value: Object.is(x, -0) ? '-0' : String(x) };

const typedArrayName = (value: object): TypedArrayName | undefined =>
  (Object.keys(TYPED_ARRAYS) as TypedArrayName[]).find((name) => value instanceof TYPED_ARRAYS[name]);

/**
 * Encodes records, arrays, typed arrays, tensors, numbers (all of them), strings, booleans and null.
 *
 * @throws `InvalidArgument` with the path of anything else, such as a function, `undefined` or an instance of a class
 */
export const encodeData = (value: unknown): Encoded => {
  const tensors: Record<string, Tensor> = {};
  const refuse = (path: string, found: string): Error =>
    invalid('encodeData', `${path} is ${found}, which cannot be saved`, {
      argument: path,
      found,
      expected: 'records, arrays, typed arrays, tensors, numbers, strings, booleans and null',
    });
  const visit = (node: unknown, path: string, depth: number): unknown => {
    if (depth > MAX_DEPTH) throw refuse(path, `more than ${MAX_DEPTH} levels deep`);
    if (node === null || typeof node === 'string' || typeof node === 'boolean') return node;
    if (typeof node === 'number') return encodeNumber(node);
    if (typeof node !== 'object') throw refuse(path, describeForeign(node));
    if (isTensor(node)) {
      tensors[path] = node;
      return { [KIND]: 'tensor', name: path };
    }
    if (Array.isArray(node)) return node.map((item, i) => visit(item, `${path}[${i}]`, depth + 1));
    const name = typedArrayName(node);
    if (name !== undefined) return { [KIND]: name, values: Array.from(node as Float64Array, encodeNumber) };
    const prototype: unknown = Object.getPrototypeOf(node);
    if (prototype !== Object.prototype && prototype !== null) throw refuse(path, describeForeign(node));
    const entries = Object.entries(node).map(([key, item]): [string, unknown] => [
      key,
      visit(item, `${path}.${key}`, depth + 1),
    ]);
    return Object.hasOwn(node, KIND) ? { [KIND]: 'record', entries } : Object.fromEntries(entries);
  };
  return { json: visit(value, 'data', 0), tensors };
};

/** The path of what is wrong in data that is decoded. Does not leave this folder. */
export class UndecodableData extends Error {}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * What {@link encodeData} was given.
 *
 * @throws `UndecodableData` for anything that it does not write
 */
export const decodeData = (json: unknown, tensors: Readonly<Record<string, Tensor>>): unknown => {
  const refuse = (path: string, what: string): Error => new UndecodableData(`${path}: ${what}`);
  const numberOf = (value: unknown, path: string): number => {
    if (typeof value === 'number') return value;
    const text = isRecord(value) && value[KIND] === 'number' ? value['value'] : undefined;
    if (text === '-0' || text === 'NaN' || text === 'Infinity' || text === '-Infinity') return Number(text);
    throw refuse(path, 'no number');
  };
  const special = (node: Readonly<Record<string, unknown>>, path: string, depth: number): unknown => {
    const { [KIND]: kind, name, values, entries } = node;
    if (kind === 'number') return numberOf(node, path);
    if (kind === 'tensor') {
      if (typeof name !== 'string' || !Object.hasOwn(tensors, name)) throw refuse(path, 'a tensor that is not there');
      return tensors[name];
    }
    if (kind === 'record' && Array.isArray(entries))
      return Object.fromEntries(
        entries.map((entry: unknown): [string, unknown] => {
          if (!Array.isArray(entry) || typeof entry[0] !== 'string') throw refuse(path, 'no list of entries');
          return [entry[0], visit(entry[1], `${path}.${entry[0]}`, depth + 1)];
        }),
      );
    if (typeof kind === 'string' && Object.hasOwn(TYPED_ARRAYS, kind) && Array.isArray(values))
      return TYPED_ARRAYS[kind as TypedArrayName].from(values.map((each) => numberOf(each, path)));
    throw refuse(path, `unknown kind ${JSON.stringify(kind)?.slice(0, 40) ?? 'undefined'}`);
  };
  const visit = (node: unknown, path: string, depth: number): unknown => {
    if (depth > MAX_DEPTH) throw refuse(path, `more than ${MAX_DEPTH} levels deep`);
    if (Array.isArray(node)) return node.map((item, i) => visit(item, `${path}[${i}]`, depth + 1));
    if (!isRecord(node)) return node;
    if (Object.hasOwn(node, KIND)) return special(node, path, depth);
    return Object.fromEntries(
      Object.entries(node).map(([key, item]) => [key, visit(item, `${path}.${key}`, depth + 1)]),
    );
  };
  return visit(json, 'data', 0);
};
