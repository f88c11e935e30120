/** Ravelling that can be traced. */
import { type Tensor, treeFlatten, treeUnflatten, zeros } from '@natgrad/tensor';
import { checkRavelled, ravelLayout } from '@natgrad/tensor/internal';
import { cast } from '../primitives/cast.js';
import { concatenate } from '../primitives/concatenate.js';
import { reshape } from '../primitives/reshape.js';
import { slice } from '../primitives/slice.js';

/** All leaves of a tree in one vector (in their common dtype), and the way back; both can be differentiated. */
export const ravel = <T>(tree: T): { readonly vector: Tensor; readonly unravel: (vector: Tensor) => T } => {
  const layout = ravelLayout(tree);
  const parts = treeFlatten(tree, 'ravel').leaves.map((leaf) => cast(reshape(leaf, [leaf.size]), layout.dtype));
  return {
    vector: parts.length === 0 ? zeros([0], layout.dtype) : concatenate(parts, 0),
    unravel: (vector) => {
      checkRavelled(layout, vector);
      const leaves = layout.leaves.map(({ offset, size, shape, dtype }) =>
        cast(reshape(slice(vector, [offset], [offset + size]), shape), dtype),
      );
      return treeUnflatten(layout.structure, leaves) as T;
    },
  };
};
