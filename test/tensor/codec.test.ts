/** Readers and writers against files of NumPy and of an independent script (test/fixtures/codec/make.py), and round-trips. */
import { readFileSync } from 'node:fs';
import {
  cast,
  type DType,
  decodeNpy,
  decodeNpz,
  decodeSafetensors,
  encodeNpy,
  encodeNpz,
  encodeSafetensors,
  fromNdarray,
  fromTypedArray,
  identical,
  type NatgradError,
  type Tensor,
  tensor,
  toNdarray,
  toNested,
  toTypedArray,
  transpose,
  zeros,
} from '@natgrad/tensor';
import fc from 'fast-check';
import type { Either } from 'fp-ts/lib/Either.js';
import ndarray, { type NdArray } from 'ndarray';
import { describe, expect, it } from 'vitest';
import { check, dtypes, shapes, tensors } from './layouts.js';

interface Expected {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly hex: string;
}

const read = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../fixtures/codec/${name}`, import.meta.url)));
const expected = JSON.parse(new TextDecoder().decode(read('expected.json'))) as Record<
  string,
  Record<string, Expected>
>;
const names = (suffix: string): string[] => Object.keys(expected).filter((name) => name.endsWith(suffix));

const ok = <A>(result: Either<NatgradError, A>): A => {
  if (result._tag === 'Left') throw result.left;
  return result.right;
};
const refused = <A>(result: Either<NatgradError, A>): NatgradError => {
  if (result._tag === 'Right') throw new Error('the file was accepted');
  return result.left;
};

/** A tensor in the terms of expected.json; the host is little-endian, as every platform of Node is today. */
const facts = (x: Tensor): Expected => {
  const data = toTypedArray(x);
  return {
    dtype: x.dtype,
    shape: [...x.shape],
    hex: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex'),
  };
};
const allFacts = (record: Readonly<Record<string, Tensor>>): [string, Expected][] =>
  Object.keys(record)
    .map((name): [string, Expected] => [name, facts(record[name] as Tensor)])
    .sort();
const wanted = (name: string): [string, Expected][] =>
  Object.entries(expected[name] as Record<string, Expected>).sort();

describe('npy', () => {
  it.each(names('.npy'))('reads %s as NumPy wrote it', (name) => {
    expect(facts(ok(decodeNpy(read(name))))).toEqual(expected[name]);
  });

  it.each(names('.npy').filter((name) => !/big_endian|fortran|version/.test(name)))(
    'writes the very bytes of %s',
    (name) => {
      const bytes = read(name);
      expect(Buffer.from(encodeNpy(ok(decodeNpy(bytes)))).equals(bytes)).toBe(true);
    },
  );

  it.each([
    ['i64', "astype('<i4')"],
    ['u8', "astype('<i4')"],
    ['f16', "astype('<f4')"],
    ['c128', 'x.real and x.imag'],
    ['structured', 'each field'],
    ['object', 'pickles'],
    ['text', 'numbers or booleans'],
  ])('names the way out for %s', (type, remedy) => {
    const error = refused(decodeNpy(read(`unsupported_${type}.npy`)));
    expect(error).toMatchObject({ code: 'Unsupported', operation: 'decodeNpy', argument: 'descr' });
    expect(error.message).toContain(remedy);
  });

  it('reads from the middle of a larger buffer at an odd offset', () => {
    const bytes = read('f64.npy');
    const buffer = new Uint8Array(bytes.length + 8);
    buffer.set(bytes, 3);
    expect(facts(ok(decodeNpy(buffer.subarray(3, 3 + bytes.length))))).toEqual(expected['f64.npy']);
  });

  it('gives back any tensor in any storage, bit for bit', () => {
    const any = fc.tuple(dtypes, shapes(0, 4)).chain(([dtype, shape]) => tensors(dtype, shape));
    check(any, (x) => {
      const file = encodeNpy(x);
      expect(identical(ok(decodeNpy(file)), x)).toBe(true);
      expect((file.length - x.size * { f32: 4, f64: 8, i32: 4, bool: 1 }[x.dtype]) % 64).toBe(0);
    });
  });

  it('keeps every bit pattern of floats, NaN payloads included', () => {
    check(fc.uint8Array({ minLength: 8, maxLength: 64 }), (raw) => {
      const bits = raw.slice(0, raw.length - (raw.length % 8));
      for (const data of [new Float32Array(bits.buffer), new Float64Array(bits.buffer)]) {
        const file = encodeNpy(fromTypedArray(data));
        expect(Buffer.from(file.subarray(128)).equals(bits)).toBe(true);
        expect(facts(ok(decodeNpy(file))).hex).toBe(Buffer.from(bits).toString('hex'));
      }
    });
  });

  it('copies: neither the file nor the tensor sees later changes of the other', () => {
    const file = encodeNpy(tensor([1, 2, 3]));
    const x = ok(decodeNpy(file));
    file.fill(0);
    expect(toNested(x)).toEqual([1, 2, 3]);
    encodeNpy(x).fill(0);
    expect(toNested(x)).toEqual([1, 2, 3]);
  });

  it('refuses to write what no reader takes', () => {
    const deep = zeros(new Array<number>(65).fill(1));
    expect(() => encodeNpy(deep)).toThrow('encodeNpy: shape: found rank 65');
    expect(() => encodeNpy(3 as never)).toThrow('encodeNpy: expected a tensor');
    expect(() => encodeNpy(zeros([2 ** 40, 2 ** 40, 0]))).toThrow('overflow');
    expect(ok(decodeNpy(encodeNpy(zeros(new Array<number>(64).fill(1))))).rank).toBe(64);
  });
});

/** Records with names that are hard on JavaScript objects, on UTF-8 and on sorting. */
const nasty = fc.constantFrom(
  '__proto__',
  'constructor',
  '10',
  '9',
  '',
  'a/b',
  '../a',
  'a.npy',
  'ü',
  '\u{1f600}',
  '\ufeffx',
  'x',
  '"\\\n',
);
const records: fc.Arbitrary<Readonly<Record<string, Tensor>>> = fc
  .uniqueArray(
    fc.tuple(
      fc.oneof(
        nasty,
        fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\0', '')),
      ),
      fc.tuple(dtypes, shapes(0, 3)).chain(([dtype, shape]) => tensors(dtype, shape)),
    ),
    { maxLength: 5, selector: ([name]) => name },
  )
  .map((entries) => Object.fromEntries(entries));

const sameRecord = (a: Readonly<Record<string, Tensor>>, b: Readonly<Record<string, Tensor>>): void => {
  expect(Object.keys(a).sort()).toEqual(Object.keys(b).sort());
  for (const name of Object.keys(a)) expect(identical(a[name] as Tensor, b[name] as Tensor), name).toBe(true);
  expect(Object.getPrototypeOf(a)).toBe(null);
};

describe('npz', () => {
  it.each(names('.npz'))('reads %s as NumPy wrote it', (name) => {
    expect(allFacts(ok(decodeNpz(read(name))))).toEqual(wanted(name));
  });

  it('gives back any record, stored or deflated', () => {
    check(fc.tuple(records, fc.boolean()), ([record, compress]) => {
      sameRecord(ok(decodeNpz(encodeNpz(record, { compress }))), record);
    });
  });

  it('reads back what spans many pieces of the decompressor', () => {
    const noise = Float64Array.from({ length: 20_000 }, (_, i) => Math.sin(i * i));
    const x = fromTypedArray(noise, [100, 200]);
    const file = encodeNpz({ x, zero: zeros([1000, 200]) }, { compress: true });
    sameRecord(ok(decodeNpz(file)), { x, zero: zeros([1000, 200]) });
  });

  it('writes equal records as equal bytes, whatever the order of their names', () => {
    const [a, b] = [tensor([1, 2]), tensor(3)];
    const file = encodeNpz({ a, b });
    expect(file).toEqual(encodeNpz({ b, a }));
    // Time 0:00:00 and date 1980-01-01 (day 1, month 1, year 0) in MS-DOS form.
    expect([...file.subarray(10, 14)]).toEqual([0, 0, 0x21, 0]);
  });

  it('refuses names that other readers would take for other names, and what is no record', () => {
    expect(() => encodeNpz({ 'a\0b': tensor(1) })).toThrow('encodeNpz: name: found "a\\u0000b"');
    expect(() => encodeNpz({ '\ud800': tensor(1) })).toThrow('well-formed');
    expect(() => encodeNpz(tensor(1) as never)).toThrow('expected a record of tensors, found a tensor');
    expect(() => encodeNpz({ a: 1 } as never)).toThrow('expected a tensor');
  });

  it('decompresses no more than the caller allows', () => {
    const file = encodeNpz({ a: zeros([1000]), b: zeros([1000]) }, { compress: true });
    const error = refused(decodeNpz(file, { maxBytes: 16_255 }));
    expect(error).toMatchObject({ code: 'Unsupported', found: '16256 bytes after decompression' });
    expect(ok(decodeNpz(file, { maxBytes: 16_256 }))).toHaveProperty('a');
    expect(refused(decodeNpz(file, { maxBytes: Number.NaN })).code).toBe('Unsupported');
  });
});

describe('safetensors', () => {
  it.each(names('.safetensors'))('reads %s as the format says', (name) => {
    expect(allFacts(ok(decodeSafetensors(read(name))).tensors)).toEqual(wanted(name));
  });

  it.each(['several.safetensors', 'empty.safetensors'])('writes the very bytes of %s', (name) => {
    const bytes = read(name);
    const { tensors: found, metadata } = ok(decodeSafetensors(bytes));
    expect(Buffer.from(encodeSafetensors(found, metadata)).equals(bytes)).toBe(true);
  });

  it('writes the bytes that the reference implementation’s own tests expect', () => {
    // huggingface/safetensors, safetensors/src/tensor.rs: test_serialization_forced_alignement and test_empty.
    const header = '{"attn0":{"dtype":"F32","shape":[1,1,2,3],"data_offsets":[0,24]}}       ';
    const data = new Uint8Array(Float32Array.of(0, 1, 2, 3, 4, 5).buffer);
    const reference = Buffer.concat([Uint8Array.of(72, 0, 0, 0, 0, 0, 0, 0), Buffer.from(header), data]);
    const attn0 = fromTypedArray(Float32Array.of(0, 1, 2, 3, 4, 5), [1, 1, 2, 3]);
    expect(reference.equals(encodeSafetensors({ attn0 }))).toBe(true);
    const empty = Buffer.from('\x28\0\0\0\0\0\0\0{"__metadata__":{"framework":"pt"}}     ', 'latin1');
    expect(empty.equals(encodeSafetensors({}, { framework: 'pt' }))).toBe(true);
  });

  it('reads metadata, and none as an empty record', () => {
    expect({ ...ok(decodeSafetensors(read('several.safetensors'))).metadata }).toEqual({
      format: 'np',
      note: 'two\nlines, "quotes", ünïcödé',
    });
    expect(Object.keys(ok(decodeSafetensors(read('empty.safetensors'))).metadata)).toEqual([]);
  });

  it('gives back any record and metadata', () => {
    const text = fc.string({ unit: 'grapheme' });
    const metadata = fc.dictionary(fc.oneof(nasty, text), text, { maxKeys: 3 });
    check(fc.tuple(records, metadata), ([record, notes]) => {
      const file = encodeSafetensors(record, notes);
      const back = ok(decodeSafetensors(file));
      sameRecord(back.tensors, record);
      expect({ ...back.metadata }).toEqual({ ...notes });
      const reversed = <A>(named: Readonly<Record<string, A>>): Record<string, A> =>
        Object.fromEntries(Object.entries(named).reverse());
      expect(Buffer.from(encodeSafetensors(reversed(record), reversed(notes))).equals(file)).toBe(true);
    });
  });

  it('names the type to save in', () => {
    const file = (dtype: string): Uint8Array => {
      const header = `{"a":{"dtype":"${dtype}","shape":[],"data_offsets":[0,2]}}`;
      return Uint8Array.of(header.length, 0, 0, 0, 0, 0, 0, 0, ...Buffer.from(header), 0, 0);
    };
    for (const [dtype, remedy] of [
      ['BF16', 'save it as F32'],
      ['I16', 'save it as I32'],
      ['I64', 'else as F64'],
      ['Q9', 'F32, F64, I32 or BOOL'],
    ]) {
      const error = refused(decodeSafetensors(file(dtype as string)));
      expect(error).toMatchObject({ code: 'Unsupported', argument: '"a": dtype', found: `"${dtype}"` });
      expect(error.expected).toContain(remedy);
    }
  });

  it('refuses to write what no reader takes', () => {
    expect(() => encodeSafetensors({ __metadata__: tensor(1) })).toThrow('stands for the metadata');
    expect(() => encodeSafetensors({ '\udc00': tensor(1) })).toThrow('well-formed');
    expect(() => encodeSafetensors({ a: tensor(1) }, { step: 3 } as never)).toThrow('found number');
    expect(() => encodeSafetensors(null as never)).toThrow('expected a record of tensors, found null');
  });
});

describe('ndarray', () => {
  it('takes any strides and offset', () => {
    const base = ndarray(
      Float64Array.from({ length: 60 }, (_, i) => i),
      [3, 4, 5],
    );
    for (const view of [
      base,
      base.transpose(2, 0, 1),
      base.step(-1, 2, -2),
      base.lo(1, 1, 1).hi(2, 2, 3),
      base.pick(null, 1, null),
    ]) {
      const x = fromNdarray(view);
      expect(x.shape).toEqual(view.shape);
      const copy = toNdarray(x);
      for (let i = 0; i < (view.shape[0] as number); i += 1)
        for (let j = 0; j < (view.shape[1] as number); j += 1)
          for (let k = 0; k < (view.shape[2] ?? 1); k += 1) expect(copy.get(i, j, k)).toBe(view.get(i, j, k));
    }
  });

  it('gives back any tensor', () => {
    check(
      fc.tuple(dtypes, shapes(0, 4)).chain(([dtype, shape]) => tensors(dtype, shape)),
      (x) => {
        expect(identical(fromNdarray(toNdarray(x)), x)).toBe(true);
        expect(identical(fromNdarray(toNdarray(x), 'f64'), cast(x, 'f64'))).toBe(true);
      },
    );
  });

  it('chooses a dtype that holds the values, or takes the one asked for', () => {
    expect(fromNdarray(ndarray(Int8Array.of(-1)) as NdArray).dtype).toBe('i32');
    expect(toNested(fromNdarray(ndarray(Uint32Array.of(2 ** 32 - 1)) as NdArray))).toEqual([2 ** 32 - 1]);
    expect(toNested(fromNdarray(ndarray([1.5, true as never])))).toEqual([1.5, 1]);
    expect(toNested(fromNdarray(ndarray(Uint8Array.of(7)) as NdArray, 'i32'))).toEqual([7]);
    const generic = { length: 3, get: (i: number) => i * 2, set: () => 0 };
    expect(toNested(fromNdarray(ndarray(generic as never, [3])))).toEqual([0, 2, 4]);
  });

  it('refuses elements the dtype cannot hold and views that leave their data', () => {
    expect(() => fromNdarray(ndarray(Uint8Array.of(7)) as NdArray)).toThrow('fromNdarray: 7 is not a bool');
    expect(() => fromNdarray(ndarray(Float64Array.of(1.5)) as NdArray, 'i32')).toThrow('1.5 is not an i32');
    expect(() => fromNdarray(ndarray(BigInt64Array.of(1n) as never))).toThrow('not a number');
    expect(() => fromNdarray(ndarray(['1'] as never))).toThrow('element 0 is the string 1');
    expect(() => fromNdarray(ndarray(new Float64Array(3), [2, 2]) as NdArray)).toThrow('elements 0 to 3 of 3');
    expect(() => fromNdarray(ndarray(new Float64Array(3), [2], [-1], 0) as NdArray)).toThrow('elements -1 to 0');
    expect(() => fromNdarray([1] as never)).toThrow('expected an ndarray');
  });

  it('shares no storage', () => {
    const data = Float64Array.of(1, 2);
    const x = fromNdarray(ndarray(data));
    data[0] = 9;
    const copy = toNdarray(transpose(x));
    copy.set(1, 9);
    expect(toNested(x)).toEqual([1, 2]);
  });
});
