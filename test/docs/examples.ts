/**
 * Examples in documentation as programs: found, completed with the imports that a reader takes for granted, type-checked
 * and compiled.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const root: string = fileURLToPath(new URL('../..', import.meta.url));

export interface Example {
  /** `file:line` of the fence. */
  readonly place: string;
  /** Packages whose exports the example may use without importing them; the first that has a name wins. */
  readonly implied: readonly string[];
  readonly code: string;
}

/** A line `console.log(…); // expected`. */
interface Expectation {
  readonly line: number;
  readonly expected: string;
}

export interface Program {
  readonly example: Example;
  readonly expectations: readonly Expectation[];
  /** Compiler errors, placed in the documentation. */
  readonly errors: readonly string[];
  readonly javascript: string;
}

const packagesWithSources = (): readonly string[] =>
  readdirSync(join(root, 'packages')).filter((name) => existsSync(entry(name)));

const entry = (name: string): string => join(root, 'packages', name, 'src/index.ts');

const filesBelow = (folder: string, ending: string): readonly string[] =>
  existsSync(join(root, folder))
    ? readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith(ending) && !file.includes('node_modules'))
        .map((file) => join(root, folder, file))
        .sort()
    : [];

const lineOf = (text: string, index: number): number => text.slice(0, index).split('\n').length;

/** Blocks fenced as exactly `ts`; another word after it (`ts nocheck`) exempts a fragment. */
const fences = (text: string): readonly { readonly index: number; readonly code: string }[] =>
  [...text.matchAll(/^([ \t]*)```ts\n([\s\S]*?)^[ \t]*```/gm)].map((match) => ({
    index: match.index,
    code: match[2] ?? '',
  }));

const examplesIn = (file: string, implied: readonly string[]): readonly Example[] => {
  const text = readFileSync(file, 'utf8');
  const place = (index: number): string => `${relative(root, file)}:${lineOf(text, index)}`;
  if (!file.endsWith('.ts')) return fences(text).map(({ index, code }) => ({ place: place(index), implied, code }));
  return [...text.matchAll(/\/\*\*[\s\S]*?\*\//g)].flatMap((comment) => {
    // The margin of a comment becomes blanks of the same length, so that indexes stay what they are.
    const plain = comment[0].replace(/^[ \t]*\*(?!\/)/gm, (margin) => ' '.repeat(margin.length));
    const from = plain.indexOf('@example');
    return fences(plain)
      .filter(({ index }) => from >= 0 && index > from)
      .map(({ index, code }) => ({ place: place(comment.index + index), implied, code }));
  });
};

/** The blocks of a page as one module, each at its line: what an earlier block declares, the later ones use. */
const pageOf = (file: string, implied: readonly string[]): readonly Example[] => {
  const text = readFileSync(file, 'utf8');
  const blocks = fences(text);
  // A fence begins with a line of its own; everything that is no code becomes empty lines.
  const lines = text.split('\n').map(() => '');
  for (const { index, code } of blocks)
    lines.splice(lineOf(text, index), code.split('\n').length - 1, ...code.split('\n').slice(0, -1));
  return blocks.length === 0 ? [] : [{ place: relative(root, file), implied, code: lines.join('\n') }];
};

/**
 * Every example of the repository. An example of a package may use that package and those below it; a page of `docs` is one
 * example.
 */
export const findExamples = (): readonly Example[] => {
  const known = packagesWithSources();
  const below = (name: string): readonly string[] =>
    name === 'tensor' || name === 'envs' ? [name, 'tensor'] : [name, 'autodiff', 'tensor'];
  const implied = (names: readonly string[]): readonly string[] => [
    ...new Set(names.filter((name) => known.includes(name))),
  ];
  return [
    ...known.flatMap((name) => [
      ...filesBelow(`packages/${name}/src`, '.ts').flatMap((file) => examplesIn(file, implied(below(name)))),
      ...[join(root, 'packages', name, 'README.md')]
        .filter(existsSync)
        .flatMap((file) => examplesIn(file, implied(below(name)))),
    ]),
    ...[join(root, 'README.md')]
      .filter((file) => existsSync(file))
      .flatMap((file) => examplesIn(file, implied(['rl-trpo', 'autodiff', 'tensor']))),
    ...filesBelow('docs', '.md')
      .filter((file) => !relative(root, file).startsWith(join('docs', 'api')))
      .flatMap((file) => pageOf(file, implied(['rl-trpo', 'autodiff', 'tensor']))),
  ];
};

const options = (): ts.CompilerOptions => {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.base.json'), (path) => ts.sys.readFile(path)) as {
    config: unknown;
  };
  const base = ts.parseJsonConfigFileContent(config, ts.sys, root).options;
  return {
    ...base,
    ...{ composite: false, incremental: false, declaration: false, declarationMap: false, sourceMap: false },
    // The imports that are put in front of an example name more than it uses, types among them.
    ...{ noUnusedLocals: false, isolatedDeclarations: false, isolatedModules: false, verbatimModuleSyntax: false },
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
    paths: {
      '@natgrad/*/laws': [join(root, 'packages/*/src/laws/index.ts')],
      '@natgrad/rl-trpo/theory': [join(root, 'packages/rl-trpo/src/theory/index.ts')],
      '@natgrad/*/internal': [join(root, 'packages/*/src/internal.ts')],
      '@natgrad/*': [join(root, 'packages/*/src/index.ts')],
    },
  };
};

const logged = /^(\s*)console\.log\((.*)\);\s*\/\/ (.*)$/;

/** What an example file starts with: `console.log` of an annotated line becomes `expectLog` of its number. */
const prelude = 'declare const expectLog: (line: number, ...data: unknown[]) => void;';

/** An example as the text of a module, with the count of lines that stand before it. */
const asModule = (
  example: Example,
  exportsOf: (name: string) => readonly string[],
): { readonly text: string; readonly expectations: readonly Expectation[]; readonly offset: number } => {
  const source = ts.createSourceFile('example.ts', example.code, ts.ScriptTarget.Latest, true);
  const imports = source.statements.filter((statement) => ts.isImportDeclaration(statement));
  const imported = new Set(
    imports.flatMap(({ importClause }) => {
      const bindings = importClause?.namedBindings;
      return bindings !== undefined && ts.isNamedImports(bindings)
        ? bindings.elements.map(({ name }) => name.text)
        : [];
    }),
  );
  const lines = example.code.split('\n');
  const expectations = lines.flatMap((line, i) => {
    const expected = logged.exec(line)?.[3];
    return expected === undefined ? [] : [{ line: i, expected: expected.trim() }];
  });
  // Broken over several lines it would print whatever it likes.
  const unchecked = lines.findIndex((line) => /^\s*\); \/\/ /.test(line));
  if (unchecked >= 0)
    throw new Error(`${example.place}, line ${unchecked + 1}: console.log and what it prints belong on one line`);
  // Imports go before the block in which the example stands: there it may declare names that a package exports too.
  const inImport = (i: number): boolean =>
    imports.some((each) => {
      const [from, to] = [each.getStart(), each.end].map((at) => source.getLineAndCharacterOfPosition(at).line);
      return i >= (from as number) && i <= (to as number);
    });
  const body = lines.map((line, i) => (inImport(i) ? '' : line.replace(logged, `$1expectLog(${i}, $2);`)));
  const taken = new Set(imported);
  const implied = example.implied.map((name) => {
    const names = exportsOf(name).filter((each) => !taken.has(each));
    for (const each of names) taken.add(each);
    return `import { ${names.join(', ')} } from '@natgrad/${name}';`;
  });
  const before = [prelude, ...implied, ...lines.filter((_, i) => inImport(i)), '{'];
  return { text: [...before, ...body, '}', 'export {};'].join('\n'), expectations, offset: before.length };
};

/** Type-checks and compiles all examples in one program; `folder` is where they would stand, and stays untouched. */
export const compileExamples = (examples: readonly Example[], folder: string): readonly Program[] => {
  const settings = options();
  const host = ts.createCompilerHost(settings, true);
  const parsed = new Map<string, ts.SourceFile | undefined>();
  const virtual = new Map<string, string>();
  const cached: ts.CompilerHost = {
    ...host,
    fileExists: (file) => virtual.has(file) || host.fileExists(file),
    readFile: (file) => virtual.get(file) ?? host.readFile(file),
    getSourceFile: (file, languageVersion) => {
      const text = virtual.get(file);
      if (!parsed.has(file))
        parsed.set(
          file,
          text === undefined
            ? host.getSourceFile(file, languageVersion)
            : ts.createSourceFile(file, text, languageVersion, true),
        );
      return parsed.get(file);
    },
  };

  const known = packagesWithSources();
  const library = ts.createProgram(known.map(entry), settings, cached);
  const checker = library.getTypeChecker();
  const exported = new Map(
    known.map((name) => {
      const file = library.getSourceFile(entry(name));
      const symbol = file === undefined ? undefined : checker.getSymbolAtLocation(file);
      return [name, symbol === undefined ? [] : checker.getExportsOfModule(symbol).map((each) => each.name)] as const;
    }),
  );

  const modules = examples.map((example, i) => {
    const module = asModule(example, (name) => exported.get(name) ?? []);
    const file = join(folder, `${i}.ts`);
    virtual.set(file, module.text);
    return { example, file, ...module };
  });
  const program = ts.createProgram(
    modules.map(({ file }) => file),
    settings,
    cached,
    library,
  );
  return modules.map(({ example, file, expectations, offset }) => {
    const source = program.getSourceFile(file);
    if (source === undefined) throw new Error(`${example.place}: not part of the program`);
    const errors = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      ({ messageText, start = 0 }) => {
        const line = source.getLineAndCharacterOfPosition(start).line - offset + 1;
        return `line ${line} of the example: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
      },
    );
    let javascript = '';
    program.emit(source, (_, text) => {
      javascript = text;
    });
    return { example, expectations, errors, javascript };
  });
};
