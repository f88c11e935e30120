/** What must and must not compile. Checked by `npm run types`; nothing here runs. */
import {
  add,
  asScalar,
  cond,
  grad,
  hessian,
  hvp,
  jacrev,
  jit,
  jvp,
  linearize,
  matmul,
  mean,
  multiply,
  scan,
  sin,
  square,
  sum,
  valueAndGrad,
  vjp,
  vmap,
} from '@natgrad/autodiff';
import { type Scalar, scalar, type Tensor, tensor } from '@natgrad/tensor';

/** Equality of types that `any` and `never` do not pass. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- two signatures are identical only if the types are
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_proof: Equal<A, B>): void => undefined;

interface Parameters {
  readonly weight: Tensor;
  readonly layers: readonly [{ readonly bias: Tensor }, Scalar];
}
declare const parameters: Parameters;
const x: Tensor = tensor([1, 2]);

// Losses: full reductions and arithmetic of scalars are scalars; anything else is not.
grad((v: Tensor) => sum(square(v)));
grad((v: Tensor) => add(sum(v), multiply(mean(v), 2)));
grad((v: Scalar) => sin(multiply(v, v)));
// @ts-expect-error a tensor is not a loss
grad((v: Tensor) => square(v));
// @ts-expect-error a partial reduction is not a loss
grad((v: Tensor) => sum(v, 0));
// @ts-expect-error a product of matrices is not a loss
valueAndGrad((v: Tensor) => matmul(v, v));
// @ts-expect-error a number is not a loss
grad((_v: Tensor) => 1);
// @ts-expect-error a scalar times a tensor is a tensor
hvp((v: Tensor) => multiply(sum(v), v), x, x);
// @ts-expect-error a tree is not a loss
hessian((v: Tensor) => ({ loss: sum(v) }));
grad((v: Tensor) => asScalar(matmul(v, v)));

// Gradients have the type of the argument; further arguments are passed through with theirs.
const loss = (p: Parameters, data: Tensor): Scalar => sum(multiply(p.weight, data));
same<ReturnType<ReturnType<typeof grad<Parameters, [Tensor]>>>, Parameters>(true);
const gradient: Parameters = grad(loss)(parameters, x);
// @ts-expect-error the data is missing
grad(loss)(parameters);
// @ts-expect-error parameters of another type
grad(loss)({ weight: x }, x);
// @ts-expect-error a gradient is immutable
gradient.weight = x;
// @ts-expect-error a shape is immutable
x.shape[0] = 3;

// Operators keep the types of both sides.
const operator = linearize((p: Parameters) => ({ out: p.weight }), parameters);
const pushed: { out: Tensor } = operator.apply(parameters);
const pulled: Parameters = operator.transpose({ out: x });
// @ts-expect-error a tangent is like the argument
operator.apply({ out: x });
const { pullback } = vjp((p: Parameters) => p.weight, parameters);
const cotangent: Parameters = pullback(x);
const { tangent } = jvp((v: Scalar) => ({ y: sin(v) }), scalar(1), scalar(1));
const scalarTangent: Scalar = tangent.y;

// Jacobians nest: for each output a tree like the input.
const jacobian = jacrev((p: Parameters) => ({ out: p.weight }))(parameters);
const block: Tensor = jacobian.out.layers[0].bias;

// vmap takes and gives trees with an axis more: scalars become tensors.
const norms: Tensor = vmap((v: Tensor) => sum(square(v)))(x);
// @ts-expect-error the result of vmap is not a scalar
const notScalar: Scalar = vmap((v: Tensor) => sum(square(v)))(x);
const compiled: (p: Parameters, data: Tensor) => Scalar = jit(loss);
const chosen: Tensor = cond(
  tensor(true),
  (v: Tensor) => v,
  (v: Tensor) => square(v),
  x,
);
const { carry, results } = scan((total: Scalar, v: Tensor) => [add(total, sum(v)), { seen: v }] as const, scalar(0), x);
const last: Scalar = carry;
const seen: Tensor = results.seen;

export const used = [pushed, pulled, cotangent, scalarTangent, block, norms, notScalar, compiled, chosen, last, seen];
