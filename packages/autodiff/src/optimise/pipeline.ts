/** The optimiser: which passes, in which order, and why. */
import type { Graph } from '../ir/graph.js';
import { commonSubexpressions } from './common-subexpressions.js';
import { deadCode } from './dead-code.js';
import { expand } from './expand.js';
import { fold } from './fold.js';
import { fuse } from './fuse.js';
import { inline } from './inline.js';
import { matmulOperands } from './matmul-operands.js';
import { fixpoint, type Pass, type PassResult } from './pass.js';
import { recompute } from './recompute.js';
import { simplify } from './simplify.js';

/**
 * Turns of the algebra, at most. Two or three are enough for the programs of gradients: folding gives numbers to the rules,
 * the rules give constants to folding, and equal values meet (x − x' with x = x') only once they are one.
 */
const TURNS = 6;

/** Folding, simplification and common subexpressions, until nothing changes. */
export const algebra: Pass = fixpoint('algebra', [fold, simplify, commonSubexpressions], TURNS);

/**
 * In order:
 * 1. `inline`: one program without calls, so that everything after sees across them;
 * 2. `expand`: composites become operations that can be shared and simplified;
 * 3. `algebra`: before the products, because it merges equal transposes and products, and a product that is read twice may
 *    not be accumulated into;
 * 4. `matmulOperands`: last of what looks for primitives, since nothing else knows `gemm`;
 * 5. `commonSubexpressions`: products whose transposes went into their flags may have become equal;
 * 6. `deadCode`;
 * 7. `recompute`: after the last search for common subexpressions, which would undo it;
 * 8. `fuse`: when nothing looks at single operations any more.
 */
export const passes: readonly Pass[] = [
  inline,
  expand,
  algebra,
  matmulOperands,
  commonSubexpressions,
  deadCode,
  recompute,
  fuse,
];

/** The program that an engine compiles: it means the same as `graph`, with less to do. */
export const optimise = (graph: Graph): Graph => passes.reduce((before, pass) => pass.run(before), graph);

/** The program after each of the passes, for printing. */
export const explainPasses = (graph: Graph): readonly PassResult[] =>
  passes.reduce<readonly PassResult[]>(
    (before, { name, run }) => [...before, { name, graph: run(before.at(-1)?.graph ?? graph) }],
    [],
  );
