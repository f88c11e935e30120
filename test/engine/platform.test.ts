/** What a host can do is found out without ever throwing. */
import { afterEach, describe, expect, test, vi } from 'vitest';
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
