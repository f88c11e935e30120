import { defineConfig, mergeConfig } from 'vitest/config';
import base from './vitest.config.js';

/** The tests that mutants must fail: those of autodiff and the laws, without what packs, compiles or measures. */
export default mergeConfig(
  base,
  defineConfig({
    test: {
      setupFiles: ['test/mutate.setup.ts'],
      // NATGRAD_MUTATE_TESTS names the tests of a sample: those that a mutant of its files can fail.
      include: process.env['NATGRAD_MUTATE_TESTS']?.split(',') ?? ['test/{autodiff,laws}/**/*.test.ts'],
      exclude: ['**/*.types.test.ts', '**/*.speed.test.ts'],
      // What compares the text of the sources with what they export fails on any instrumented file.
      testNamePattern: '^(?!discovery)',
    },
  }),
);
