import type { Pass } from './pass.js';
import { rewrite } from './rewrite.js';

/** Drops operations and constants that no output needs; inputs stay, they are the program's signature. */
export const deadCode: Pass = {
  name: 'deadCode',
  // `rewrite` does exactly this after every pass. Here it stands alone, for graphs that come from elsewhere.
  run: (graph) => rewrite(graph, () => undefined),
};
