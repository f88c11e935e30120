import { add, mean, type Scalar, type Tensor, tensor, toNested, treeMap } from '@natgrad/tensor';

const parameters = {
  weight: tensor([
    [1, 2],
    [3, 4],
  ]),
  bias: tensor([1, -1]),
};
const doubled: typeof parameters = treeMap((leaf: Tensor) => add(leaf, leaf), parameters);
const loss: Scalar = mean(doubled.weight);

/** Compiled only. */
export const doesNotCompile = (): void => {
  // @ts-expect-error a tensor has no way to be changed
  doubled.weight.shape = [4];
};

if (JSON.stringify(toNested(doubled.bias)) !== '[2,-2]' || toNested(loss) !== 5) throw new Error('wrong result');
