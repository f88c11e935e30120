/** A linear memory that grows, the typed arrays over it, and the suballocator of its bytes. */
import { type DType, NatgradError } from '@natgrad/tensor';
import { type Allocator, createAllocator } from './allocator.js';
import { refusedMemory } from './platform.js';

/** Typed arrays over the whole memory, by what they hold. */
type LinearViews = {
  readonly [K in DType]: {
    f32: Float32Array;
    f64: Float64Array;
    i32: Int32Array;
    bool: Uint8Array;
  }[K];
};

export interface Linear {
  readonly memory: WebAssembly.Memory;
  /** Good until the next `allocate`, which may grow the memory: then they are detached, or do not see all of it. */
  readonly views: () => LinearViews;
  /** A block of at least `bytes`, or null where none is free and the memory cannot grow by enough. */
  readonly allocate: (bytes: number) => number | null;
  readonly release: Allocator['release'];
  readonly bytesOf: Allocator['bytesOf'];
  /** Bytes of the blocks in use. */
  readonly used: () => number;
  /** Size that the memory never exceeds. */
  readonly maximumBytes: number;
}

const PAGE = 65_536;

/** Grown by at least this many pages at once: growing costs as much as copying hundreds of kilobytes. */
const GROWTH_PAGES = 64;

/** Whether threads share a memory. */
export const isShared = ({ buffer }: WebAssembly.Memory): boolean => !(buffer instanceof ArrayBuffer);

/** Pages that a host which refuses more is still asked for as a shared memory: 256 MiB. */
const FEWEST_SHARED = 4096;

/** Sizes from the most to the fewest, each half of the one before. */
const halvings = (most: number, fewest: number): readonly number[] =>
  most > fewest ? [most, ...halvings(Math.max(fewest, Math.floor(most / 2)), fewest)] : [fewest];

/**
 * The one place that decides what kind of memory it is. Growing one that is not shared detaches the arrays over it; growing a shared
 * one leaves them as they are. A host sets aside addresses for all that one may grow to; where it refuses, it is asked for half, and
 * in the end for a memory that is not shared.
 */
const createWebAssemblyMemory = (
  initial: number,
  maximum: number,
  shared: boolean,
): { readonly memory: WebAssembly.Memory; readonly maximum: number } => {
  const sharedSizes = shared ? halvings(maximum, Math.max(initial, Math.min(maximum, FEWEST_SHARED))) : [];
  const descriptors = [
    ...sharedSizes.map((most) => ({ initial, maximum: most, shared: true })),
    ...halvings(maximum, initial).map((most) => ({ initial, maximum: most })),
  ];
  let refusal: unknown;
  for (const descriptor of descriptors) {
    try {
      return { memory: new WebAssembly.Memory(descriptor), maximum: descriptor.maximum };
    } catch (error) {
      // Asked for less.
      refusal = error;
    }
  }
  const { found, expected } = refusedMemory(refusal);
  throw new NatgradError('OutOfMemory', `${initial * PAGE} bytes asked for, but this platform has ${found}`, {
    operation: 'wasmEngine',
    found,
    expected,
  });
};

const viewsOf = (buffer: ArrayBufferLike): LinearViews => ({
  f32: new Float32Array(buffer),
  f64: new Float64Array(buffer),
  i32: new Int32Array(buffer),
  bool: new Uint8Array(buffer),
});

/**
 * Sizes in bytes; `initialBytes` is rounded up to pages of 64 KiB, `maximumBytes` down. `shared` by threads where the host can.
 *
 * @throws `OutOfMemory` where the host refuses even the initial size
 */
export const createLinear = (initialBytes: number, maximumBytes: number, shared = false): Linear => {
  const wanted = Math.floor(maximumBytes / PAGE);
  const initial = Math.min(wanted, Math.ceil(initialBytes / PAGE));
  const { memory, maximum: maximumPages } = createWebAssemblyMemory(initial, wanted, shared);
  const allocator = createAllocator(memory.buffer.byteLength);
  let buffer = memory.buffer;
  let cached = viewsOf(buffer);

  const views = (): LinearViews => {
    if (buffer !== memory.buffer) {
      buffer = memory.buffer;
      cached = viewsOf(buffer);
    }
    return cached;
  };

  const grow = (bytes: number): boolean => {
    const pages = memory.buffer.byteLength / PAGE;
    const needed = Math.ceil(bytes / PAGE);
    if (pages + needed > maximumPages) return false;
    try {
      memory.grow(Math.min(maximumPages - pages, Math.max(needed, GROWTH_PAGES)));
    } catch {
      // The host has no more to give, although the maximum is not reached.
      return false;
    }
    allocator.extend(memory.buffer.byteLength);
    return true;
  };

  return {
    memory,
    views,
    allocate: (bytes) =>
      allocator.allocate(bytes) ?? (grow(allocator.missing(bytes)) ? allocator.allocate(bytes) : null),
    release: allocator.release,
    bytesOf: allocator.bytesOf,
    used: () => allocator.statistics().used,
    maximumBytes: maximumPages * PAGE,
  };
};
