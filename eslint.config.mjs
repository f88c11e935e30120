/**
 * Types by typescript-eslint's strictest set; immutability by eslint-plugin-functional. Everything is written without
 * mutation but for the places that this file names, each with its reason.
 */

import { defineConfig } from 'eslint/config';
import functional from 'eslint-plugin-functional';
import tseslint from 'typescript-eslint';

/** Where loops and assignments build a fresh value which no one else has seen yet. Arguments are not touched there. */
const buildersOfFreshValues = [
  ['packages/tensor/src/*.ts', 'operations fill the one fresh buffer of their result'],
  ['packages/autodiff/src/{ir,optimise,transforms}/**', 'passes over a graph fill tables that end with the pass'],
  [
    'packages/autodiff/src/primitives/{_loops,_scan-reverse,scan,while}.ts',
    'structured primitives run loops of graphs',
  ],
  ['packages/autodiff/src/api/jit.ts', 'the cache of compiled functions fills as they are called'],
  ['packages/autodiff/src/backends/**', 'engines fill the slots of one run'],
  ['packages/envs/src/**', 'a step writes the next state, drawn pictures and observations into fresh buffers'],
  ['apps/*/src/{main,program}.ts', 'a command line sets the exit code'],
  ['apps/*/src/{commands,output,thread}/**', 'commands are effects in order'],
  ['apps/*/src/page/traces.ts', 'running sums'],
  ['apps/playground/src/{main.ts,view/**}', 'a page is effects in order, on what it shows'],
  ['apps/playground/src/core/layout.ts', 'a layout moves its places until it ends'],
  [
    'packages/rl-trpo/src/{adam,advantages,batch,conjugate-gradient,episodes,line-search,minibatches,policy-fit,running-statistics,step-size,trial,value-fit,vector}.ts',
    'recursions in the form of their papers, over local values and fresh buffers; what composes them has none',
  ],
  [
    'packages/rl-trpo/src/policy/{bernoulli,categorical,compiled-inference,diagonal-gaussian,full-gaussian,gru,head,initialise,mlp,multi-categorical,packed-categorical,squashed-gaussian}.ts',
    'weights are drawn, and rows computed, in loops',
  ],
  ['packages/rl-trpo/src/preconditioners/_structure.ts', 'walks over a graph fill tables that end with the walk'],
  ['packages/rl-trpo/src/explain.ts', 'an engine that computes nothing notes what it is asked to compile'],
  ['packages/rl-trpo/src/engine.ts', 'an engine of each kind is made once, when it is first asked for'],
  ['packages/*/src/laws/**', 'generators and checks of laws are loops over samples'],
];

/** Where a function may also write to what it was handed: the caller has just made it for this purpose. */
const writersOfBuffers = [
  ['packages/*/src/kernels/**', 'loops over typed arrays are what a kernel is'],
  ['packages/*/src/random/**', 'generators write blocks of bits into the buffer of a draw'],
  ['packages/*/src/codec/**', 'readers and writers of bytes move a position through a buffer'],
  [
    'packages/*/src/trace/**',
    "a builder's list of nodes is the one mutable cell of tracing, sealed when the trace ends",
  ],
  ['packages/*/src/builders/**', 'builders own what they build until they hand it out'],
  ['packages/*/src/**/wasm/**', 'the encoder appends bytes; instances own their linear memory'],
  ['packages/*/src/shell/**', 'effects live in the shell'],
  ['apps/playground/src/{core/trainer.ts,view/form.ts}', 'a session goes from state to state; a form fills its fields'],
];

const patterns = (places) => places.map(([pattern]) => pattern);

export default defineConfig(
  { ignores: ['**/dist/', 'docs/api/', 'reports/', '.stryker-tmp/', 'test/docs/.examples/', '**/*.mjs'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: {
        // The two configurations at the root belong to no package.
        projectService: { allowDefaultProject: ['*.ts'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // An index that a loop has checked: `x[i]!` and `x[i] as number` are idioms of noUncheckedIndexedAccess.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // Public functions guard against callers without types.
      '@typescript-eslint/no-unnecessary-condition': 'off',
    },
  },
  {
    files: ['packages/*/src/**/*.ts', 'apps/*/src/**/*.ts'],
    plugins: { functional },
    rules: {
      eqeqeq: 'error',
      'no-console': 'error',
      // By convention a parameter `out` is the fresh buffer to fill.
      'no-param-reassign': ['error', { props: true, ignorePropertyModificationsFor: ['out'] }],
      'no-restricted-syntax': [
        'error',
        { selector: 'Program > VariableDeclaration[kind="let"]', message: 'A module holds no state.' },
      ],
      'functional/no-let': 'error',
      'functional/no-loop-statements': 'error',
      'functional/immutable-data': 'error',
    },
  },
  {
    files: [...patterns(buildersOfFreshValues), ...patterns(writersOfBuffers)],
    rules: { 'functional/no-let': 'off', 'functional/no-loop-statements': 'off', 'functional/immutable-data': 'off' },
  },
  {
    files: patterns(writersOfBuffers),
    rules: { 'no-param-reassign': 'off', 'no-restricted-syntax': 'off' },
  },
  {
    files: ['**/shell/**/*.ts', 'apps/*/src/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    // A platform that computes far slower than it could says so, once.
    files: ['packages/autodiff/src/backends/default.ts'],
    rules: { 'no-console': ['error', { allow: ['warn'] }] },
  },
);
