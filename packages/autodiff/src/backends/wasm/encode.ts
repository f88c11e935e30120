/**
 * WebAssembly as data: code is a tree of bytes, functions refer to each other by value, and a module is what its exports reach.
 * WebAssembly Core Specification 2.0, chapter 5 (binary format).
 */
import { NatgradError } from '@natgrad/tensor';

export type ValueType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128';

/** Instructions: a byte, a call whose index the encoder fills in, or a sequence. */
export type Code = number | Call | readonly Code[];

interface Call {
  readonly call: WasmFunction;
}

export interface WasmFunction {
  readonly name: string;
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
  readonly locals: readonly ValueType[];
  readonly body: Code;
}

/** A parameter or local variable of a function. */
export interface Local {
  readonly get: Code;
  readonly set: (value: Code) => Code;
  readonly tee: (value: Code) => Code;
}

const VALUE_TYPES: { readonly [type in ValueType]: number } = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
};

/** LEB128, unsigned. */
export const unsigned = (value: number): readonly number[] => {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    if (rest === 0) return [...bytes, low];
    bytes.push(low + 128);
  }
};

/** LEB128, signed. */
export const signed = (value: bigint): readonly number[] => {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const low = Number(rest & 127n);
    rest >>= 7n;
    const done = (rest === 0n && low < 64) || (rest === -1n && low >= 64);
    bytes.push(done ? low : low + 128);
    if (done) return bytes;
  }
};

/** Little-endian bytes of a float. */
export const floatBytes = (value: number, type: 'f32' | 'f64'): readonly number[] => [
  ...new Uint8Array((type === 'f32' ? Float32Array.of(value) : Float64Array.of(value)).buffer),
];

/** Names a function's parameters and locals and builds its body with them. */
export const wasmFunction = (
  name: string,
  parameters: readonly ValueType[],
  results: readonly ValueType[],
  build: (local: (type: ValueType) => Local, ...parameters: readonly Local[]) => Code,
): WasmFunction => {
  const locals: ValueType[] = [];
  const variable = (index: number): Local => ({
    get: [0x20, unsigned(index)],
    set: (value) => [value, 0x21, unsigned(index)],
    tee: (value) => [value, 0x22, unsigned(index)],
  });
  const declare = (type: ValueType): Local => {
    locals.push(type);
    return variable(parameters.length + locals.length - 1);
  };
  const body = build(declare, ...parameters.map((_, index) => variable(index)));
  return { name, parameters, results, locals, body };
};

/** Calls a function of the same module; the encoder finds it. */
export const call = (callee: WasmFunction, ...args: readonly Code[]): Code => [args, { call: callee }];

/** Bytes in a growing buffer. */
class Bytes {
  #buffer = new Uint8Array(4096);
  #length = 0;

  get view(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(0, this.#length);
  }

  byte(value: number): void {
    if (this.#length === this.#buffer.length) this.#grow(1);
    this.#buffer[this.#length] = value;
    this.#length += 1;
  }

  bytes(values: ArrayLike<number>): void {
    this.#grow(values.length);
    this.#buffer.set(values, this.#length);
    this.#length += values.length;
  }

  #grow(more: number): void {
    if (this.#length + more <= this.#buffer.length) return;
    const larger = new Uint8Array(2 * (this.#length + more));
    larger.set(this.view);
    this.#buffer = larger;
  }

  /** A length and what `write` puts behind it. */
  counted(write: (inner: Bytes) => void): void {
    const inner = new Bytes();
    write(inner);
    this.bytes(unsigned(inner.view.length));
    this.bytes(inner.view);
  }

  /** A vector: the number of items, and the items. */
  vector<T>(items: readonly T[], write: (out: Bytes, item: T, at: number) => void): void {
    this.bytes(unsigned(items.length));
    items.forEach((item, at) => {
      write(this, item, at);
    });
  }

  code(code: Code, index: (callee: WasmFunction) => number): void {
    if (typeof code === 'number') this.byte(code);
    else if ('call' in code) {
      this.byte(0x10);
      this.bytes(unsigned(index(code.call)));
    } else for (let i = 0; i < code.length; i += 1) this.code(code[i] as Code, index);
  }
}

const writeText = (out: Bytes, text: string): void => {
  out.counted((inner) => {
    inner.bytes(new TextEncoder().encode(text));
  });
};

const writeTypes = (out: Bytes, types: readonly ValueType[]): void => {
  out.vector(types, (inner, type) => {
    inner.byte(VALUE_TYPES[type]);
  });
};

const section = (out: Bytes, id: number, write: (inner: Bytes) => void): void => {
  out.byte(id);
  out.counted(write);
};

/** Most pages of 64 KiB that a memory of 32-bit addresses has. */
const MAXIMUM_PAGES = 65_536;

/**
 * The bytes of a module that imports the memory `env.memory`, which is `shared` between threads or not, and exports the given functions by name; functions that they call
 * come along.
 */
export const encodeModule = (exported: readonly WasmFunction[], shared = false): Uint8Array<ArrayBuffer> => {
  const functions = [...exported];
  const indices = new Map(functions.map((each, i) => [each, i]));
  const indexOf = (callee: WasmFunction): number => {
    const known = indices.get(callee);
    if (known !== undefined) return known;
    indices.set(callee, functions.length);
    functions.push(callee);
    return functions.length - 1;
  };
  const bodies: Bytes[] = [];
  // Encoding a body may append functions: the loop goes on until all callees have theirs.
  for (let i = 0; i < functions.length; i += 1) {
    const { locals, body } = functions[i] as WasmFunction;
    const bytes = new Bytes();
    bytes.vector(locals, (inner, type) => {
      inner.bytes([1, VALUE_TYPES[type]]);
    });
    bytes.code(body, indexOf);
    bytes.byte(0x0b);
    bodies.push(bytes);
  }
  if (new Set(exported.map(({ name }) => name)).size !== exported.length)
    throw new NatgradError('InvalidGraph', 'two exported functions have one name', { operation: 'encodeModule' });
  const module = new Bytes();
  module.bytes([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);
  section(module, 1, (out) => {
    out.vector(functions, (inner, { parameters, results }) => {
      inner.byte(0x60);
      writeTypes(inner, parameters);
      writeTypes(inner, results);
    });
  });
  section(module, 2, (out) => {
    out.vector(['memory'], (inner, name) => {
      writeText(inner, 'env');
      writeText(inner, name);
      inner.bytes([0x02, shared ? 0x03 : 0x01, 0, ...unsigned(MAXIMUM_PAGES)]);
    });
  });
  section(module, 3, (out) => {
    out.vector(functions, (inner, _, at) => {
      inner.bytes(unsigned(at));
    });
  });
  section(module, 7, (out) => {
    out.vector(exported, (inner, { name }, at) => {
      writeText(inner, name);
      inner.byte(0x00);
      inner.bytes(unsigned(at));
    });
  });
  section(module, 10, (out) => {
    out.vector(bodies, (inner, { view }) => {
      inner.bytes(unsigned(view.length));
      inner.bytes(view);
    });
  });
  return module.view;
};
