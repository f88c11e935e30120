/** For the engine, the laws and the other packages of the family. Not covered by semantic versioning. */
export { executable } from './backends/engine.js';
export { avalOf, sameAval } from './ir/aval.js';
export { graphAvals, lastUses, outputAvals, withInputs } from './ir/graph.js';
export type { Traced } from './trace/builder.js';
export { replay } from './trace/replay.js';
export { type TracedTree, traceCall, traceFlat, traceTree } from './trace/trace.js';
export { batchGraph } from './transforms/batch.js';
export { jvpGraph, jvpGraphSplit } from './transforms/jvp.js';
export { linearizeGraph } from './transforms/linearize.js';
export { transposeGraph } from './transforms/transpose.js';
