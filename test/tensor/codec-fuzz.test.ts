/** Damaged, hostile and random files: a typed `Left`, never an exception, a hang or a wrong tensor. */
import { readFileSync } from 'node:fs';
import { constants, deflateRawSync } from 'node:zlib';
import {
  decodeNpy,
  decodeNpz,
  decodeSafetensors,
  encodeNpy,
  encodeNpz,
  encodeSafetensors,
  isNatgradError,
  type NatgradError,
  tensor,
  zeros,
} from '@natgrad/tensor';
import fc from 'fast-check';
import type { Either } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { RUNS } from './layouts.js';

type Decoder = (bytes: Uint8Array) => Either<NatgradError, unknown>;

const read = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../fixtures/codec/${name}`, import.meta.url)));

/** Decodes; whatever the bytes, the result is an `Either` whose error names field, finding and expectation. */
const decode = (decoder: Decoder, bytes: Uint8Array): Either<NatgradError, unknown> => {
  const result = decoder(bytes);
  if (result._tag === 'Left') {
    const { code, operation, argument, found, expected } = result.left;
    const complete =
      isNatgradError(result.left) && operation === decoder.name && [argument, found, expected].every(Boolean);
    if (!complete || (code !== 'Malformed' && code !== 'Unsupported')) throw result.left;
    // What stands for a machine out of memory; here it would be a read outside the file.
    if (argument === 'bytes' && code === 'Unsupported') throw result.left;
    // A file may not blow up the message either.
    if (result.left.message.length > 3000) throw new Error(`a message of ${result.left.message.length} characters`);
  }
  return result;
};

const refused = (decoder: Decoder, bytes: Uint8Array): NatgradError => {
  const result = decode(decoder, bytes);
  if (result._tag === 'Right') throw new Error('the file was accepted');
  return result.left;
};

/** Generous on a busy machine for what takes a second at most; anything quadratic in these inputs would take minutes. */
const QUICK = 20_000;
const quickly = <A>(f: () => A): A => {
  const start = performance.now();
  const result = f();
  expect(performance.now() - start).toBeLessThan(QUICK);
  return result;
};

const SAMPLES: readonly (readonly [string, Decoder])[] = [
  ['f64.npy', decodeNpy],
  ['f32_fortran_big_endian.npy', decodeNpy],
  ['bool.npy', decodeNpy],
  ['version3.npy', decodeNpy],
  ['stored.npz', decodeNpz],
  ['compressed.npz', decodeNpz],
  ['several.safetensors', decodeSafetensors],
  ['misaligned.safetensors', decodeSafetensors],
];

describe.each(SAMPLES)('%s', (name, decoder) => {
  const whole = read(name);

  it('is refused when cut at any length, or longer than it says', () => {
    quickly(() => {
      for (let length = 0; length < whole.length; length += 1) refused(decoder, whole.subarray(0, length));
    });
    refused(decoder, Uint8Array.of(...whole, 0));
    refused(decoder, Uint8Array.of(0, ...whole));
  });

  it('gives an Either with any byte changed', () => {
    const copy = whole.slice();
    quickly(() => {
      for (let at = 0; at < whole.length; at += 1)
        for (const flip of name.endsWith('npy') ? [0x01, 0x80, 0xff] : [at % 2 === 0 ? 0x01 : 0x80]) {
          copy[at] = (whole[at] as number) ^ flip;
          decode(decoder, copy);
          copy[at] = whole[at] as number;
        }
    });
  });

  it('gives an Either when parts are replaced, repeated, moved or left out', () => {
    const cut = fc.nat({ max: whole.length });
    const values = fc.oneof(
      fc.uint8Array({ maxLength: 12 }),
      fc.constantFrom(Uint8Array.of(255, 255, 255, 255), Uint8Array.of(0, 0, 0, 128)),
    );
    fc.assert(
      fc.property(cut, cut, cut, values, (a, b, c, middle) => {
        decode(decoder, Uint8Array.of(...whole.subarray(0, a), ...middle, ...whole.subarray(b)));
        decode(
          decoder,
          Uint8Array.of(
            ...whole.subarray(0, a),
            ...whole.subarray(Math.min(b, c), Math.max(b, c)),
            ...whole.subarray(b),
          ),
        );
      }),
      { numRuns: RUNS },
    );
  });
});

it.each([decodeNpy, decodeNpz, decodeSafetensors])('%o refuses random bytes and other values', (decoder) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void refused(decoder, bytes)),
    { numRuns: RUNS },
  );
  for (const value of [undefined, null, 'bytes', [1, 2], new ArrayBuffer(8), new Float64Array(8)])
    expect(refused(decoder, value as never)).toMatchObject({ code: 'Malformed', argument: 'bytes' });
});

describe('npy headers', () => {
  const file = (header: string, data = 0, version = 1): Uint8Array => {
    const text = Buffer.from(header, 'latin1');
    const length =
      version === 1 ? [text.length % 256, text.length >> 8] : [...new Uint8Array(Uint32Array.of(text.length).buffer)];
    return Buffer.concat([
      Uint8Array.of(0x93, ...Buffer.from('NUMPY'), version, 0, ...length),
      text,
      new Uint8Array(data),
    ]);
  };
  const header = (changes: { readonly descr?: string; readonly order?: string; readonly shape?: string }): string =>
    `{'descr': ${changes.descr ?? "'<f8'"}, 'fortran_order': ${changes.order ?? 'False'}, 'shape': ${changes.shape ?? '(2,)'}, }`;

  it('takes the notations that Python has for one dictionary', () => {
    for (const text of [
      header({}),
      `{"shape":(2,),"fortran_order":False,"descr":"<f8"}`,
      header({ shape: '(2L,)', order: 'True' }),
      header({ shape: '( 2 , 1 , )' }),
      ` ${header({})}  \n`,
    ])
      expect(decode(decodeNpy, file(text, 16))._tag, text).toBe('Right');
  });

  it.each([
    ['no dictionary', '', 'header'],
    ['a call', '__import__("os").system("true")', 'header'],
    ['more after it', `${header({})}; x`, 'header'],
    ['a missing key', "{'descr': '<f8', 'shape': (2,)}", 'fortran_order'],
    ['a key twice', "{'shape': (2,), 'shape': (2,), 'descr': '<f8', 'fortran_order': False}", 'header'],
    ['a foreign key', "{'shape': (2,), 'descr': '<f8', 'fortran_order': False, 'x': 1}", 'header'],
    ['an order that is no boolean', header({ order: '0' }), 'header'],
    ['a shape that is a number', header({ shape: '(2)' }), 'header'],
    ['a shape that is a list', header({ shape: '[2]' }), 'header'],
    ['a negative extent', header({ shape: '(-2,)' }), 'header'],
    ['a fraction', header({ shape: '(2.0,)' }), 'header'],
    ['a hexadecimal extent', header({ shape: '(0x2,)' }), 'header'],
    ['a leading zero', header({ shape: '(02,)' }), 'header'],
    ['an extent beyond doubles', header({ shape: '(9007199254740993,)' }), 'header'],
    ['no comma', header({ shape: '(1 2)' }), 'header'],
    ['only a comma', header({ shape: '(,)' }), 'header'],
    ['a product that overflows', header({ shape: '(9007199254740991, 9007199254740991, 0)' }), 'shape'],
    ['a product that overflows after a 0', header({ shape: '(0, 9007199254740991, 9007199254740991)' }), 'shape'],
    ['an escape', header({ descr: "'<f\\x38'" }), 'header'],
    ['an open string', `{'descr`, 'header'],
    ['a non-ASCII blank', `\u00a0${header({})}`, 'header'],
  ])('refuses %s', (_, text, field) => {
    expect(refused(decodeNpy, file(text, 16))).toMatchObject({ code: 'Malformed', argument: field });
  });

  it.each([
    ["'<i8'", 'descr'],
    ["'=f8'", 'descr'],
    ["'f8'", 'descr'],
    ["'|f8'", 'descr'],
    ["'|O'", 'descr'],
    ["'__proto__'", 'descr'],
    ["[('a', '<f8')]", 'descr'],
  ])('has no tensor for the type %s', (descr, field) => {
    expect(refused(decodeNpy, file(header({ descr }), 16))).toMatchObject({ code: 'Unsupported', argument: field });
  });

  it('allocates nothing for extents without data, and compiles nothing for absurd ranks', () => {
    quickly(() => {
      expect(refused(decodeNpy, file(header({ shape: '(2147483647,)' }))).message).toContain(
        '17179869176 bytes for f64[2147483647]',
      );
      expect(refused(decodeNpy, file(header({ shape: '(4294967296,)' })))).toMatchObject({
        code: 'Unsupported',
        argument: 'shape',
      });
      expect(refused(decodeNpy, file(header({ shape: `(${'1,'.repeat(300_000)})` }), 8, 2)).found).toBe('rank 300000');
      refused(decodeNpy, file(header({ shape: `(${'9'.repeat(1_000_000)},)` }), 8, 2));
      refused(decodeNpy, file(header({ shape: '('.repeat(1_000_000) }), 8, 2));
      refused(decodeNpy, file(`{'${'a'.repeat(1_000_000)}`, 8, 2));
    });
    expect(refused(decodeNpy, file(' '.repeat(2 ** 20 + 1), 8, 2))).toMatchObject({
      code: 'Unsupported',
      argument: 'header length',
    });
  });

  it('refuses bytes that are no booleans, and data of another length', () => {
    const bool = encodeNpy(tensor([true, false]));
    bool[bool.length - 1] = 2;
    expect(refused(decodeNpy, bool)).toMatchObject({ argument: 'data', found: 'byte 2 as bool 1', expected: '0 or 1' });
    expect(refused(decodeNpy, file(header({}), 17))).toMatchObject({
      found: '17 bytes',
      expected: '16 bytes for f64[2]',
    });
  });

  it('refuses other versions, and headers that are longer than the file', () => {
    const bytes = encodeNpy(tensor([1]));
    expect(refused(decodeNpy, bytes.subarray(0, 100))).toMatchObject({ argument: 'header length', found: '118' });
    bytes[6] = 4;
    expect(refused(decodeNpy, bytes)).toMatchObject({ code: 'Unsupported', argument: 'version', found: '4.0' });
  });
});

/** An archive entry as this test wants it written, lies included; what is left out is true. */
interface Entry {
  readonly name: string;
  readonly localName?: string;
  readonly data?: Uint8Array;
  readonly stored?: Uint8Array;
  readonly method?: number;
  readonly flags?: number;
  readonly localFlags?: number;
  readonly size?: number;
  readonly storedSize?: number;
  readonly crc?: number;
  /** CRC, stored size and size as the local header has them. */
  readonly local?: readonly [number, number, number];
  readonly offset?: number;
}

const fields = (...values: readonly (readonly [number, 2 | 4])[]): Uint8Array => {
  const bytes: number[] = [];
  for (const [value, width] of values)
    for (let i = 0; i < width; i += 1) bytes.push(Math.floor(value / 256 ** i) % 256);
  return Uint8Array.from(bytes);
};

/** Bit by bit, from the polynomial; Node has a built-in one only since 20.15. */
const crc32 = (bytes: Uint8Array): number => {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
};

/** Writes an archive with no regard for truth. */
const archive = (entries: readonly Entry[], count: number = entries.length): Uint8Array => {
  const local: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const entry of entries) {
    const { data = encodeNpy(tensor([1, 2])), method = 0, flags = 0x800 } = entry;
    const stored = entry.stored ?? (method === 8 ? deflateRawSync(data) : data);
    const name = Buffer.from(entry.name);
    const localName = Buffer.from(entry.localName ?? entry.name);
    const claims = [entry.crc ?? crc32(data), entry.storedSize ?? stored.length, entry.size ?? data.length] as const;
    const long = (value: number): readonly [number, 4] => [value, 4];
    const facts = claims.map(long);
    const localFacts = (entry.local ?? claims).map(long);
    const head = fields(
      [0x04034b50, 4],
      [20, 2],
      [entry.localFlags ?? flags, 2],
      [method, 2],
      [0, 4],
      ...localFacts,
      [localName.length, 2],
      [0, 2],
    );
    directory.push(
      fields(
        [0x02014b50, 4],
        [20, 2],
        [20, 2],
        [flags, 2],
        [method, 2],
        [0, 4],
        ...facts,
        [name.length, 2],
        [0, 4],
        [0, 2],
        [0, 2],
        [0, 4],
        [entry.offset ?? at, 4],
      ),
      name,
    );
    local.push(head, localName, stored);
    at += head.length + localName.length + stored.length;
  }
  const length = directory.reduce((total, part) => total + part.length, 0);
  return Buffer.concat([
    ...local,
    ...directory,
    fields([0x06054b50, 4], [0, 4], [count, 2], [count, 2], [length, 4], [at, 4], [0, 2]),
  ]);
};

describe('npz archives', () => {
  const good = { name: 'a.npy' };

  it('reads honest archives of this test’s own writer', () => {
    const crc = crc32(encodeNpy(tensor([1, 2])));
    for (const entries of [
      [],
      [good],
      [good, { name: '__proto__.npy', method: 8 }],
      // Python writes ones where it puts the sizes into a ZIP64 field, and streaming writers zeros.
      [{ ...good, local: [crc, 0xffffffff, 0xffffffff] as const }],
      [{ ...good, flags: 8, local: [0, 0, 0] as const }],
    ])
      expect(decode(decodeNpz, archive(entries))).toMatchObject({ _tag: 'Right' });
  });

  it.each<readonly [string, 'Malformed' | 'Unsupported', Uint8Array]>([
    ['two entries of one name', 'Malformed', archive([good, good])],
    ['another name before the data', 'Malformed', archive([{ ...good, localName: 'b.npy' }])],
    ['a name of another length before the data', 'Malformed', archive([{ ...good, localName: 'a.npy2' }])],
    ['a CRC that differs before the data', 'Malformed', archive([{ ...good, local: [0, 144, 144] }])],
    [
      'a size that differs before the data',
      'Malformed',
      archive([{ ...good, local: [crc32(encodeNpy(tensor([1, 2]))), 144, 10] }]),
    ],
    [
      'half a directory record',
      'Malformed',
      fields([0x02014b50, 4], [0, 2], [0, 4], [0x06054b50, 4], [0, 4], [1, 2], [1, 2], [10, 4], [0, 4], [0, 2]),
    ],
    ['a name with NUL', 'Malformed', archive([{ name: 'a\0.npy' }])],
    [
      'a name that is not UTF-8',
      'Malformed',
      Buffer.from(
        Buffer.from(archive([good]))
          .toString('latin1')
          .replaceAll('a.npy', '\xff.npy'),
        'latin1',
      ),
    ],
    ['a name in an unknown encoding', 'Unsupported', archive([{ name: 'ü.npy', flags: 0 }])],
    ['an entry that is no array', 'Unsupported', archive([{ name: 'readme.txt' }])],
    ['a wrong CRC', 'Malformed', archive([{ ...good, crc: 1 }])],
    ['a wrong CRC of deflated data', 'Malformed', archive([{ ...good, crc: 1, method: 8 }])],
    ['a stored size that lies', 'Malformed', archive([{ ...good, size: 10 }])],
    ['a deflated size too small', 'Malformed', archive([{ ...good, size: 10, method: 8 }])],
    ['a deflated size too large', 'Malformed', archive([{ ...good, size: 1000, method: 8 }])],
    ['a size that no compression reaches', 'Malformed', archive([{ ...good, size: 2 ** 29, method: 8 }])],
    [
      'a deflate stream of garbage',
      'Malformed',
      archive([{ ...good, method: 8, stored: Uint8Array.of(255, 255, 255) }]),
    ],
    [
      'a deflate stream that stops',
      'Malformed',
      archive([{ ...good, method: 8, stored: deflateRawSync(encodeNpy(tensor([1, 2]))).subarray(0, 40) }]),
    ],
    [
      'entries that share bytes',
      'Malformed',
      archive(
        [good, { name: 'a.npy', offset: 0 }].map((entry, i) => ({ ...entry, name: `${i}.npy`, localName: '0.npy' })),
      ),
    ],
    ['an entry inside the directory', 'Malformed', archive([{ ...good, offset: 250 }])],
    ['an entry beyond the file', 'Malformed', archive([{ ...good, offset: 2 ** 31 }])],
    ['fewer entries than it counts', 'Malformed', archive([good], 2)],
    ['more entries than it counts', 'Malformed', archive([good], 0)],
    ['encryption', 'Unsupported', archive([{ ...good, flags: 0x801 }])],
    ['flags that differ', 'Malformed', archive([{ ...good, localFlags: 0x808 }])],
    ['another compression', 'Unsupported', archive([{ ...good, method: 14 }])],
    ['ZIP64 sizes', 'Unsupported', archive([{ ...good, size: 2 ** 32 - 1 }])],
    ['an array that is none', 'Malformed', archive([{ ...good, data: new Uint8Array(100) }])],
    ['two disks', 'Unsupported', Uint8Array.from(archive([]), (byte, i) => (i === 4 ? 1 : byte))],
  ])('refuses %s', (_, code, bytes) => {
    expect(refused(decodeNpz, bytes)).toMatchObject({ code });
  });

  it('sees from the directory alone that a size cannot be true', () => {
    const error = refused(decodeNpz, archive([{ ...good, size: 2 ** 29, method: 8 }]));
    expect(error.found).toMatch(/^\d+ bytes for a content of 536870912$/);
  });

  it('says where the places and lengths in an archive are wrong', () => {
    const data = encodeNpy(tensor([1, 2]));
    const into = refused(decodeNpz, archive([{ ...good, storedSize: 150, size: 150 }]));
    expect(into.found).toBe(`data up to byte ${30 + 5 + 150}`);
    const short = refused(decodeNpz, archive([{ ...good, method: 8, size: data.length + 1 }]));
    expect(short.found).toBe(`${data.length} bytes after decompression`);
    const moved = refused(decodeNpz, Uint8Array.of(0, ...archive([good])));
    expect(moved).toMatchObject({
      argument: 'end record',
      expected: `a directory that ends at ${1 + 30 + 5 + 144 + 46 + 5}`,
    });
    const long = archive([good]);
    long[30 + 5 + 144 + 30] = 1;
    expect(refused(decodeNpz, long).found).toBe(`a record at 179 that ends at ${179 + 46 + 5 + 1}`);
  });

  it('refuses entries nested in one another, each with its own true name', () => {
    const inner = archive([{ name: 'b.npy' }]);
    const outer = archive([
      { name: 'a.npy', data: inner.subarray(0, 30 + 5 + 144) },
      { name: 'b.npy', offset: 35 },
    ]);
    expect(refused(decodeNpz, outer).found).toContain('overlaps another');
  });

  it('stops a bomb at the size it claims, and one that claims its size at the limit', () => {
    const zero = new Uint8Array(2 ** 26);
    // Not the last block, so that it can be repeated: 500 times are 32 GiB, which would take minutes.
    const block = deflateRawSync(zero, { finishFlush: constants.Z_FULL_FLUSH });
    const stored = Buffer.concat(Array.from({ length: 500 }, () => block));
    quickly(() => {
      const liar = archive([{ ...good, method: 8, stored, size: 1000, crc: 0 }]);
      expect(refused(decodeNpz, liar)).toMatchObject({
        code: 'Malformed',
        found: 'more than 1000 bytes after decompression',
      });
      const many = Array.from({ length: 17 }, (_, i) => ({
        name: `${i}.npy`,
        method: 8,
        stored: block,
        data: zero,
        crc: 0,
      }));
      expect(refused(decodeNpz, archive(many))).toMatchObject({ code: 'Unsupported', argument: 'directory' });
    });
  });
});

describe('safetensors headers', () => {
  const file = (header: string, data = 0): Uint8Array => {
    const text = Buffer.from(header);
    return Buffer.concat([new Uint8Array(BigUint64Array.of(BigInt(text.length)).buffer), text, new Uint8Array(data)]);
  };
  const entry = (name: string, start: number, end: number, shape = `[${(end - start) / 4}]`): string =>
    `"${name}":{"dtype":"F32","shape":${shape},"data_offsets":[${start},${end}]}`;

  it('takes tensors in any order, size 0 anywhere, and blanks', () => {
    for (const header of [
      `{${entry('b', 4, 12)},${entry('a', 0, 4)}}`,
      `{${entry('a', 0, 4)},${entry('none', 4, 4)},${entry('b', 4, 12)},${entry('nothing', 12, 12)}}`,
      `{${entry('a', 0, 12)},${entry('none', 0, 0)},${entry('nothing', 12, 12)}}`,
      '{} ',
      `{\n"__metadata__" : { } , ${entry('a', 0, 12)} }\t\r\n`,
    ])
      expect(decode(decodeSafetensors, file(header, header.includes('F32') ? 12 : 0))._tag, header).toBe('Right');
  });

  it.each([
    ['an overlap', `{${entry('a', 0, 8)},${entry('b', 4, 12)}}`, '"b": data_offsets', 'overlap'],
    ['one range twice', `{${entry('a', 0, 12)},${entry('b', 0, 12)}}`, '"b": data_offsets', 'overlap'],
    ['a gap', `{${entry('a', 0, 4)},${entry('b', 8, 12)}}`, '"b": data_offsets', 'gap'],
    ['a gap at the start', `{${entry('a', 4, 12)}}`, '"a": data_offsets', 'gap'],
    ['bytes of nobody', `{${entry('a', 0, 8)}}`, 'data', '12 bytes'],
    ['offsets beyond the file', `{${entry('a', 0, 16)}}`, '"a": data_offsets', '[0,16]'],
    ['offsets backwards', `{${entry('a', 12, 0, '[3]')}}`, '"a": data_offsets', '[12,0]'],
    ['one offset', '{"a":{"dtype":"F32","shape":[],"data_offsets":[0]}}', '"a": data_offsets', '[0]'],
    ['a shape of another size', `{${entry('a', 0, 12, '[2]')}}`, '"a": data_offsets', '12 bytes'],
    ['a shape that overflows', `{${entry('a', 0, 12, '[4294967296,4294967296]')}}`, '"a": shape', '4294967296'],
    [
      'a shape that overflows before its 0',
      `{${entry('a', 0, 0, '[4294967296,4294967296,0]')}}`,
      '"a": shape',
      '4294967296',
    ],
    ['a negative extent', `{${entry('a', 0, 12, '[-3]')}}`, 'header', '-3'],
    ['a fraction', `{${entry('a', 0, 12, '[3.0]')}}`, 'header', '3.0'],
    ['an exponent', `{${entry('a', 0, 12, '[3e0]')}}`, 'header', '3e0'],
    ['a string as extent', `{${entry('a', 0, 12, '["3"]')}}`, '"a": shape', 'string'],
    ['no shape', '{"a":{"dtype":"F32","data_offsets":[0,12]}}', '"a": shape', 'nothing'],
    ['no dtype', '{"a":{"shape":[3],"data_offsets":[0,12]}}', '"a": dtype', 'nothing'],
    ['a tensor that is a list', '{"a":[]}', '"a": entry', 'list'],
    ['a tensor that is null', '{"a":null}', '"a": entry', 'null'],
    ['a name twice', `{${entry('a', 0, 12)},${entry('a', 0, 12)}}`, 'header', 'twice'],
    ['a name twice in two notations', `{${entry('a', 0, 12)},${entry('\\u0061', 0, 12)}}`, 'header', 'twice'],
    [
      'a key twice in a tensor',
      '{"a":{"dtype":"F32","dtype":"F32","shape":[3],"data_offsets":[0,12]}}',
      'header',
      'twice',
    ],
    ['metadata twice', `{"__metadata__":{},"__metadata__":{},${entry('a', 0, 12)}}`, 'header', 'twice'],
    ['metadata that is no text', `{"__metadata__":{"a":1},${entry('a', 0, 12)}}`, '__metadata__: "a"', '1'],
    ['metadata that is a list', `{"__metadata__":[],${entry('a', 0, 12)}}`, '__metadata__', 'list'],
    ['a trailing comma', `{${entry('a', 0, 12)},}`, 'header', '}'],
    ['a second value', `{${entry('a', 0, 12)}}{}`, 'header', '{}'],
    ['a list at the top', '[]', 'header', '[]'],
    ['a leading blank', ` {${entry('a', 0, 12)}}`, 'header', ' {'],
    ['an empty header', '', 'header', '""'],
    ['half a surrogate pair', `{${entry('\\ud800', 0, 12)}}`, 'header', 'character'],
    ['a line break in a string', `{${entry('a\n', 0, 12)}}`, 'header', 'character'],
    ['an unknown escape', `{${entry('\\x41', 0, 12)}}`, 'header', 'character'],
    ['deeper nesting', `{"a":{"shape":[[3]]}}`, 'header', '[3]'],
  ])('refuses %s', (_, header, field, found) => {
    const error = refused(decodeSafetensors, file(header, 12));
    expect(error).toMatchObject({ code: 'Malformed', argument: field });
    expect(error.found).toContain(found);
  });

  it('refuses headers beyond 100 MB, beyond the file and beyond 2⁵³', () => {
    const claim = (length: bigint): Uint8Array => new Uint8Array(BigUint64Array.of(length, 0n).buffer);
    for (const length of [9n, 100_000_000n, 100_000_001n, 2n ** 53n + 1n, 2n ** 64n - 1n])
      expect(refused(decodeSafetensors, claim(length))).toMatchObject({
        argument: 'header length',
        found: String(length),
      });
    const large = new Uint8Array(100_000_010);
    large.set(Uint8Array.of(1, 0xe1, 0xf5, 5));
    expect(refused(decodeSafetensors, large).expected).toBe('at most 100000000');
    expect(refused(decodeSafetensors, Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0xff)).found).toContain('UTF-8');
  });

  it('says of offsets that run backwards what is wrong with them', () => {
    const error = refused(decodeSafetensors, file(`{${entry('a', 12, 0, '[3]')}}`, 12));
    expect(error.expected).toBe('0 ≤ start ≤ end ≤ 12');
  });

  it('quotes a long name in short', () => {
    const error = refused(decodeSafetensors, file(`{"${'a'.repeat(10_000)}":{"dtype":"F16"}}`));
    expect(error.argument).toContain('… (10000 characters): dtype');
  });

  it('has no answer to foreign keys but a refusal', () => {
    const error = refused(
      decodeSafetensors,
      file('{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4],"__proto__":[]}}', 4),
    );
    expect(error).toMatchObject({ code: 'Unsupported', argument: '"a": entry' });
  });

  it('refuses bytes that are no booleans, with the tensor’s name', () => {
    const bytes = encodeSafetensors({ mask: tensor([true]) });
    bytes[bytes.length - 1] = 255;
    expect(refused(decodeSafetensors, bytes)).toMatchObject({ argument: '"mask": data', found: 'byte 255 as bool 0' });
  });

  it('takes linear time for long headers of every kind', () => {
    quickly(() => {
      refused(decodeSafetensors, file('{"a":'.repeat(500_000)));
      refused(decodeSafetensors, file(`{"a":${'['.repeat(2_000_000)}`));
      refused(decodeSafetensors, file(`{"${'a'.repeat(2_000_000)}`));
      refused(decodeSafetensors, file(`{"${'\\'.repeat(2_000_000)}`));
      refused(decodeSafetensors, file(`{"a":${'9'.repeat(2_000_000)}}`));
      expect(refused(decodeSafetensors, file(`{${entry('a', 0, 4, `[1${',1'.repeat(500_000)}]`)}}`, 4)).found).toBe(
        'rank 500001',
      );
      const many = Array.from({ length: 20_000 }, (_, i) => entry(String(i), 4 * i, 4 * i + 4)).reverse();
      expect(decode(decodeSafetensors, file(`{${many.join(',')}}`, 80_000))._tag).toBe('Right');
    });
  });
});

it('says no at once to a valid archive with a limit below its size', () => {
  const bytes = encodeNpz({ x: zeros([1000, 1000]) }, { compress: true });
  expect(decodeNpz(bytes, { maxBytes: 10 })).toMatchObject({ _tag: 'Left', left: { code: 'Unsupported' } });
});
