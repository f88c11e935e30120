/**
 * The engine's one linear memory. Three kinds of blocks share it: arenas, which a plan takes for the length of a call;
 * residents, copies of tensors kept for the next call; and results, residents whose elements are nowhere else until
 * somebody reads them or they are evicted.
 *
 * Nothing here depends on finalizers, which never run inside a synchronous loop: a budget bounds the residents, and the
 * least recently used leave first. Nothing uses WeakRef, which would keep every tensor alive until such a loop ends (the
 * target of a WeakRef lives at least as long as the job that made or read it: ECMA-262, 9.10). Instead a result and this
 * memory share a record, a `Resident`. To evict it, the memory writes the elements into the record and forgets the record,
 * so from then on they live exactly as long as the tensor does.
 */
import { type DType, NatgradError, type Shape, type Tensor, type TypedArray } from '@natgrad/tensor';
import { adopt, bytesPerElement, copyStrided, defer, invalid, isContiguous, viewOf } from '@natgrad/tensor/internal';
import { createLinear } from './linear.js';
import { createLoans, type Loan } from './loans.js';
import { createResidentList, type Resident, recordOf } from './residents.js';

export interface MemoryOptions {
  /** Size at first; rounded up to pages of 64 KiB. Default 1 MiB. */
  readonly initialBytes?: number;
  /** Size never exceeded; rounded down to pages. Default 4 GiB − 64 KiB, the most that 32-bit addresses reach. */
  readonly maximumBytes?: number;
  /** Bytes of residents that stay inside between calls. Default 512 MiB. */
  readonly budget?: number;
  /** Whether threads share it, where the host can. Default false. */
  readonly shared?: boolean;
}

export interface MemoryStatistics {
  /** Size of the linear memory, which never shrinks. */
  readonly memoryBytes: number;
  /** Bytes of the blocks taken and not given back, padding included. */
  readonly arenaBytes: number;
  /** Bytes of the residents, padding included. */
  readonly residentBytes: number;
  readonly residents: number;
  /** Counts since the memory was made. */
  readonly uploads: number;
  readonly evictions: number;
  /** Evictions that had to move elements out, because they were nowhere else. */
  readonly movedOut: number;
}

/**
 * Offsets are bytes, multiples of 64, and every block has at least 64 readable bytes behind it. An array of `f32()` and
 * the like is good until the next `take` or `resident`, which may grow the memory and so detach it.
 */
export interface EngineMemory {
  readonly memory: WebAssembly.Memory;
  readonly f32: () => Float32Array;
  readonly f64: () => Float64Array;
  readonly i32: () => Int32Array;
  readonly u8: () => Uint8Array;
  /**
   * Runs a call, which may contain others and must be synchronous. Residents asked for in it stay where they are until
   * it ends; blocks taken in it and neither given back nor adopted are given back when it ends, also by an exception.
   * `operation` is what errors name.
   */
  readonly call: <T>(operation: string, run: () => T) => T;
  /**
   * A block of at least `bytes`, its contents arbitrary; outside calls it stays until given back. Grows the memory or
   * evicts residents to make room. Error: `OutOfMemory`, after which everything works as before.
   */
  readonly take: (bytes: number) => number;
  readonly give: (offset: number) => void;
  /** As `take`, but the block stays until given back also within a call. */
  readonly reserve: (bytes: number) => number;
  /**
   * Keeps all blocks and arenas of the calls in progress out of use, because a thread that does not answer may still write there,
   * until the function that it returns is called.
   */
  readonly quarantine: () => () => void;
  /**
   * A block of at least `bytes` that its borrower keeps from call to call, until the memory needs the room or has lent many
   * others since.
   */
  readonly lend: (bytes: number, loan: Loan) => number;
  /**
   * A block of at least `bytes` for the call in progress, its contents arbitrary: the same one for each call at this depth, as
   * long as it fits. A plan whose arena lay elsewhere each time would run in memory that no cache holds.
   */
  readonly arena: (bytes: number) => number;
  /** Where the row-major elements of a tensor lie, copied in unless they are there already. Only within a call. */
  readonly resident: (tensor: Tensor) => number;
  /** The row-major elements in a taken block as a tensor, to which the block belongs from now on. */
  readonly adoptResult: (offset: number, dtype: DType, shape: Shape) => Tensor;
  readonly statistics: () => MemoryStatistics;
}

/** 4 GiB − 64 KiB: 32-bit addresses reach no further, and the size itself must be one. */
const DEFAULT_MAXIMUM: number = 2 ** 32 - 2 ** 16;
const DEFAULT_BUDGET: number = 512 * 2 ** 20;

/**
 * Results up to this many bytes are copied out at once: the copy costs less than keeping track of them. Arguments of that
 * size are kept, but not watched by finalizers.
 */
export const SMALL_RESULT: number = 64 * 1024;

/** No more residents than this, however small: each costs some hundred bytes outside the budget. */
const MAXIMUM_RESIDENTS: number = 2 ** 12;

interface Call {
  readonly operation: string;
  readonly pinned: Resident[];
  /** Blocks taken in this call that it still has. */
  readonly taken: number[];
}

/** An arena above this size is not kept for plans that need less than a quarter of it. */
const LARGE_ARENA: number = 64 * 2 ** 20;

/** Linear memory with arenas and residents; an engine makes one and all its plans share it. */
export const createMemory = (options: MemoryOptions = {}): EngineMemory => {
  const { initialBytes = 2 ** 20, maximumBytes = DEFAULT_MAXIMUM, budget = DEFAULT_BUDGET, shared = false } = options;
  const linear = createLinear(initialBytes, maximumBytes, shared);
  const records = new WeakMap<Tensor, Resident>();
  const inside = createResidentList();
  const calls: Call[] = [];
  /** Blocks taken outside calls. */
  const held = new Set<number>();
  /** By depth of calls inside calls: the arena kept for it. */
  const arenas: (number | undefined)[] = [];
  const loans = createLoans(linear.release);
  let uploads = 0;
  let evictions = 0;
  let movedOut = 0;

  /** A fresh copy of the elements inside. */
  const copyOut = (dtype: DType, size: number, offset: number): TypedArray => {
    const first = offset / bytesPerElement(dtype);
    return linear.views()[dtype].slice(first, first + size);
  };

  const forget = (resident: Resident): void => {
    linear.release(resident.offset as number);
    resident.offset = undefined;
    inside.remove(resident);
    finalizers.unregister(resident);
  };

  // Frees what nobody can ask for any more earlier than the budget would, wherever the event loop turns. The records that
  // it holds do not refer to their tensors; evicted ones are unregistered, so a loop that never yields piles up nothing.
  const finalizers = new FinalizationRegistry<Resident>((resident) => forget(resident));

  /** False where the host has no room for elements that must be moved out; they are safe inside then. */
  const evict = (resident: Resident): boolean => {
    if (resident.unread) {
      try {
        resident.movedOut = copyOut(resident.dtype, resident.size, resident.offset as number);
      } catch {
        return false;
      }
      movedOut += 1;
    }
    forget(resident);
    evictions += 1;
    return true;
  };

  /** Evicts residents, the least recently used first and never one that a call relies on, until there is `enough`. */
  const evictUntil = (enough: () => boolean): void => {
    let resident = inside.oldest();
    while (!enough() && resident !== undefined) {
      const { newer } = resident;
      if (resident.pins === 0) evict(resident);
      resident = newer;
    }
  };

  const withinBudget = (): boolean => inside.bytes() <= budget && inside.count() <= MAXIMUM_RESIDENTS;

  const dropArena = (depth: number): void => {
    const kept = arenas[depth];
    if (kept !== undefined) linear.release(kept);
    arenas[depth] = undefined;
  };

  const allocate = (bytes: number): number => {
    let offset = linear.allocate(bytes);
    if (offset === null) {
      // Arenas of deeper calls than those in progress are not in use.
      for (let depth = calls.length; depth < arenas.length; depth += 1) dropArena(depth);
      offset = linear.allocate(bytes);
    }
    // For more than there is in all, nothing would be gained by emptying the memory.
    if (offset === null && bytes < linear.maximumBytes) {
      const isFound = (): boolean => {
        offset ??= linear.allocate(bytes);
        return offset !== null;
      };
      loans.callBackUntil(isFound);
      evictUntil(isFound);
    }
    if (offset !== null) return offset;
    throw new NatgradError(
      'OutOfMemory',
      `${bytes} bytes asked for, but the engine's memory has ${linear.maximumBytes} at most, and ${linear.used()} are in use`,
      {
        operation: calls.at(-1)?.operation ?? 'take',
        found: `${bytes} bytes`,
        expected: 'smaller arguments: split the batch, or compute in f32',
      },
    );
  };

  const take = (bytes: number): number => {
    const offset = allocate(bytes);
    const call = calls.at(-1);
    if (call === undefined) held.add(offset);
    else call.taken.push(offset);
    return offset;
  };

  const arena = (bytes: number): number => {
    const depth = calls.length - 1;
    if (depth < 0) throw invalid('arena', 'an arena belongs to a call');
    const kept = arenas[depth];
    if (kept !== undefined) {
      const size = linear.bytesOf(kept);
      if (size >= bytes && (size <= LARGE_ARENA || size <= 4 * bytes)) return kept;
      dropArena(depth);
    }
    const offset = allocate(bytes);
    arenas[depth] = offset;
    return offset;
  };

  /** The block at `offset` is nobody's any more, or a result's. */
  const untake = (operation: string, offset: number): void => {
    for (let depth = calls.length - 1; depth >= 0; depth -= 1) {
      const { taken } = calls[depth] as Call;
      const at = taken.lastIndexOf(offset);
      if (at < 0) continue;
      taken[at] = taken.at(-1) as number;
      taken.pop();
      return;
    }
    if (!held.delete(offset))
      throw invalid(operation, `no block that was taken begins at ${offset}`, { argument: 'offset' });
  };

  const give = (offset: number): void => {
    untake('give', offset);
    linear.release(offset);
  };

  const reserve = (bytes: number): number => {
    const offset = allocate(bytes);
    held.add(offset);
    return offset;
  };

  const lend = (bytes: number, loan: Loan): number => {
    const offset = allocate(bytes);
    loans.add(loan, offset);
    return offset;
  };

  const quarantine = (): (() => void) => {
    const blocks = calls.flatMap(({ taken }, depth) => {
      const arena = arenas[depth];
      arenas[depth] = undefined;
      return arena === undefined ? taken.splice(0) : [...taken.splice(0), arena];
    });
    return () => {
      for (const offset of blocks.splice(0)) linear.release(offset);
    };
  };

  const finish = (call: Call): void => {
    calls.pop();
    for (const resident of call.pinned) resident.pins -= 1;
    for (const offset of call.taken) linear.release(offset);
    evictUntil(withinBudget);
  };

  const call = <T>(operation: string, run: () => T): T => {
    const started: Call = { operation, pinned: [], taken: [] };
    calls.push(started);
    try {
      return run();
    } finally {
      finish(started);
    }
  };

  const keep = (tensor: Tensor, resident: Resident, offset: number): void => {
    records.set(tensor, resident);
    resident.offset = offset;
    resident.bytes = linear.bytesOf(offset);
    inside.add(resident);
    if (resident.bytes > SMALL_RESULT) finalizers.register(tensor, resident, resident);
  };

  const upload = (tensor: Tensor, operation: string): Resident => {
    const { dtype, size } = tensor;
    const bytes = size * bytesPerElement(dtype);
    const source = viewOf(tensor, operation);
    const known = records.get(tensor);
    const resident = known ?? recordOf(dtype, size, false);
    const offset = allocate(bytes);
    const first = offset / bytesPerElement(dtype);
    const target = linear.views()[dtype].subarray(first, first + size);
    if (isContiguous(source)) target.set(source.data.subarray(source.offset, source.offset + size));
    else copyStrided(source, target);
    keep(tensor, resident, offset);
    uploads += 1;
    return resident;
  };

  const resident = (tensor: Tensor): number => {
    const call = calls.at(-1);
    if (call === undefined) throw invalid('resident', 'offsets of tensors are good only within a call');
    let found = records.get(tensor);
    if (found?.offset === undefined) found = upload(tensor, call.operation);
    else {
      inside.remove(found);
      inside.add(found);
    }
    found.pins += 1;
    call.pinned.push(found);
    return found.offset as number;
  };

  const adoptResult = (offset: number, dtype: DType, shape: Shape): Tensor => {
    const size = shape.reduce((product, extent) => product * extent, 1);
    const bytes = size * bytesPerElement(dtype);
    if (bytes <= SMALL_RESULT) {
      const copy = copyOut(dtype, size, offset);
      give(offset);
      return adopt(copy, dtype, shape);
    }
    untake('adoptResult', offset);
    const result = recordOf(dtype, size, true);
    const tensor = defer(dtype, shape, () => {
      const elements = result.movedOut ?? copyOut(dtype, size, result.offset as number);
      result.movedOut = undefined;
      result.unread = false;
      return elements;
    });
    keep(tensor, result, offset);
    return tensor;
  };

  const statistics = (): MemoryStatistics => ({
    memoryBytes: linear.memory.buffer.byteLength,
    arenaBytes: linear.used() - inside.bytes(),
    residentBytes: inside.bytes(),
    residents: inside.count(),
    uploads,
    evictions,
    movedOut,
  });

  return {
    memory: linear.memory,
    f32: () => linear.views().f32,
    f64: () => linear.views().f64,
    i32: () => linear.views().i32,
    u8: () => linear.views().bool,
    call,
    take,
    give,
    reserve,
    lend,
    quarantine,
    arena,
    resident,
    adoptResult,
    statistics,
  };
};
