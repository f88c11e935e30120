import { grad, multiply, sum } from '@natgrad/autodiff';
import { type Scalar, type Tensor, tensor, toNested } from '@natgrad/tensor';

interface Parameters {
  readonly weight: Tensor;
  readonly bias: Tensor;
}

const loss = ({ weight, bias }: Parameters): Scalar => sum(multiply(weight, bias));
const gradient: Parameters = grad(loss)({ weight: tensor([1, 2]), bias: tensor([3, 4]) });

/** Compiled only. */
export const doesNotCompile = (): void => {
  // @ts-expect-error a loss is a scalar
  grad((x: Tensor): Tensor => multiply(x, x));
};

if (JSON.stringify(toNested(gradient.weight)) !== '[3,4]') throw new Error('wrong result');
