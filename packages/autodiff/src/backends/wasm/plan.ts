/** The plan of a program: its steps in order, the buffers that they read and write, and where these lie. */
import { type DType, sizeOf } from '@natgrad/tensor';
import type { Aval } from '../../ir/aval.js';
import type { Graph, Node } from '../../ir/graph.js';
import { type MemoryPlan, planMemory } from '../../optimise/memory-plan.js';
import type { FusedParams } from '../../optimise/operations/fused.js';
import type { GemmParams } from '../../optimise/operations/gemm.js';
import { optimise } from '../../optimise/pipeline.js';
import type { ScanParams } from '../../primitives/scan.js';
import { type Band, bandsOf } from './bands.js';
import { SCRATCH_BYTES } from './gemm.js';
import { type Loop, loopOf } from './loop.js';
import { type Blocks, blocksOf, scratchOf } from './loop-blocks.js';
import { SMALL_RESULT } from './memory.js';
import { bytesOfAval, type Draft, isAlias, Planner } from './planner.js';
import { GRAIN, type Grain } from './threads/cut.js';

/** Arguments up to this many bytes are copied into the arena at every call; larger ones stay inside between calls. */
const SMALL_ARGUMENT = 4096;

/** Bytes behind a buffer that vector loads may read. */
const PADDING = 64;

/** Where a buffer is: an argument or constant that the memory keeps, a result with a block of its own, or part of the arena. */
type Storage =
  | { readonly kind: 'argument' | 'constant'; readonly index: number }
  | { readonly kind: 'result' }
  | { readonly kind: 'arena'; readonly offset: number };

interface PlanBuffer {
  readonly storage: Storage;
  readonly bytes: number;
  /** The argument that is copied into this part of the arena when a call begins. */
  readonly copyOf?: number;
}

interface StepBase {
  readonly node: Node;
  /** Buffers of the node's inputs and outputs. */
  readonly reads: readonly number[];
  readonly writes: readonly number[];
  readonly avals: readonly Aval[];
  readonly flops: number;
}

export type Step =
  | (StepBase & {
      readonly kind: 'gemm';
      readonly params: GemmParams;
      readonly dtype: 'f32' | 'f64';
      readonly scratch: number;
      /** Whether the addend is already where the product goes. */
      readonly inPlace: boolean;
    })
  | (StepBase & { readonly kind: 'loop'; readonly loop: Loop; readonly blocks: Blocks; readonly scratch: number })
  | (StepBase & {
      readonly kind: 'scan';
      readonly params: ScanParams;
      /** What one turn does, its arena in `scratch`. */
      readonly body: Plan;
      readonly scratch: number;
    })
  | (StepBase & { readonly kind: 'reference' });

/** Where a result of the program comes from. */
export type Result =
  | { readonly kind: 'argument' | 'constant'; readonly index: number; readonly aval: Aval }
  | { readonly kind: 'buffer'; readonly buffer: number; readonly aval: Aval };

export interface Plan {
  readonly graph: Graph;
  readonly buffers: readonly PlanBuffer[];
  readonly steps: readonly Step[];
  /** Steps that run together, block by block. */
  readonly bands: readonly Band[];
  readonly results: readonly Result[];
  readonly arena: MemoryPlan;
  /** How its steps are cut into blocks. */
  readonly grain: Grain;
}

const isFloatDtype = (dtype: DType): dtype is 'f32' | 'f64' => dtype === 'f32' || dtype === 'f64';

const gemmFlops = (node: Node, avals: readonly Aval[]): number => {
  const [a] = node.inputs.map((id) => avals[id] as Aval) as [Aval];
  const { transposeLeft } = node.params as GemmParams;
  const inner = a.shape.at(transposeLeft ? -2 : -1) as number;
  return 2 * inner * sizeOf((node.avals[0] as Aval).shape);
};

const base = (planner: Planner, node: Node, writes: readonly number[], flops: number): StepBase => ({
  node,
  reads: node.inputs.map((id) => planner.bufferOf[id] as number),
  writes,
  avals: node.inputs.map((id) => planner.avals[id] as Aval),
  flops,
});

const gemmStep = (planner: Planner, node: Node, at: number, dtype: 'f32' | 'f64'): Step => {
  const [a, b, into] = node.inputs as readonly [number, number, number | undefined];
  const reusable =
    into !== undefined &&
    planner.isFree(into, at) &&
    planner.bufferOf[into] !== planner.bufferOf[a] &&
    planner.bufferOf[into] !== planner.bufferOf[b];
  const step = base(planner, node, [], gemmFlops(node, planner.avals));
  const scratch = planner.scratch(SCRATCH_BYTES, at);
  const written = planner.define(node.first, at, reusable ? planner.bufferOf[into] : undefined);
  return {
    ...step,
    kind: 'gemm',
    params: node.params as GemmParams,
    dtype,
    scratch,
    inPlace: reusable,
    writes: [written],
  };
};

/** For each result of a loop the operand whose buffer it takes over, element by element. */
const reuses = (planner: Planner, node: Node, at: number, { program }: Loop): readonly (number | undefined)[] => {
  const operands = program.values.flatMap((value) => (value.kind === 'operand' ? [value] : []));
  const bufferOf = (input: number): number => planner.bufferOf[node.inputs[input] as number] as number;
  const taken = new Set<number>();
  return program.outputs.map((output, k) => {
    if (output.kind !== 'store') return undefined;
    const bytes = bytesOfAval(node.avals[k] as Aval);
    const found = operands.find(({ input, layout }) => {
      const buffer = bufferOf(input);
      return (
        layout === 'full' &&
        !taken.has(buffer) &&
        planner.isFree(node.inputs[input] as number, at) &&
        (planner.drafts[buffer] as Draft).bytes === bytes &&
        operands.every((other) => other.layout === 'full' || bufferOf(other.input) !== buffer)
      );
    });
    if (found === undefined) return undefined;
    taken.add(bufferOf(found.input));
    return bufferOf(found.input);
  });
};

const loopStep = (planner: Planner, node: Node, at: number): Step => {
  const loop = loopOf((node.params as FusedParams).graph);
  const operations = loop.program.values.filter(({ kind }) => kind === 'operation').length;
  const step = base(planner, node, [], operations * loop.rows * loop.columns);
  const blocks = blocksOf(loop, planner.grain.elements);
  const scratch = planner.scratch(scratchOf(blocks), at);
  const reused = reuses(planner, node, at, loop);
  const writes = node.avals.map((_, k) => planner.define(node.first + k, at, reused[k]));
  return { ...step, kind: 'loop', loop, blocks, scratch, writes };
};

const scanStep = (planner: Planner, node: Node, at: number): Step => {
  const params = node.params as ScanParams;
  const body = planOf(optimise(params.body), 'body', planner.grain);
  const flops = params.length * body.steps.reduce((sum, step) => sum + step.flops, 0);
  const step = base(planner, node, [], flops);
  // Behind the arena, a new carry waits until all of it is known: see `scanRun`.
  const carry = node.avals.slice(0, params.carries).reduce((bytes, aval) => bytes + bytesOfAval(aval), 0);
  const scratch = planner.scratch(body.arena.bytes + carry, at);
  const writes = node.avals.map((_, k) => planner.define(node.first + k, at));
  return { ...step, kind: 'scan', params, body, scratch, writes };
};

const stepOf = (planner: Planner, node: Node, at: number): readonly Step[] => {
  if (isAlias(node)) {
    planner.bufferOf[node.first] = planner.bufferOf[node.inputs[0] as number] as number;
    return [];
  }
  const { lower, name } = node.primitive;
  const { dtype } = node.avals[0] ?? { dtype: 'f64' };
  if (lower.kind === 'matmul' && name === 'gemm' && isFloatDtype(dtype)) return [gemmStep(planner, node, at, dtype)];
  if (name === 'fused') return [loopStep(planner, node, at)];
  if (lower.kind === 'structured' && lower.name === 'scan') return [scanStep(planner, node, at)];
  const step = base(planner, node, [], lower.kind === 'matmul' ? gemmFlops(node, planner.avals) : 0);
  return [{ ...step, kind: 'reference', writes: node.avals.map((_, k) => planner.define(node.first + k, at)) }];
};

/**
 * The steps of a band in its blocks. Blocks are at different steps at a time: what these touch lies where it is to the band's end. Its
 * products, which take turns in a thread, share one scratch.
 */
const banded = ({ drafts }: Planner, own: readonly Step[], last: number, band: Band): readonly Step[] => {
  const room = own.find(({ kind }) => kind === 'gemm') as Extract<Step, { readonly kind: 'gemm' }>;
  const placed = own.map((step): Step => {
    if (step.kind === 'gemm') {
      if (step !== room) (drafts[step.scratch] as Draft).bytes = 0;
      return { ...step, scratch: room.scratch };
    }
    if (step.kind !== 'loop') return step;
    const { loop, scratch } = step;
    const blocks = blocksOf(loop, 0, loop.rows === band.rows ? band.size : band.size * (loop.columns / band.rows));
    (drafts[scratch] as Draft).bytes = scratchOf(blocks);
    return { ...step, blocks };
  });
  for (const step of placed) {
    const scratch = step.kind === 'gemm' || step.kind === 'loop' ? [step.scratch] : [];
    for (const buffer of [...step.reads, ...step.writes, ...scratch]) {
      const draft = drafts[buffer] as Draft;
      draft.to = Math.max(draft.to, last);
    }
  }
  return placed;
};

/**
 * Plans an optimised program, its steps cut as finely as `grain` says. Where it is the body of a loop, its arguments lie in buffers of
 * the program around it, and whatever it computes in its arena.
 */
export function planOf(graph: Graph, as: 'program' | 'body' = 'program', grain: Grain = GRAIN): Plan {
  const planner = new Planner(graph, grain);
  const located = graph.nodes.flatMap((node, at) => stepOf(planner, node, at).map((step) => ({ step, at })));
  const steps = located.map(({ step }) => step);
  const bands = bandsOf(steps, grain);
  for (const band of bands) {
    const { first, end } = band;
    const last = (located[end - 1] as (typeof located)[number]).at;
    steps.splice(first, end - first, ...banded(planner, steps.slice(first, end), last, band));
  }
  const results = graph.outputs.map((id): Result => {
    const buffer = planner.bufferOf[id] as number;
    const draft = planner.drafts[buffer] as Draft;
    const aval = planner.avals[id] as Aval;
    if (draft.external !== undefined) return { ...draft.external, aval };
    draft.isResult = true;
    return { kind: 'buffer', buffer, aval };
  });
  const { drafts } = planner;
  // Small arguments are copied in and small results copied out: both lie in the arena.
  const isCopied = ({ external, bytes }: Draft): boolean =>
    as === 'program' && external?.kind === 'argument' && bytes <= SMALL_ARGUMENT;
  const isHandedOn = ({ isResult, bytes }: Draft): boolean => as === 'program' && isResult && bytes > SMALL_RESULT;
  const inArena = drafts.map((draft) => (draft.external === undefined && !isHandedOn(draft)) || isCopied(draft));
  const arena = planMemory(
    drafts.map(({ bytes, from, to }, k) => (inArena[k] === true ? { bytes, from, to } : { bytes: 0, from: 0, to: 0 })),
    PADDING,
  );
  const buffers = drafts.map((draft, k): PlanBuffer => {
    const { bytes, external } = draft;
    if (inArena[k] === true) {
      const storage: Storage = { kind: 'arena', offset: arena.offsets[k] as number };
      return external === undefined ? { storage, bytes } : { storage, bytes, copyOf: external.index };
    }
    return { storage: external ?? { kind: 'result' }, bytes };
  });
  return { graph, buffers, steps, bands, results, arena, grain };
}
