/** What the leaves of a tree are called. */
import type { TreeStructure } from '@natgrad/tensor';

/** Names in the order of the leaves: `θ.layers[0].bias` and so on. */
export const leafNames = (structure: TreeStructure, prefix: string): readonly string[] => {
  switch (structure.kind) {
    case 'leaf':
      return [prefix];
    case 'null':
      return [];
    case 'array':
      return structure.children.flatMap((child, i) => leafNames(child, `${prefix}[${i}]`));
    case 'object':
      return structure.children.flatMap((child, i) => leafNames(child, `${prefix}.${structure.keys[i] ?? ''}`));
  }
};
