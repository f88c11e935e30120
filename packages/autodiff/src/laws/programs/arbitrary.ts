/** Random programs for fast-check. */
import { stack, type Tensor } from '@natgrad/tensor';
import fc from 'fast-check';
import { drawFrom } from '../draw.js';
import { directions } from '../numeric.js';
import { type Subject, subjectOf } from '../subject.js';
import { generateProgram } from './generate.js';
import type { ProgramOptions } from './scope.js';
import { prune, smaller } from './shrink.js';
import { type Program, printProgram, runProgram } from './syntax.js';

/** A program with arguments. */
export interface ProgramCase extends Subject {
  readonly program: Program;
}

/** Rows in the batch of each argument. */
const SIZE = 2;

/** An argument in [−1, 1]; no two elements are equal, which sort and max would take for a kink. */
const argument = (seed: number, row: number, k: number, shape: readonly number[]): Tensor =>
  directions(seed, `argument ${k} row ${row}`, [{ dtype: 'f64', shape }])[0] as Tensor;

const programCase = (program: Program, seed: number): ProgramCase => {
  const rows = program.inputs.map(({ shape }, k) =>
    Array.from({ length: SIZE }, (_, row) => argument(seed, row, k, shape)),
  );
  const subject = {
    program,
    f: runProgram(program),
    args: rows.map((row) => row[0] as Tensor),
    batches: rows.map((row) => stack(row)),
    size: SIZE,
    seed,
    mayBeRough: true,
  };
  return subjectOf(subject, () => `\n${printProgram(program)}\n`);
};

class ProgramArbitrary extends fc.Arbitrary<ProgramCase> {
  readonly #options: ProgramOptions;

  constructor(options: ProgramOptions) {
    super();
    this.#options = options;
  }

  generate(random: fc.Random): fc.Value<ProgramCase> {
    const draw = drawFrom((min, max) => random.nextInt(min, max));
    const program = prune(generateProgram(draw, this.#options));
    return new fc.Value(programCase(program, random.nextInt(0, 0xffff)), undefined);
  }

  canShrinkWithoutContext(_value: unknown): _value is ProgramCase {
    return false;
  }

  shrink({ program, seed }: ProgramCase): fc.Stream<fc.Value<ProgramCase>> {
    return fc.stream(candidates(program, seed));
  }
}

function* candidates(program: Program, seed: number): Generator<fc.Value<ProgramCase>> {
  for (const less of smaller(program)) yield new fc.Value(programCase(less, seed), undefined);
}

/**
 * Random well-typed programs: elementwise operations with broadcasting, reductions, matrix products, movements, indexing,
 * loops, branches, and transforms inside programs, their bodies closures over outer values. A failing one is printed as
 * pseudo-code, made as small as it goes.
 *
 * @example
 * ```ts
 * import { arbitraryProgram } from '@natgrad/autodiff/laws';
 * import fc from 'fast-check';
 *
 * fc.assert(fc.property(arbitraryProgram(), ({ f, args }) => f(...args).length > 0), { numRuns: 5 });
 * ```
 */
export const arbitraryProgram = (options: ProgramOptions = {}): fc.Arbitrary<ProgramCase> =>
  new ProgramArbitrary(options);
