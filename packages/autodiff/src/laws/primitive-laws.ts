/** The laws of a primitive's record. */
import { cast, describe, isFloat, isNatgradError, type Tensor, zeros } from '@natgrad/tensor';
import fc from 'fast-check';
import { avalOf, type MaybeZero, type Value } from '../ir/aval.js';
import { isLinear, type Primitive, type TransposeArgument, transposeRule } from '../ir/primitive.js';
import { instantiate } from '../primitives/_zero.js';
import { bind } from '../trace/bind.js';
import { castFloats } from './draw.js';
import { derivativeLaws, type LawOptions, programLaws } from './function-laws.js';
import { type Law, lawOf, require } from './law.js';
import {
  combine,
  ROUNDING,
  requireClose,
  requireSame,
  requireSameInner,
  scaleOf,
  snapshot,
  type Tensors,
} from './numeric.js';
import { casesOf, floatPlaces, type PrimitiveCase, subsets, toward } from './subject.js';

/**
 * For f32 against f64 on arguments that f32 holds exactly, relative to the largest of values and arguments. A rounding is
 * 2⁻²⁴ ≈ 6e−8; an operation of a domain has at most some tens of them (sums of 64 elements, substitutions of 4 rows), and
 * amplifies each by at most 20 (the logarithm of a sum, solutions with a triangle of condition 20).
 */
const SINGLE = 1e-4;

const evaluated = <P>(primitive: Primitive<P>, args: Tensors, params: P): Tensors => primitive.evaluate(args, params);

/** The shape rule says what comes out, for f64 and for f32. */
const shapeRule = <P>(primitive: Primitive<P>, { args, params }: PrimitiveCase<P>, holdsGraphs: boolean): void => {
  for (const inputs of holdsGraphs ? [args] : [args, castFloats(args, 'f32')]) {
    const [said, found] = [primitive.shape(inputs.map(avalOf), params), evaluated(primitive, inputs, params)].map(
      (each) => each.map(describe).join(', '),
    ) as [string, string];
    require(said === found, () =>
      `the shape rule says ${said}, evaluate gives ${found} for ${inputs.map(describe).join(', ')}`);
  }
};

/** Evaluation changes no argument and gives the same bits again. */
const pure = <P>(primitive: Primitive<P>, { args, params }: PrimitiveCase<P>): void => {
  const before = snapshot(args);
  const first = snapshot(evaluated(primitive, args, params));
  requireSame('an argument after evaluation', args, before);
  requireSame('the second evaluation', evaluated(primitive, args, params), first);
};

/** Fills in zeros for `null`, checking that only floats have tangents. */
const filled = (what: string, tangents: readonly MaybeZero[], like: readonly Value[]): Tensors => {
  require(tangents.length === like.length, () => `${what}: ${tangents.length} results for ${like.length}`);
  return tangents.map((tangent, k) => {
    const of = like[k] as Value;
    require(tangent === null || isFloat(of.dtype), () =>
      `${what}: result ${k} is of ${describe(of)}, which carries no derivative, and is not null`);
    return instantiate(tangent, of);
  });
};

/** `null` among the tangents means zero: the rule gives what it gives for zeros. */
const symbolicTangents = <P>(primitive: Primitive<P>, sample: PrimitiveCase<P>): void => {
  const { args, params } = sample;
  const outs = evaluated(primitive, args, params);
  const v = toward(sample, 'v', args);
  const floats = floatPlaces(args);
  for (const active of subsets(floats)) {
    const dual = (inactive: (x: Tensor) => MaybeZero): readonly MaybeZero[] =>
      primitive.jvp(
        args,
        outs,
        args.map((x, i) => (active.includes(i) ? (v[i] as Tensor) : floats.includes(i) ? inactive(x) : null)),
        params,
      );
    const what = `jvp with tangents of arguments ${active.join(', ')} alone`;
    requireClose(
      what,
      filled(
        what,
        dual(() => null),
        outs,
      ),
      filled(
        what,
        dual((x) => zeros(x.shape, x.dtype)),
        outs,
      ),
      ROUNDING,
    );
  }
};

const NOT_LINEAR: ReadonlySet<string> = new Set(['NotDifferentiable', 'ReverseThroughWhile']);

/** What `make` gives, or `null` where it finds that the operation is not linear. */
const ifLinear = <T>(make: () => T): T | null => {
  try {
    return make();
  } catch (error) {
    if (isNatgradError(error) && NOT_LINEAR.has(error.code)) return null;
    throw error;
  }
};

/**
 * For every subset of arguments in which the operation is linear: the transpose rule gives cotangents to these and `null` to
 * the others, it is the adjoint of the operation less its value at zero, and `null` among the cotangents means zero.
 */
const transposeIsAdjoint = <P>(primitive: Primitive<P>, sample: PrimitiveCase<P>): void => {
  const { args, params } = sample;
  const at = (linear: readonly number[], values: Tensors): Tensors =>
    evaluated(
      primitive,
      args.map((arg, i) => (linear.includes(i) ? (values[i] as Tensor) : arg)),
      params,
    );
  const outs = evaluated(primitive, args, params);
  if (primitive.transpose === 'nonlinear' || !outs.every(({ dtype }) => isFloat(dtype))) return;
  const rule = transposeRule(primitive as Primitive<unknown>);
  const v = toward(sample, 'v', args);
  const u = toward(sample, 'u', outs);
  for (const linear of subsets(floatPlaces(args))) {
    const about = `with arguments ${linear.join(', ')} linear`;
    const given = args.map(
      (arg, i): TransposeArgument => (linear.includes(i) ? { ...avalOf(arg), linear: true } : arg),
    );
    const like = given.map((arg, i) => (isLinear(arg) ? (args[i] as Tensor) : null));
    const pull = (cotangents: readonly MaybeZero[]): Tensors => {
      const back = rule(cotangents, given, params);
      require(back.length === args.length, () =>
        `transpose ${about} gives ${back.length} cotangents for ${args.length} arguments`);
      back.forEach((ct, i) =>
        require(ct === null || like[i] !== null, () => `transpose ${about} gives a cotangent to argument ${i}`),
      );
      return linear.map((i) => instantiate(back[i] ?? null, args[i] as Tensor));
    };
    const back = ifLinear(() => pull(u));
    if (back === null) continue;
    const image = combine(
      1,
      at(linear, v),
      -1,
      at(
        linear,
        args.map((arg) => zeros(arg.shape, arg.dtype)),
      ),
    );
    const vs = linear.map((i) => v[i] as Tensor);
    back.forEach((ct, k) =>
      require(describe(ct) === describe(vs[k] as Tensor), () =>
        `transpose ${about}: a cotangent is ${describe(ct)} for ${describe(vs[k] as Tensor)}`),
    );
    requireSameInner(`⟨Av, u⟩ and ⟨v, Aᵀu⟩ ${about}`, [image, u], [vs, back]);
    if (outs.length < 2) continue;
    outs.forEach((_, present) => {
      const only = u.map((ct, k) => (k === present ? ct : null));
      const zeroed = u.map((ct, k) => (k === present ? ct : zeros(ct.shape, ct.dtype)));
      requireClose(`transpose ${about} of cotangent ${present} alone`, pull(only), pull(zeroed), ROUNDING);
    });
  }
};

/** In f32 the values are those of f64, up to its rounding. */
const singlePrecision = <P>(primitive: Primitive<P>, { args, params }: PrimitiveCase<P>): void => {
  const single = castFloats(args, 'f32');
  const exact = evaluated(primitive, castFloats(single, 'f64'), params);
  const found = evaluated(primitive, single, params).map((x, k) => cast(x, (exact[k] as Tensor).dtype));
  requireClose('f32 and f64', found, exact, SINGLE, scaleOf(exact, castFloats(single, 'f64')));
};

/**
 * The laws of a primitive: its rules against its own semantics, against each other, and against finite differences, at
 * random arguments from its domain.
 *
 * Of the record: the shape rule says what evaluate gives; evaluation is pure; `null` tangents and cotangents mean zero; the
 * transpose rule is the adjoint for every choice of linear arguments; f32 agrees with f64; a composite lowering agrees with
 * evaluate. And all laws of `differentiableLaws`. Laws of derivatives appear only where the domain has floats in and out.
 *
 * Needs `fast-check`.
 *
 * @example
 * ```ts
 * import { primitiveLaws } from '@natgrad/autodiff/laws';
 * import fc from 'fast-check';
 *
 * for (const law of primitiveLaws(sinPrimitive)) fc.assert(law.property, { numRuns: 5 });
 * ```
 */
export const primitiveLaws = <P>(primitive: Primitive<P>, options: LawOptions = {}): readonly Law[] => {
  const cases = casesOf(
    primitive.domain,
    (params) =>
      (...args) =>
        bind(primitive, args, params),
    (params) => `${primitive.name}{${primitive.print?.(params) ?? JSON.stringify(params)}}`,
  );
  // Which laws can say anything, found from a fixed sample of the domain.
  const probes = fc.sample(cases, { numRuns: 20, seed: 0 });
  const some = (holds: (sample: PrimitiveCase<P>) => boolean): boolean => probes.some(holds);
  const floatsIn = some(({ args }) => args.some(({ dtype }) => isFloat(dtype)));
  const floatsOut = some(({ args, params }) =>
    primitive.shape(args.map(avalOf), params).some(({ dtype }) => isFloat(dtype)),
  );
  const differentiable = floatsIn && floatsOut;
  // A graph inside the parameters is of one dtype.
  const holdsGraphs = primitive.lower.kind === 'structured';
  const { lower } = primitive;
  const law = (name: string, holds: (sample: PrimitiveCase<P>) => void): Law =>
    lawOf(`${primitive.name}: ${name}`, cases, holds);

  return [
    law('the shape rule says what evaluate gives', (sample) => shapeRule(primitive, sample, holdsGraphs)),
    law('evaluate changes nothing and repeats itself', (sample) => pure(primitive, sample)),
    ...(floatsIn ? [law('a null tangent is zero', (sample) => symbolicTangents(primitive, sample))] : []),
    ...(primitive.transpose !== 'nonlinear' && differentiable && options.reverse !== false
      ? [
          law('transpose is the adjoint for every choice of linear arguments', (sample) =>
            transposeIsAdjoint(primitive, sample),
          ),
        ]
      : []),
    ...(floatsIn && !holdsGraphs ? [law('f32 agrees with f64', (sample) => singlePrecision(primitive, sample))] : []),
    ...(lower.kind === 'composite'
      ? [
          law('the composite lowering is evaluate', ({ args, params }) =>
            requireClose('expand', lower.expand(args, params), evaluated(primitive, args, params), ROUNDING),
          ),
        ]
      : []),
    ...programLaws(law, { ...options, differentiable }),
    ...(differentiable ? derivativeLaws(law, { ...options, declared: primitive.declaresDerivative === true }) : []),
  ];
};
