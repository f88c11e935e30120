/** A library that a loader would die of is refused before it is loaded, and the reason names the file and the cure. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as files from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { type LibraryFile, unloadable } from '../../packages/autodiff/src/backends/blas/elf.js';
import { type Host, locate } from '../../packages/autodiff/src/backends/blas/locate.js';
import { source } from '../aliases.js';

/** A file in memory that counts what is read of it. */
const fileOf = (bytes: Uint8Array): LibraryFile & { readonly bytesRead: () => number } => {
  let total = 0;
  return {
    size: bytes.length,
    read: (offset, length) => {
      const part = bytes.subarray(offset, offset + length);
      total += part.length;
      return part;
    },
    bytesRead: () => total,
  };
};

interface Library {
  readonly bits: 32 | 64;
  readonly isLittle: boolean;
  readonly machine: number;
  /** Where segments begin, and how long they are. */
  readonly segments: readonly (readonly [offset: number, bytes: number])[];
}

/** A shared library of nothing but headers and zeros, as the specification of ELF lays it out. */
const libraryOf = ({ bits, isLittle, machine, segments }: Library): Uint8Array => {
  const [header, entry] = bits === 64 ? [64, 56] : [52, 32];
  const tableEnd = header + entry * segments.length;
  const bytes = new Uint8Array(Math.max(tableEnd, ...segments.map(([offset, length]) => offset + length)));
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, bits / 32, isLittle ? 1 : 2, 1]);
  view.setUint16(16, 3, isLittle);
  view.setUint16(18, machine, isLittle);
  const word = (at: number, value: number): void =>
    bits === 64 ? view.setBigUint64(at, BigInt(value), isLittle) : view.setUint32(at, value, isLittle);
  word(bits === 64 ? 32 : 28, header);
  view.setUint16(bits === 64 ? 54 : 42, entry, isLittle);
  view.setUint16(bits === 64 ? 56 : 44, segments.length, isLittle);
  segments.forEach(([offset, length], i) => {
    const at = header + i * entry;
    view.setUint32(at, 1, isLittle);
    word(at + (bits === 64 ? 8 : 4), offset);
    word(at + (bits === 64 ? 32 : 16), length);
  });
  return bytes;
};

const segments = fc.array(fc.tuple(fc.nat(5000), fc.nat(5000)), { minLength: 1, maxLength: 5 });
const x64 = (parts: Library['segments']): Uint8Array =>
  libraryOf({ bits: 64, isLittle: true, machine: 62, segments: parts });

describe('headers', () => {
  test('any prefix of a library is refused but the whole', () => {
    fc.assert(
      fc.property(segments, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (parts, part) => {
        const whole = x64(parts);
        expect(unloadable(fileOf(whole), 'x64')).toBeNull();
        const cut = unloadable(fileOf(whole.subarray(0, Math.floor(part * whole.length))), 'x64');
        expect(cut).toMatchObject({ foreign: false, reason: expect.stringContaining('cut short') as unknown });
      }),
    );
  });

  test('what is behind the segments is not missed', () => {
    const whole = x64([[0, 300]]);
    expect(unloadable(fileOf(new Uint8Array([...whole, 1, 2, 3])), 'x64')).toBeNull();
  });

  test.each([
    ['x64', { bits: 64, isLittle: true, machine: 183 }, 'is for arm64, this process is x64'],
    ['x64', { bits: 32, isLittle: true, machine: 3 }, 'is for ia32, this process is x64'],
    ['arm64', { bits: 64, isLittle: true, machine: 62 }, 'is for x64, this process is arm64'],
    ['x64', { bits: 64, isLittle: false, machine: 22 }, 'is for s390x of the other byte order, this process is x64'],
    ['x64', { bits: 64, isLittle: true, machine: 9999 }, 'is for machine 9999 of 64 bits, this process is x64'],
  ] as const)('in a process of %s, one for %j', (arch, kind, reason) => {
    const bytes = libraryOf({ ...kind, segments: [[0, 100]] });
    expect(unloadable(fileOf(bytes), arch)).toEqual({ foreign: true, reason });
  });

  test('on a processor that has no entry here, nothing is said about machines', () => {
    expect(unloadable(fileOf(x64([[0, 100]])), 'mips')).toBeNull();
    expect(unloadable(fileOf(libraryOf({ bits: 32, isLittle: false, machine: 8, segments: [[0, 99]] })), 'mips')).toBe(
      null,
    );
  });

  test.each([
    ['text', new TextEncoder().encode('/* GNU ld script: INPUT(libopenblas.so.0) */'), /no library of Linux/],
    ['nothing', new Uint8Array(0), /cut short: it has 0 bytes/],
    ['a word size of its own', x64([[0, 9]]).fill(3, 4, 5), /no library of Linux/],
    ['a program', x64([[0, 9]]).fill(2, 16, 17), /no shared library/],
    ['entries of another length', x64([[0, 9]]).fill(9, 54, 55), /nothing to load/],
  ])('%s is refused', (_, bytes, reason) => {
    expect(unloadable(fileOf(bytes), 'x64')?.reason).toMatch(reason);
  });

  test('random bytes, with or without a header before them, are judged without throwing, and few are read', () => {
    const bytes = fc.uint8Array({ maxLength: 400 });
    fc.assert(
      fc.property(bytes, fc.nat(120), segments, fc.boolean(), (noise, at, parts, isLibrary) => {
        const whole = isLibrary ? x64(parts) : new Uint8Array(500);
        whole.set(noise.subarray(0, Math.max(0, whole.length - at)), Math.min(at, whole.length));
        const file = fileOf(whole);
        unloadable(file, 'x64');
        expect(file.bytesRead()).toBeLessThanOrEqual(20 + 64 + 56 * 65_535);
      }),
    );
  });

  test('a table of headers at an address beyond all files is not read', () => {
    const bytes = x64([[0, 100]]);
    new DataView(bytes.buffer).setBigUint64(32, 2n ** 64n - 1n, true);
    expect(unloadable(fileOf(bytes), 'x64')?.reason).toMatch(/cut short/);
  });
});

describe('where a name is looked for', () => {
  const folder = files.mkdtempSync(join(tmpdir(), 'natgrad-elf-'));
  afterAll(() => files.rmSync(folder, { recursive: true, force: true }));
  const put = (path: string, bytes: Uint8Array): string => {
    const at = join(folder, path);
    files.mkdirSync(dirname(at), { recursive: true });
    files.writeFileSync(at, bytes);
    return at;
  };
  const NAME = 'libnatgrad-test.so.0';
  const host = (...folders: readonly string[]): Host => ({
    arch: 'x64',
    libraryPath: folders.map((each) => join(folder, each)).join(':'),
    files,
  });
  const good = put(`good/${NAME}`, x64([[0, 1000]]));
  const cut = put(`cut/${NAME}`, x64([[0, 1000]]).subarray(0, 500));
  const arm = put(`arm/${NAME}`, libraryOf({ bits: 64, isLittle: true, machine: 183, segments: [[0, 100]] }));

  test('the first file is what is loaded, by its path', () => {
    expect(locate(NAME, host('none', 'good', 'cut'))).toEqual({ load: good, reason: null });
  });

  test('one that is cut short is not passed over, since a loader would not', () => {
    const reason = `${cut} is cut short: it has 500 bytes of at least 1000`;
    expect(locate(NAME, host('cut', 'good'))).toEqual({ load: null, reason });
    expect(locate(cut, host('good'))).toEqual({ load: null, reason });
  });

  test('one for another machine is passed over; where there is no other, the loader may know one', () => {
    const reason = `${arm} is for arm64, this process is x64`;
    expect(locate(NAME, host('arm', 'good'))).toEqual({ load: good, reason: null });
    expect(locate(NAME, host('arm'))).toEqual({ load: NAME, reason });
    expect(locate(arm, host())).toEqual({ load: null, reason });
  });

  test('what is not found is left to the loader; what is no file is not opened', () => {
    expect(locate(NAME, host())).toEqual({ load: NAME, reason: null });
    expect(locate('/nowhere/lib.so', host())).toEqual({ load: '/nowhere/lib.so', reason: null });
    expect(locate(folder, host())).toEqual({ load: null, reason: `${folder} is no file` });
  });

  test('an empty entry of LD_LIBRARY_PATH is the current folder', () => {
    const opened: string[] = [];
    const statSync = (path: string): never => {
      opened.push(path);
      throw new Error('not there');
    };
    locate(NAME, { arch: 'x64', libraryPath: ':/a', files: { ...files, statSync } });
    expect(opened.slice(0, 2)).toEqual([`./${NAME}`, `/a/${NAME}`]);
    expect(opened).toContain(`/usr/lib/x86_64-linux-gnu/${NAME}`);
  });
});

/** A shared library of this machine that is there wherever koffi is. */
const findReal = (): string | null => {
  if (process.platform !== 'linux') return null;
  try {
    const koffi = createRequire(source('packages/autodiff/package.json')).resolve('koffi');
    const native = createRequire(koffi).resolve(`@koromix/koffi-linux-${process.arch}/package.json`);
    const path = join(dirname(native), `linux_${process.arch}`, 'koffi.node');
    return files.existsSync(path) ? path : null;
  } catch {
    return null;
  }
};

const real = findReal();

describe.skipIf(real === null)('a real library (needs Linux and koffi)', () => {
  const folder = files.mkdtempSync(join(tmpdir(), 'natgrad-elf-'));
  afterAll(() => files.rmSync(folder, { recursive: true, force: true }));
  const whole = real === null ? new Uint8Array(0) : files.readFileSync(real);

  test('is taken whole, and refused in any part that ends before its last segment', () => {
    expect(unloadable(fileOf(whole), process.arch)).toBeNull();
    fc.assert(
      fc.property(fc.nat(Math.floor(whole.length * 0.8)), (length) => {
        expect(unloadable(fileOf(whole.subarray(0, length)), process.arch)?.reason).toMatch(/cut short/);
      }),
    );
  });

  /** What a process says of the BLAS that it found. */
  const said = (env: Readonly<Record<string, string>>): { readonly found: string; readonly expected: string } => {
    const dist = source('packages/autodiff/dist/index.js');
    const program = `import { blasLibrary, defaultEngine } from ${JSON.stringify(dist)};
      const { left } = blasLibrary();
      console.log(JSON.stringify({ ...left, engine: defaultEngine().name }));`;
    const options = { encoding: 'utf8', env: { ...process.env, ...env } } as const;
    return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', program], options)) as never;
  };

  const put = (name: string, bytes: Uint8Array): string => {
    // A folder for each.
    const into = join(folder, createHash('sha256').update(bytes).digest('hex').slice(0, 8));
    files.mkdirSync(into, { recursive: true });
    files.writeFileSync(join(into, name), bytes);
    return into;
  };

  test('cut short in LD_LIBRARY_PATH, it does not end the process', () => {
    const into = put('libopenblas.so.0', whole.subarray(0, 100_000));
    expect(said({ NATGRAD_BLAS: '', LD_LIBRARY_PATH: into })).toEqual({
      engine: 'wasm',
      found: expect.stringMatching(/libopenblas\.so\.0 is cut short: it has 100000 bytes of at least \d+$/) as unknown,
      expected: expect.stringContaining('a whole library') as unknown,
    });
  });

  test('cut short under NATGRAD_BLAS, the variable is named, and the cure is to unset it', () => {
    const path = join(put('libmine.so', whole.subarray(0, 100_000)), 'libmine.so');
    expect(said({ NATGRAD_BLAS: path })).toEqual({
      engine: 'wasm',
      found: expect.stringContaining(`NATGRAD_BLAS: ${path} is cut short`) as unknown,
      expected: expect.stringMatching(/^NATGRAD_BLAS unset/) as unknown,
    });
  });

  test('for another machine, the reason says so', () => {
    const foreign = Uint8Array.from(whole);
    // The machine of the header: one that nobody has.
    foreign.set([0x0f, 0x27], 18);
    const path = join(put('libforeign.so', foreign), 'libforeign.so');
    expect(said({ NATGRAD_BLAS: path }).found).toContain(
      `is for machine 9999 of 64 bits, this process is ${process.arch}`,
    );
  });
});
