/** Laws of second and third derivatives. */
import { jvp } from '../../api/forward.js';
import { hvp } from '../../api/hessian.js';
import { grad } from '../../api/reverse.js';
import { ROUNDING, requireClose, requireSameInner, type Tensors } from '../numeric.js';
import { lossOf, ofFloats, pairing, requireDerivative, type Subject, toward, type Values } from '../subject.js';

type Of = (at: Values) => Values;

/** The derivative of a function along a direction, as a function. */
const along =
  (g: Of, v: Values): Of =>
  (x) =>
    jvp<Values, Values>(g, x, v).tangent;

const gradient = (subject: Subject, g: Of): Of => grad(lossOf(subject, g));

/** jvp of jvp: against differences of the jvp, and D²f[v, w] = D²f[w, v]. */
export const secondDerivativeForward = (subject: Subject): void => {
  const { g, x } = ofFloats(subject);
  const [v, w] = [toward(subject, 'v', x), toward(subject, 'w', x)];
  const second = along(along(g, v), w)(x);
  requireClose('D²f[v, w] and D²f[w, v]', second, along(along(g, w), v)(x), ROUNDING);
  requireDerivative('D²f[v, w]', subject, { g: along(g, v), x, v: w }, second);
};

/** The gradient of ⟨∇f, v⟩, and jvp of the gradient, against differences of the gradient. */
export const secondDerivativeReverse = (subject: Subject): void => {
  const { g, x } = ofFloats(subject);
  const v = toward(subject, 'v', x);
  const first = gradient(subject, g);
  const product = hvp<Values>(lossOf(subject, g), x, v);
  requireClose('∇⟨∇f, v⟩ and jvp of ∇f', grad((at: Values) => pairing(first(at), v))(x), product, ROUNDING);
  requireDerivative('H·v', subject, { g: first, x, v }, product);
};

/** uᵀ(H·v) = vᵀ(H·u). */
export const hvpIsSymmetric = (subject: Subject): void => {
  const { g, x } = ofFloats(subject);
  const loss = lossOf(subject, g);
  const [u, v] = [toward(subject, 'u', x), toward(subject, 'v', x)];
  requireSameInner('uᵀHv and vᵀHu', [u, hvp<Values>(loss, x, v)], [v, hvp<Values>(loss, x, u)]);
};

/** Three times forward: against differences of the second derivative. */
export const thirdDerivativeForward = (subject: Subject): void => {
  const { g, x } = ofFloats(subject);
  const [v, w, z] = ['v', 'w', 'z'].map((name) => toward(subject, name, x)) as [Tensors, Tensors, Tensors];
  const second = along(along(g, v), w);
  requireDerivative('D³f[v, w, z]', subject, { g: second, x, v: z }, along(second, z)(x));
};

/** Three times reverse, and reverse over forward over reverse, equal three times forward. */
export const thirdDerivativeReverse = (subject: Subject): void => {
  const { g, x } = ofFloats(subject);
  const loss = lossOf(subject, g);
  const [v, w, z] = ['v', 'w', 'z'].map((name) => toward(subject, name, x)) as [Tensors, Tensors, Tensors];
  const third = along(
    along(
      along((at) => [loss(at)], v),
      w,
    ),
    z,
  )(x);
  const mixed = grad((at: Values) => pairing(hvp<Values>(loss, at, v), w))(x);
  requireClose('⟨∇⟨H·v, w⟩, z⟩', [pairing(mixed, z)], third, ROUNDING);
  const twice = (at: Values): Values => grad((y: Values) => pairing(grad(loss)(y), v))(at);
  requireClose('∇⟨∇⟨∇f, v⟩, w⟩', grad((at: Values) => pairing(twice(at), w))(x), mixed, ROUNDING);
};
