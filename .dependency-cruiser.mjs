/**
 * The layers: tensor ← autodiff ← rl-trpo, tensor ← envs; the training shell knows the types of environments; the command
 * line sees all. Packages are met as sources (their own imports) or as build results (imports by package name).
 */
const package_ = (names) => `^packages/(${names})/`;

/** `from` may import no package of `names`. */
const closed = (from, names, comment) => ({
  name: `${from}-imports-no-${names.replaceAll('|', '-or-')}`,
  comment,
  severity: 'error',
  from: { path: package_(from) },
  to: { path: package_(names) },
});

export default {
  forbidden: [
    closed('tensor', 'autodiff|rl-trpo|envs', 'tensor is the lowest layer'),
    closed('autodiff', 'rl-trpo|envs', 'autodiff stands on tensor alone'),
    closed('envs', 'autodiff|rl-trpo', 'environments stand on tensor alone'),
    {
      name: 'only-the-shell-knows-environments',
      comment: 'trpoStep is a function of batches; environments are met in rl-trpo/src/shell only',
      severity: 'error',
      from: { path: package_('rl-trpo'), pathNot: '^packages/rl-trpo/(src|dist)/shell/' },
      to: { path: package_('envs') },
    },
    {
      name: 'the-shell-knows-types-of-environments',
      comment:
        'an environment is handed to the shell as a value; it imports types only. But a worker is handed data, and makes its own',
      severity: 'error',
      from: {
        path: '^packages/rl-trpo/(src|dist)/shell/',
        pathNot: '^packages/rl-trpo/(src|dist)/shell/workers/',
      },
      to: { path: package_('envs'), dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'applications-are-never-imported',
      severity: 'error',
      from: { path: '^(packages|test|bench)/' },
      to: { path: '^apps/' },
    },
    {
      name: 'packages-import-no-tests',
      severity: 'error',
      from: { path: '^(packages|apps)/' },
      to: { path: '^(test|bench|scripts)/' },
    },
    {
      name: 'no-sources-of-another-package',
      comment: 'another package is imported by its name, through its exports map; tests may look inside',
      severity: 'error',
      from: { path: '^((packages|apps)/[^/]+|bench)/' },
      to: { path: '^(packages|apps)/[^/]+/src/', pathNot: '^$1/' },
    },
    {
      name: 'pure-packages-use-no-platform',
      comment:
        'only folders of runs, threads of rollouts and in-node.ts are Node’s; what a page loads in their place (in-page.ts, anywhere.ts), and all the rest, runs anywhere',
      severity: 'error',
      from: {
        path: '^packages/',
        pathNot:
          '^packages/(rl-trpo/src/shell/(runs/|workers/(index|pool|worker)[.]ts)|autodiff/src/backends/builtin/in-node[.]ts)',
      },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'pages-load-no-threads-of-node',
      comment: 'a browser is given in-page.ts for #workers; nothing else may lead to the pool, nor to folders of runs',
      severity: 'error',
      from: {
        path: '^packages/',
        pathNot: '^packages/rl-trpo/src/shell/(runs/|workers/(index|pool|worker)[.]ts|train[.]ts)',
      },
      to: { path: '^packages/rl-trpo/(src|dist)/shell/(runs/|workers/(index|pool|worker)[.])' },
    },
    {
      name: 'modules-of-node-by-condition',
      comment: 'in-node.ts is what the manifest gives to Node for #builtin; nothing may lead to it by its path',
      severity: 'error',
      from: { path: '^packages/' },
      to: { path: '^packages/autodiff/(src|dist)/backends/builtin/in-node[.]' },
    },
    {
      name: 'test-tools-in-laws-only',
      comment: 'fast-check is an optional peer dependency: only the /laws subpath may need it',
      severity: 'error',
      from: { path: '^packages/', pathNot: '^packages/[^/]+/src/laws/' },
      to: { path: 'node_modules/(fast-check|vitest)/' },
    },
    {
      name: 'laws-are-a-leaf',
      comment: 'or else fast-check would reach those who do not have it',
      severity: 'error',
      from: { path: '^packages/([^/]+)/src/', pathNot: '^packages/[^/]+/src/laws/' },
      to: { path: '^packages/$1/src/laws/' },
    },
    {
      name: 'no-cycles',
      comment:
        'rules of primitives refer to each other (sin, cos) inside lambdas; elsewhere only types may be mutually recursive: a node has a primitive, whose evaluation may run graphs',
      severity: 'error',
      from: { pathNot: '^packages/autodiff/src/primitives/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'cycles-stay-inside-primitives',
      severity: 'error',
      from: { path: '^packages/autodiff/src/primitives/' },
      to: { circular: true, via: { pathNot: '^packages/autodiff/src/primitives/' } },
    },
    {
      name: 'every-import-resolves',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'dependencies-are-declared',
      comment: 'what a published package imports stands in its manifest, not in that of the workspace',
      severity: 'error',
      from: { path: '^(packages|apps)/[^/]+/src/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'], dependencyTypesNot: ['npm-peer'] },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '^packages/[^/]+/dist/'] },
    exclude: { path: ['^packages/[^/]+/node_modules/', '^test/docs/\\.examples/'] },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['types', 'import', 'default'] },
  },
};
