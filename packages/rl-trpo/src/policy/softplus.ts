/** log(1 + eˣ) and log cosh x, exact where their exponentials overflow, with the right derivatives everywhere. */
import { add, exp, greater, log1p, multiply, negate, select, subtract } from '@natgrad/autodiff';
import type { Tensor } from '@natgrad/tensor';

/** |x| as a choice between x and −x. At 0 the kinks of `absolute` and `maximum` would leave second derivatives of 0. */
const size = (x: Tensor): Tensor => select(greater(x, 0), x, negate(x));

/** log(1 + eˣ) = max(x, 0) + log(1 + e^−|x|): −log(1 − p) of the logit x, and −log p of −x. */
export const softplus = (x: Tensor): Tensor => add(select(greater(x, 0), x, 0), log1p(exp(negate(size(x)))));

export const plainSoftplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** log cosh x = |x| + log(1 + e^−2|x|) − log 2. log(1 − tanh² x) is −2 times this. */
export const logCosh = (x: Tensor): Tensor => add(size(x), subtract(log1p(exp(multiply(size(x), -2))), Math.LN2));

export const plainLogCosh = (x: number): number => Math.abs(x) + Math.log1p(Math.exp(-2 * Math.abs(x))) - Math.LN2;
