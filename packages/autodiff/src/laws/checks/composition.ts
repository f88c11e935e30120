/** Laws of transforms composed with each other, with functions, and with closures. */
import { reshape, scalar, type Tensor, zeros } from '@natgrad/tensor';
import { jacfwd, jvp, linearize } from '../../api/forward.js';
import { hessian, hvp } from '../../api/hessian.js';
import { checkpoint, jit } from '../../api/jit.js';
import { grad, jacrev, valueAndGrad, vjp } from '../../api/reverse.js';
import { vmap } from '../../api/vmap.js';
import { interpreter } from '../../backends/interpreter.js';
import type { Value } from '../../ir/aval.js';
import { add } from '../../primitives/add.js';
import { matmul } from '../../primitives/matmul.js';
import { multiply } from '../../primitives/multiply.js';
import { sin } from '../../primitives/sin.js';
import { stopGradient } from '../../primitives/stop-gradient.js';
import { ROUNDING, requireClose, requireSame, rowOf, type Tensors } from '../numeric.js';
import { lossOf, ofFloats, pairing, type Subject, toward, type Values } from '../subject.js';

type Of = (at: Values) => Values;

/** A smooth function to compose with. */
const after: Of = (values) => values.map((x) => add(sin(x), multiply(x, 0.5)));

/** D(q ∘ f)(x) = Dq(f(x)) · Df(x), and transposed. */
export const chainRule = (subject: Subject): void => {
  const { g, x } = ofFloats(subject);
  const v = toward(subject, 'v', x);
  const whole: Of = (at) => after(g(at));
  const { value, tangent } = jvp<Values, Values>(g, x, v);
  requireClose(
    'D(q ∘ f)·v',
    jvp<Values, Values>(whole, x, v).tangent,
    jvp<Values, Values>(after, value, tangent).tangent,
    ROUNDING,
  );
  const u = toward(subject, 'u', value);
  const [outer, inner] = [vjp<Values, Values>(after, value), vjp<Values, Values>(g, x)];
  requireClose('D(q ∘ f)ᵀ·u', vjp<Values, Values>(whole, x).pullback(u), inner.pullback(outer.pullback(u)), ROUNDING);
};

/** Rows of a Jacobian or Hessian times a vector: leaves `[...out, ...in]` · `[...in]`, summed over the inputs. */
const contracted = (jacobian: readonly (readonly Tensor[])[], outs: Tensors, v: Tensors): Tensors =>
  jacobian.map((row, k) => {
    const { shape, size } = outs[k] as Tensor;
    const parts = row.map((leaf, i) =>
      matmul(reshape(leaf, [size, (v[i] as Tensor).size]), reshape(v[i] as Tensor, [(v[i] as Tensor).size])),
    );
    return reshape(
      parts.reduce<Value>((total, part) => add(total, part), zeros([size])),
      shape,
    );
  });

/** jacfwd = jacrev, and their product with a vector is Jv. */
export const jacobiansAgree = (subject: Subject): void => {
  const { g, x } = ofFloats(subject);
  const v = toward(subject, 'v', x);
  const { value, tangent } = jvp<Values, Values>(g, x, v);
  const [forward, reverse] = [jacfwd(g)(x), jacrev(g)(x)] as unknown as readonly (readonly (readonly Tensor[])[])[];
  requireClose(
    'jacfwd and jacrev',
    (forward as readonly (readonly Tensor[])[]).flat(),
    (reverse as readonly (readonly Tensor[])[]).flat(),
    ROUNDING,
  );
  requireClose('jacfwd · v', contracted(forward as readonly (readonly Tensor[])[], value, v), tangent, ROUNDING);
};

/** jvp of grad = grad of ⟨grad, v⟩ = the explicit Hessian times v = linearize of grad. */
export const hessiansAgree = (subject: Subject): void => {
  const { g, x } = ofFloats(subject);
  const loss = lossOf(subject, g);
  const v = toward(subject, 'v', x);
  const product = hvp<Values>(loss, x, v);
  requireClose('∇⟨∇f, v⟩', grad((at: Values) => pairing(grad(loss)(at), v))(x), product, ROUNDING);
  requireClose('hessian · v', contracted(hessian(loss)(x), x, v), product, ROUNDING);
  requireClose('linearize(grad)(v)', linearize<Values, Values>(grad(loss), x).apply(v), product, ROUNDING);
};

/** checkpoint changes what is kept, not what is computed: values to the bit, in the program and in its derivative. */
export const checkpointIsPlain = (subject: Subject): void => {
  const { g, x } = ofFloats(subject);
  const kept = checkpoint(g, { engine: interpreter });
  requireSame('checkpoint', kept(x), g(x));
  const [plain, again] = [valueAndGrad(lossOf(subject, g))(x), valueAndGrad(lossOf(subject, kept))(x)];
  requireSame('the value beside the gradient of checkpoint', [again.value], [plain.value]);
  requireClose('grad of checkpoint', again.gradient, plain.gradient, ROUNDING);
  const v = toward(subject, 'v', x);
  requireClose(
    'hvp of checkpoint',
    hvp<Values>(lossOf(subject, kept), x, v),
    hvp<Values>(lossOf(subject, g), x, v),
    ROUNDING,
  );
};

/** vmap of grad of jit, and jit of vmap of grad, are a loop of grad. */
export const vmapOfGradOfJit = (subject: Subject): void => {
  const { f, batches, size } = subject;
  const gradient: Of = (at) => grad(lossOf(subject, (inner) => f(...inner)))(at);
  const compiled: Of = grad(
    lossOf(
      subject,
      jit((at: Values) => f(...at), { engine: interpreter }),
    ),
  );
  const rows = Array.from({ length: size }, (_, i) => gradient(batches.map((batch) => rowOf(batch, i))));
  const batched = vmap<readonly [Values], Values>(compiled);
  for (const [name, found] of [
    ['vmap of grad of jit', batched(batches)],
    ['jit of vmap of grad of jit', jit(batched, { engine: interpreter })(batches)],
  ] as const)
    rows.forEach((row, i) =>
      requireClose(
        `${name}, row ${i}`,
        found.map((x) => rowOf(x, i)),
        row,
        ROUNDING,
      ),
    );
};

/**
 * Derivatives of derivatives keep their perturbations apart, also where a closure hides the outer variable from the inner
 * derivative: d/ds D(y ↦ f(s·x + y))(0)·v = D²f(s·x)[x, v], and d/ds s·D(y ↦ f(x) + s·y)(0)·v = 2s·v in every mode.
 */
export const perturbationsDoNotMix = (subject: Subject): void => {
  const { g, x } = ofFloats(subject);
  const v = toward(subject, 'v', x);
  const origin = x.map((value) => zeros(value.shape));
  const moved = (s: Value, y: Values): Values => x.map((value, i) => add(multiply(s, value), y[i] as Value));
  const hidden = (s: Value): Values => jvp<Values, Values>((y) => g(moved(s, y)), origin, v).tangent;
  const second = jvp<Values, Values>((at) => jvp<Values, Values>(g, at, v).tangent, x, x).tangent;
  requireClose(
    'an outer variable hidden in a closure',
    jvp<Value, Values>(hidden, scalar(1), scalar(1)).tangent,
    second,
    ROUNDING,
  );
  const loss = lossOf(subject, g);
  const reverse = grad((s: Value) => pairing(grad((y: Values) => loss(moved(s, y)))(origin), v));
  requireClose('the same in reverse', [reverse(scalar(1))], [pairing(hvp<Values>(loss, x, x), v)], ROUNDING);
  const both = grad((s: Value) =>
    pairing(jvp<Values, Values>((y) => y.map((each) => multiply(s, multiply(s, each))), origin, v).tangent, v),
  );
  requireClose('an outer variable beside the inner one', [both(scalar(0.5))], [pairing(v, v)], ROUNDING);
};

/** What does not depend on the variable has the derivative 0, exactly. */
export const constantsHaveNoDerivative = (subject: Subject): void => {
  const { g, x } = ofFloats(subject);
  const none = x.map((value) => zeros(value.shape));
  const loss = lossOf(subject, g);
  requireSame(
    'the gradient of stopGradient',
    grad((at: Values) => loss(at.map((each) => stopGradient(each))))(x),
    none,
  );
  requireSame('the gradient of a constant', grad((_: Values) => loss(x))(x), none);
  const { gradient } = valueAndGrad((s: Value) => loss(x.map((each) => add(each, multiply(0, stopGradient(s))))))(
    scalar(1),
  );
  requireSame('the gradient with respect to what is stopped', [gradient], [scalar(0)]);
};
