/** What a host can do is found out without ever throwing. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { wasmEngine } from '../../packages/autodiff/src/backends/wasm/engine.js';
import { createLinear, isShared } from '../../packages/autodiff/src/backends/wasm/linear.js';
import { detect } from '../../packages/autodiff/src/backends/wasm/platform.js';

describe('platform', () => {
  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
  });

  test('vectors are there, and the answer does not change', () => {
    const platform = detect();
    expect(platform.simd).toBe(true);
    expect(detect()).toEqual(platform);
  });

  test('a host that refuses is a host without', () => {
    vi.spyOn(WebAssembly, 'validate').mockImplementation(() => {
      throw new Error('refused by policy');
    });
    const { missing, ...rest } = detect();
    expect(rest).toEqual({ simd: false, relaxed: false });
    expect(missing?.found).toBe('no WebAssembly with vector instructions (SIMD128)');
  });

  test('a host without WebAssembly, and one whose policy lets no module be compiled, are told apart', () => {
    vi.stubGlobal('WebAssembly', undefined);
    expect(detect().missing?.found).toBe('no WebAssembly');
    vi.unstubAllGlobals();
    vi.spyOn(WebAssembly, 'Module').mockImplementation(function refuse() {
      throw new WebAssembly.CompileError('refused by policy');
    });
    const { simd, missing } = detect();
    expect([simd, missing?.found]).toEqual([false, 'WebAssembly that may not be compiled (refused by policy)']);
    expect(missing?.expected).toContain("script-src 'wasm-unsafe-eval'");
  });

  test('where nothing can be compiled, programs are interpreted, and why is said once', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    vi.stubGlobal('WebAssembly', undefined);
    vi.resetModules();
    const { defaultEngine } = await import('../../packages/autodiff/src/backends/default.js');
    expect([defaultEngine().name, defaultEngine().name]).toEqual(['interpreter', 'interpreter']);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]?.[0]).toMatch(/interpreted.*Found no WebAssembly; expected Node\.js 20 or a browser/);
  });

  /** A host with so many pages for a memory, and with none for shared ones. */
  const limited = (pages: number): void => {
    vi.restoreAllMocks();
    const { Memory } = WebAssembly;
    vi.spyOn(WebAssembly, 'Memory').mockImplementation(function refuse(descriptor) {
      if (descriptor.shared === true || (descriptor.maximum ?? 65_536) > pages)
        throw new RangeError('WebAssembly.Memory(): could not allocate memory');
      return new Memory(descriptor);
    });
  };

  test('a host that gives no memory is one without a compiled engine, and says what would make it give some', async () => {
    limited(0);
    const { simd, missing } = detect();
    expect([simd, missing]).toEqual([
      false,
      {
        found: 'no memory for WebAssembly (WebAssembly.Memory(): could not allocate memory)',
        expected: expect.stringContaining('ulimit -v') as unknown,
      },
    ]);
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    vi.resetModules();
    const { defaultEngine } = await import('../../packages/autodiff/src/backends/default.js');
    expect(defaultEngine().name).toBe('interpreter');
    expect(warn.mock.calls[0]?.[0]).toContain('could not allocate memory');
  });

  test('asked for by name, an engine without memory is a typed error with the cure', () => {
    limited(0);
    expect(() => wasmEngine().statistics()).toThrow(
      expect.objectContaining({ code: 'Unsupported', expected: expect.stringContaining('ulimit -v') as unknown }),
    );
    expect(() => createLinear(2 ** 20, 2 ** 32, true)).toThrow(
      expect.objectContaining({ code: 'OutOfMemory', expected: expect.stringContaining('ulimit -v') as unknown }),
    );
  });

  test('a host that gives less is asked for less, down to what an engine begins with', () => {
    limited(5000);
    const linear = createLinear(2 ** 20, 2 ** 32 - 2 ** 16, true);
    expect(isShared(linear.memory)).toBe(false);
    expect(linear.maximumBytes).toBe(4095 * 65_536);
    expect(linear.allocate(2 ** 27)).not.toBeNull();
    limited(20);
    expect(createLinear(2 ** 20, 2 ** 32 - 2 ** 16).maximumBytes).toBeGreaterThanOrEqual(16 * 65_536);
    limited(16);
    expect(createLinear(2 ** 20, 2 ** 32 - 2 ** 16).maximumBytes).toBe(16 * 65_536);
  });

  const oldNode = (): void => void vi.spyOn(WebAssembly, 'validate').mockReturnValueOnce(true).mockReturnValue(false);

  test('Node is asked for relaxed vectors when it has none', () => {
    const setFlagsFromString = vi.fn();
    vi.stubGlobal('process', { getBuiltinModule: () => ({ setFlagsFromString }) });
    oldNode();
    expect(detect()).toEqual({ simd: true, relaxed: false, missing: null });
    expect(setFlagsFromString.mock.calls).toEqual([['--experimental-wasm-relaxed-simd']]);
  });

  test.each([
    ['no process', undefined],
    ['no modules', {}],
    [
      'modules that throw',
      {
        getBuiltinModule: () => {
          throw new Error('denied');
        },
      },
    ],
    ['no such module', { getBuiltinModule: () => undefined }],
  ])('a host without flags: %s', (_, process) => {
    vi.stubGlobal('process', process);
    oldNode();
    expect(detect()).toEqual({ simd: true, relaxed: false, missing: null });
  });
});
