/** The compiled engine: programs are optimised, planned and run in WebAssembly with vector instructions. */
import { NatgradError, type Tensor } from '@natgrad/tensor';
import { adopt, elements } from '@natgrad/tensor/internal';
import type { Graph } from '../../ir/graph.js';
import { optimise } from '../../optimise/pipeline.js';
import type { Engine, Executable } from '../engine.js';
import { createKernels, type Kernels, type Products } from './kernels.js';
import { isShared } from './linear.js';
import { createMemory, type EngineMemory, type MemoryStatistics, SMALL_RESULT } from './memory.js';
import { type Plan, planOf, type Result } from './plan.js';
import { detect } from './platform.js';
import { prepareOn } from './prepared.js';
import { copyIn, type Frame, runnable, slice } from './run.js';
import { isWorthThreads } from './threads/cost.js';
import { GRAIN, type Grain } from './threads/cut.js';
import { coreCount, memberStarter, noSharing, type StartMember } from './threads/start.js';
import { alone, createTeam, type Team, type ThreadStatistics, teamOfOne } from './threads/team.js';

/** How the WebAssembly engine computes. */
export interface WasmOptions {
  /** Plain vector instructions only, whose results are the same on every machine. Default false. */
  readonly deterministic?: boolean;
  /** Bytes of arguments, constants and results that stay in the engine's memory between calls of `compile`'s programs. Default 512 MiB. */
  readonly budget?: number;
  /** Bytes that the engine's memory may grow to. Default 4 GiB, which is all that there is. */
  readonly maximumBytes?: number;
  /**
   * Threads that large programs run on, the caller's included. Default 'auto': as many as there are cores, at most 4.
   * Any number gives the same bits. Workers start when there is enough for them to do, and do not keep the process alive; until they
   * are ready, and where the platform has no shared memory, there is one thread.
   */
  readonly threads?: number | 'auto';
}

/** The WebAssembly engine. */
export interface WasmEngine extends Engine {
  /** What the engine's memory holds, and what its threads have done. */
  readonly statistics: () => EngineStatistics;
}

/** What an engine's memory holds, and what its threads have done. */
export interface EngineStatistics extends MemoryStatistics {
  readonly threads: ThreadStatistics;
}

/** For tests: how work is cut, and how workers start. */
export interface EngineParts {
  readonly grain?: Grain;
  readonly start?: StartMember;
}

/** What an engine makes when it first compiles something. */
interface Parts {
  readonly memory: EngineMemory;
  readonly kernels: Kernels;
  readonly team: Team;
  readonly grain: Grain;
  readonly isNative: boolean;
}

/** Beyond that, threads wait for memory and for each other. */
const MOST_AUTO = 4;

/** More is a mistake. */
const MOST_THREADS = 64;

/** @throws `InvalidArgument` for what is no number of threads */
const checkThreads = (threads: number | 'auto'): void => {
  if (threads === 'auto' || (Number.isInteger(threads) && threads >= 1 && threads <= MOST_THREADS)) return;
  throw new NatgradError('InvalidArgument', `threads is ${String(threads)}`, {
    operation: 'wasmEngine',
    argument: 'threads',
    found: String(threads),
    expected: `a whole number from 1 to ${MOST_THREADS}, or 'auto'`,
  });
};

/** How many threads there can be here, and why not more. */
const threadsFor = (
  threads: number | 'auto',
  start: StartMember | null,
): { readonly size: number; readonly reason: string | null } => {
  if (threads === 1) return { size: 1, reason: null };
  const size = threads === 'auto' ? Math.min(coreCount(), MOST_AUTO) : threads;
  if (size <= 1) return { size: 1, reason: 'there is one core' };
  const reason = noSharing() ?? (start === null ? 'this platform has no workers' : null);
  return { size: reason === null ? size : 1, reason };
};

/** @throws `Unsupported` on a platform without WebAssembly's vector instructions. */
export const makeParts = (
  { deterministic = false, threads = 'auto', ...sizes }: WasmOptions,
  products?: Products,
  { grain = GRAIN, start = memberStarter() ?? undefined }: EngineParts = {},
): Parts => {
  const { relaxed, missing } = detect();
  if (missing !== null)
    throw new NatgradError('Unsupported', `this platform has ${missing.found}, expected ${missing.expected}`, {
      operation: 'wasmEngine',
      ...missing,
    });
  const { size, reason } = threadsFor(threads, start ?? null);
  const memory = createMemory({ ...sizes, shared: size > 1 });
  const team =
    start !== undefined && isShared(memory.memory)
      ? createTeam(size, memory, start, products?.library ?? null)
      : teamOfOne(reason ?? (size > 1 ? 'this platform refuses shared memory' : null));
  return {
    memory,
    kernels: createKernels(memory.memory, relaxed && !deterministic ? 'relaxed' : 'plain', products),
    team,
    grain,
    isNative: products !== undefined,
  };
};

/** Workers of engines that nobody has any more. The team refers to no engine. */
const abandoned = new FinalizationRegistry<Team>((team) => team.disband());

/** A compiled engine under a name, with products of its own or of another origin, which is asked for when something is compiled. */
export const engineWith = (
  name: string,
  options: WasmOptions,
  products?: () => Products,
  own: EngineParts = {},
): WasmEngine => {
  checkThreads(options.threads ?? 'auto');
  let parts: Parts | undefined;
  const made = (): Parts => {
    if (parts !== undefined) return parts;
    parts = makeParts(options, products?.(), own);
    abandoned.register(engine, parts.team);
    return parts;
  };
  const onOneThread: Engine = {
    name,
    compile: (graph) => executableOf(graph, { ...made(), team: alone }, onOneThread),
    prepare: (graph) => prepareOn(graph, made(), onOneThread),
  };
  const engine: WasmEngine = {
    name,
    compile: (graph) => executableOf(graph, made(), engine),
    prepare: (graph) => prepareOn(graph, made(), onOneThread),
    onOneThread,
    statistics: () => {
      const { memory, team } = made();
      return { ...memory.statistics(), threads: team.statistics() };
    },
  };
  return engine;
};

/**
 * An engine that compiles to WebAssembly. All its programs share one memory, which nobody has to free.
 *
 * @throws `Unsupported`, when it first compiles, on a platform without WebAssembly's vector instructions.
 */
export const wasmEngine = (options: WasmOptions = {}): WasmEngine =>
  engineWith(options.deterministic === true ? 'wasm deterministic' : 'wasm', options);

/** A call of a plan: memory for its buffers, and the arguments in it. */
export const openFrame = (plan: Plan, memory: EngineMemory, args: readonly Tensor[]): Frame => {
  const arena = plan.arena.bytes === 0 ? 0 : memory.arena(plan.arena.bytes);
  const address = plan.buffers.map(({ storage, bytes }) => {
    switch (storage.kind) {
      case 'argument':
        return memory.resident(args[storage.index] as Tensor);
      case 'constant':
        return memory.resident(plan.graph.constants[storage.index] as Tensor);
      case 'arena':
        return arena + storage.offset;
      case 'result':
        return memory.take(bytes);
    }
  });
  plan.buffers.forEach(({ copyOf }, k) => {
    if (copyOf !== undefined) copyIn(memory, args[copyOf] as Tensor, address[k] as number);
  });
  return { address, args };
};

const executableOf = (graph: Graph, parts: Parts, engine: Engine): Executable => {
  const { memory, kernels, team, grain, isNative } = parts;
  const plan = planOf(optimise(graph), 'program', grain);
  const isDivided = team.size > 1 && isWorthThreads(plan, isNative);
  const steps = runnable(plan, kernels, memory, engine, isDivided ? team : alone);
  const name = plan.graph.nodes[0]?.primitive.name ?? 'identity';
  const run = (args: readonly Tensor[]): readonly Tensor[] => {
    if (isDivided) team.gather();
    const frame = openFrame(plan, memory, args);
    for (const step of steps) step(frame);
    return collect(plan, memory, frame.address, args);
  };
  return { run: (args) => memory.call(name, () => run(args)) };
};

/** The results of a call as tensors; a buffer that two results show becomes one tensor and a copy. */
const collect = (
  plan: Plan,
  memory: EngineMemory,
  address: readonly number[],
  args: readonly Tensor[],
): readonly Tensor[] => {
  const adopted = new Map<number, Tensor>();
  const reshaped = (tensor: Tensor, { aval }: Result): Tensor =>
    tensor.shape.length === aval.shape.length && tensor.shape.every((extent, axis) => extent === aval.shape[axis])
      ? tensor
      : adopt(elements(tensor), aval.dtype, aval.shape);
  return plan.results.map((result) => {
    if (result.kind !== 'buffer')
      return reshaped((result.kind === 'argument' ? args : plan.graph.constants)[result.index] as Tensor, result);
    const known = adopted.get(result.buffer);
    if (known !== undefined) return reshaped(known, result);
    const { bytes } = plan.buffers[result.buffer] as Plan['buffers'][number];
    const at = address[result.buffer] as number;
    const tensor =
      bytes <= SMALL_RESULT
        ? adopt(slice(memory, at, result.aval).slice(), result.aval.dtype, result.aval.shape)
        : memory.adoptResult(at, result.aval.dtype, result.aval.shape);
    adopted.set(result.buffer, tensor);
    return tensor;
  });
};

/** The plan of a program, for printing and for tests that count what it does. */
export const compilePlan = (graph: Graph): Plan => planOf(optimise(graph));
