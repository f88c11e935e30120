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
    expect(detect()).toEqual({ simd: false, relaxed: false });
  });

  const oldNode = (): void => void vi.spyOn(WebAssembly, 'validate').mockReturnValueOnce(true).mockReturnValue(false);

  test('Node is asked for relaxed vectors when it has none', () => {
    const setFlagsFromString = vi.fn();
    vi.stubGlobal('process', { getBuiltinModule: () => ({ setFlagsFromString }) });
    oldNode();
    expect(detect()).toEqual({ simd: true, relaxed: false });
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
    expect(detect()).toEqual({ simd: true, relaxed: false });
  });
});
