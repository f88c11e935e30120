import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import base from './vitest.config.js';

/**
 * The tests that mutants must fail: those of autodiff and the laws, without what packs, compiles or measures.
 * NATGRAD_MUTATE_TESTS names the tests of a sample: those that a mutant of its files can fail.
 */
const include = process.env['NATGRAD_MUTATE_TESTS']?.split(',') ?? ['test/{autodiff,laws,trpo}/**/*.test.ts'];

/** In the order in which a sample names them, the likeliest to fail first: nothing runs after the first failure. */
class InOrder extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => include.findIndex((path) => moduleId.endsWith(path));
    return Promise.resolve(files.toSorted((a, b) => place(a) - place(b)));
  }
}

export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include,
    setupFiles: ['test/mutate.setup.ts'],
    sequence: { sequencer: InOrder },
    // What compares the text of the sources with what they export, or measures, fails on instrumented files; nothing shrinks here.
    testNamePattern: '^(?!discovery|counterexamples|a counterexample|the pipeline takes)',
  },
});
