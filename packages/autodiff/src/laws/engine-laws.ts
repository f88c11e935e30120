/** The laws of an engine: whatever the program, it computes what the interpreter computes. */
import { fromTypedArray, isFloat, type Tensor } from '@natgrad/tensor';
import { elements } from '@natgrad/tensor/internal';
import type fc from 'fast-check';
import { linearize } from '../api/forward.js';
import { jit } from '../api/jit.js';
import { jitGaussNewton, jitLinearize } from '../api/jit-linearize.js';
import { grad } from '../api/reverse.js';
import { vmap } from '../api/vmap.js';
import type { Engine } from '../backends/engine.js';
import { interpreter } from '../backends/interpreter.js';
import { avalOf } from '../ir/aval.js';
import type { Graph } from '../ir/graph.js';
import type { Primitive } from '../ir/primitive.js';
import { add } from '../primitives/add.js';
import { divide } from '../primitives/divide.js';
import { multiply } from '../primitives/multiply.js';
import { square } from '../primitives/square.js';
import { bind } from '../trace/bind.js';
import { traceFlat } from '../trace/trace.js';
import { castFloats } from './draw.js';
import { type Law, lawOf } from './law.js';
import { directions, ROUNDING, requireClose, requireSame, scaleOf, snapshot, type Tensors } from './numeric.js';
import { graphsOf } from './pass-laws.js';
import { arbitraryProgram, type ProgramCase } from './programs/arbitrary.js';
import type { ProgramOptions } from './programs/scope.js';
import { casesOf, lossOf, ofFloats } from './subject.js';

/**
 * For f32 on an engine against f32 on the interpreter, relative to the largest of arguments and results. A rounding is
 * 2⁻²⁴ ≈ 6e−8; the interpreter rounds a sum once and an engine at every addition, and an operation of a domain amplifies an
 * error by at most 20 (see the same bound in `primitive-laws`).
 */
const SINGLE = 1e-4;

const named =
  (engine: Engine) =>
  (what: string): string =>
    `${engine.name}: ${what}`;

const on = (engine: Engine, graph: Graph, args: Tensors): Tensors => engine.compile(graph).run(args);

const preparedLaw = (
  engine: Engine,
  prepare: NonNullable<Engine['prepare']>,
  cases: fc.Arbitrary<ProgramCase>,
  options: ProgramOptions,
): Law =>
  lawOf(named(engine)('a prepared program is the program, whatever is given beforehand'), cases, (sample) => {
    for (const { what, graph, args } of graphsOf(sample, options.while !== true)) {
      const program = prepare(graph);
      const others = args.map((arg) => (isFloat(arg.dtype) ? multiply(arg, 0.5) : arg));
      const splits = [0, 1].map((parity) => {
        const isOpen = (k: number): boolean => (sample.seed + k) % 2 === parity;
        const givenOf = (from: Tensors): readonly (Tensor | null)[] => from.map((arg, k) => (isOpen(k) ? null : arg));
        const rest = args.filter((_, k) => isOpen(k)).map((arg) => elements(arg));
        return { call: program(givenOf(args)), other: program(givenOf(others)), rest };
      });
      const expected = snapshot(on(engine, graph, args));
      for (const { call, other, rest } of [...splits, ...splits]) {
        const found = call(rest);
        requireSame(
          `${what}, prepared`,
          found.map((data, k) => fromTypedArray(data, (expected[k] as Tensor).shape)),
          expected,
        );
        other(rest);
      }
    }
  });

const reverseLaws = (engine: Engine, cases: fc.Arbitrary<ProgramCase>): readonly Law[] => {
  const name = named(engine);
  return [
    lawOf(name('jitLinearize is linearize'), cases, (sample) => {
      const { g, x } = ofFloats(sample);
      if (x.length === 0) return;
      const [compiled, plain] = [jitLinearize(g, { engine })(x), linearize(g, x)];
      const [v, u] = [directions(sample.seed, 'v', x), directions(sample.seed, 'u', plain.value)];
      const scale = scaleOf(sample.args, plain.value, plain.apply(v), plain.transpose(u));
      requireClose('value', compiled.value, plain.value, ROUNDING, scale);
      requireClose('apply', compiled.apply(v), plain.apply(v), ROUNDING, scale);
      requireClose('transpose', compiled.transpose(u), plain.transpose(u), ROUNDING, scale);
    }),
    lawOf(name('jitGaussNewton is JᵀMJ of linearize'), cases, (sample) => {
      const { g, x } = ofFloats(sample);
      if (x.length === 0) return;
      // Linear in u, another one for each value; a value that is off by a part of itself moves it by no more than that part.
      const metric = (value: Tensors, u: Tensors): Tensors =>
        u.map((each, k) => divide(each, add(square(value[k] as Tensor), 1)));
      const [compiled, plain] = [jitGaussNewton(g, metric, { engine })(x), linearize(g, x)];
      const v = directions(sample.seed, 'v', x);
      const along = plain.apply(v);
      const expected = plain.transpose(metric(plain.value, along));
      const scale = scaleOf(sample.args, plain.value, along, expected);
      requireClose('product', compiled.product(v), expected, ROUNDING, scale);
    }),
    lawOf(name('grad of jit is grad, and so is jit of grad'), cases, (sample) => {
      const { g, x } = ofFloats(sample);
      if (x.length === 0) return;
      const loss = lossOf(sample, g);
      const expected = grad(loss)(x);
      const scale = scaleOf(expected, sample.args, g(x));
      requireClose('grad of jit', grad(jit(loss, { engine }))(x), expected, ROUNDING, scale);
      requireClose('jit of grad', jit((at: Tensors) => grad(loss)(at), { engine })(x), expected, ROUNDING, scale);
    }),
  ];
};

/**
 * The laws of an engine on random programs, their derivatives and batches: results are the interpreter's within rounding, the
 * same to the bit when they are computed again, after other programs too, and arguments are left alone; functions compiled
 * for the engine may be batched, differentiated and called inside each other.
 *
 * @example
 * ```ts
 * import { checkLaw, engineLaws } from '@natgrad/autodiff/laws';
 *
 * for (const law of engineLaws(defaultEngine())) checkLaw(law, { numRuns: 1 });
 * ```
 */
export const engineLaws = (engine: Engine, options: ProgramOptions = {}): readonly Law[] => {
  const cases = arbitraryProgram(options);
  const name = named(engine);
  return [
    lawOf(name('programs and their derivatives mean what the interpreter says'), cases, (sample) => {
      for (const { what, graph, args } of graphsOf(sample, options.while !== true))
        requireClose(what, on(engine, graph, args), on(interpreter, graph, args), ROUNDING);
    }),
    lawOf(name('programs do not disturb each other or their arguments'), cases, (sample) => {
      const graphs = graphsOf(sample, options.while !== true).map((each) => ({
        ...each,
        program: engine.compile(each.graph),
      }));
      const before = graphs.map(({ args }) => snapshot(args));
      const first = graphs.map(({ program, args }) => program.run(args));
      const kept = first.map((results) => snapshot(results));
      const second = [...graphs].reverse().map(({ program, args }) => program.run(args));
      graphs.forEach(({ what, args }, k) => {
        requireSame(`${what}, an argument`, args, before[k] as Tensors);
        requireSame(`${what}, the result after other programs`, first[k] as Tensors, kept[k] as Tensors);
        requireSame(`${what}, computed again`, second[graphs.length - 1 - k] as Tensors, kept[k] as Tensors);
      });
    }),
    ...(engine.prepare === undefined ? [] : [preparedLaw(engine, engine.prepare.bind(engine), cases, options)]),
    lawOf(name('jit inside jit is jit'), cases, ({ f, args }) => {
      const inner = jit((...xs: Tensors) => f(...xs), { engine });
      const outer = jit((...xs: Tensors) => inner(...xs), { engine });
      requireClose('jit of jit', outer(...args), f(...args), ROUNDING);
    }),
    lawOf(name('vmap of jit is vmap'), cases, ({ f, args, batches }) => {
      if (args.length === 0) return;
      const compiled = jit((...xs: Tensors) => f(...xs), { engine });
      requireClose('vmap of jit', vmap(compiled)(...batches), vmap((...xs: Tensors) => f(...xs))(...batches), ROUNDING);
    }),
    // What repeats until a test fails has no reverse mode.
    ...(options.while === true ? [] : reverseLaws(engine, cases)),
  ];
};

/**
 * The law of two engines that must not differ in a bit, such as one with and one without threads: on random programs, their
 * derivatives and batches, computed twice.
 *
 * @example
 * ```ts
 * import { checkLaw, sameBitsLaws } from '@natgrad/autodiff/laws';
 *
 * const [one, two] = [wasmEngine({ threads: 1 }), wasmEngine({ threads: 2 })];
 * for (const law of sameBitsLaws(one, two)) checkLaw(law, { numRuns: 1 });
 * ```
 */
export const sameBitsLaws = (engine: Engine, other: Engine, options: ProgramOptions = {}): readonly Law[] => [
  lawOf(`${other.name}: the bits of ${engine.name}`, arbitraryProgram(options), (sample) => {
    for (const { what, graph, args } of graphsOf(sample, options.while !== true)) {
      const [expected, found] = [on(engine, graph, args), on(other, graph, args)];
      requireSame(what, found, expected);
      requireSame(`${what}, computed again`, on(other, graph, args), expected);
      requireSame(`${what}, computed again by ${engine.name}`, on(engine, graph, args), expected);
    }
  }),
];

/**
 * The laws of an engine on one primitive, at arguments from its domain: f64 and f32 as on the interpreter, whole batches too.
 */
export const primitiveEngineLaws = <P>(engine: Engine, primitive: Primitive<P>): readonly Law[] => {
  const cases = casesOf(
    primitive.domain,
    (params) =>
      (...args) =>
        bind(primitive, args, params),
    () => primitive.name,
  );
  const compare = (
    what: string,
    args: Tensors,
    f: (...args: readonly Tensor[]) => readonly Tensor[],
    tolerance: number,
  ): void => {
    const { graph } = traceFlat(primitive.name, args.map(avalOf), (...xs) => f(...xs));
    const [actual, expected] = [on(engine, graph, args), on(interpreter, graph, args)];
    requireClose(what, actual, expected, tolerance, scaleOf(args, expected));
  };
  const holdsGraphs = primitive.lower.kind === 'structured';
  return [
    lawOf(`${engine.name}: ${primitive.name} in f64`, cases, ({ f, args }) => {
      compare('f64', args, f, ROUNDING);
    }),
    lawOf(`${engine.name}: ${primitive.name} in f32`, cases, ({ f, args }) => {
      // Graphs inside parameters have dtypes of their own.
      if (!holdsGraphs) compare('f32', castFloats(args, 'f32'), f, SINGLE);
    }),
    lawOf(`${engine.name}: ${primitive.name} of a batch`, cases, ({ f, batches }) => {
      compare('a batch', batches, (...xs) => vmap((...one: Tensors) => f(...one))(...xs), ROUNDING);
    }),
  ];
};
