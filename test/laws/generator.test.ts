/** The generator of programs: what it covers, that its values stay bounded, that counterexamples are small and readable. */
import {
  arbitraryProgram,
  type Program,
  type ProgramCase,
  printProgram,
  randomProgramLaws,
} from '@natgrad/autodiff/laws';
import { absolute, item, max, describe as typeOf } from '@natgrad/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const operationsIn = ({ statements }: Program): readonly string[] =>
  statements.flatMap(({ operation, bodies }) => [operation, ...bodies.flatMap(operationsIn)]);
const programs = fc.sample(arbitraryProgram({ while: true }), { numRuns: 600, seed: 1 });

describe('random programs', () => {
  test('use every operation, and functions in functions', () => {
    const seen = new Set(programs.flatMap(({ program }) => operationsIn(program)));
    for (const name of [
      'add',
      'multiply',
      'sum',
      'logsumexp',
      'matmul',
      'gather',
      'scatterAdd',
      'slice',
      'embed',
      'selectGreater',
      'sort',
    ])
      expect(seen).toContain(name);
    for (const name of [
      'scan',
      'cond',
      'while',
      'jit',
      'checkpoint',
      'vmap',
      'grad',
      'jvp',
      'vjpOfValue',
      'linearizeApply',
      'customSin',
    ])
      expect(seen).toContain(name);
    expect(seen.size).toBeGreaterThan(50);
    const deep = ({ statements }: Program): number =>
      Math.max(0, ...statements.flatMap(({ bodies }) => bodies.map((body) => 1 + deep(body))));
    expect(programs.filter(({ program }) => deep(program) >= 2).length).toBeGreaterThan(60);
  });

  test('have bodies that capture outer variables', () => {
    const uses = ({ statements, outputs }: Program): readonly number[] => [
      ...outputs,
      ...statements.flatMap(({ args, bodies }) => [...args, ...bodies.flatMap(uses)]),
    ];
    const defines = ({ inputs, statements }: Program): readonly number[] => [
      ...inputs.map(({ id }) => id),
      ...statements.flatMap(({ defines: { id }, bodies }) => [id, ...bodies.flatMap(defines)]),
    ];
    const captures = programs.filter(({ program }) =>
      program.statements.some(({ bodies }) =>
        bodies.some((body) => uses(body).some((id) => !defines(body).includes(id))),
      ),
    );
    expect(captures.length).toBeGreaterThan(150);
  });

  test('are well typed: every result has the shape that the program says', () => {
    for (const { program, f, args } of programs) {
      const shapes = new Map(
        [...program.inputs, ...program.statements.map(({ defines }) => defines)].map(({ id, shape }) => [id, shape]),
      );
      expect(f(...args).map(typeOf)).toEqual(
        program.outputs.map((id) => typeOf({ dtype: 'f64', shape: shapes.get(id) ?? [] })),
      );
    }
  });

  test('stay bounded: nothing beyond e⁴, the largest that an operation makes of what is at most 4', () => {
    const largest = Math.max(...programs.flatMap(({ f, args }) => f(...args).map((x) => item(max(absolute(x))))));
    expect(largest).toBeLessThanOrEqual(60);
  });
});

describe('counterexamples', () => {
  const shrunk = (
    refuse: (sample: ProgramCase) => boolean,
    seed: number,
  ): { readonly program: Program; readonly report: string } => {
    const details = fc.check(
      fc.property(arbitraryProgram(), (sample) => !refuse(sample)),
      { numRuns: 500, seed },
    );
    const [sample] = details.counterexample ?? [];
    if (sample === undefined) throw new Error('no counterexample');
    return { program: sample.program, report: fc.defaultReportMessage(details) ?? '' };
  };

  test.each([1, 2, 3])('shrink to what is needed (seed %i)', (seed) => {
    const { program, report } = shrunk((sample) => operationsIn(sample.program).includes('scan'), seed);
    expect(operationsIn(program).filter((name) => name !== 'constant')).toEqual(['scan']);
    expect(report).toContain(printProgram(program));
    expect(report).toMatch(
      /x\d+: f64\[[\d,]*\] = scan\(x\d+, x\d+, \[[01], [01]\], \(x\d+: f64\[[\d,]*\], x\d+: f64\[[\d,]*\]\) => \{\n {4}return x\d+, x\d+\n {2}\}\)/,
    );
  });

  test('are well typed at every step', () => {
    const sizes: number[] = [];
    const { program } = shrunk(({ program: tried, f, args }) => {
      // Throws for a program that is not well typed, which would be the counterexample instead.
      f(...args);
      const names = operationsIn(tried);
      const fails = names.includes('cond') && names.includes('matmul') && names.includes('vmap');
      if (fails) sizes.push(names.length);
      return fails;
    }, 4);
    const names = operationsIn(program).filter((name) => name !== 'constant');
    expect([...names].sort()).toEqual(['cond', 'matmul', 'vmap']);
    expect(sizes.length).toBeGreaterThan(2);
  });

  test('the same seed makes the same program', () => {
    const print = (): readonly string[] =>
      fc.sample(arbitraryProgram(), { numRuns: 20, seed: 9 }).map(({ program }) => printProgram(program));
    expect(print()).toEqual(print());
  });

  test('laws have names of their own', () => {
    const names = randomProgramLaws().map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});
