/** A linear memory that grows, the typed arrays over it, and the suballocator of its bytes. */
import type { DType } from '@natgrad/tensor';
import { type Allocator, createAllocator } from './allocator.js';

/** Typed arrays over the whole memory, by what they hold. */
type LinearViews = {
  readonly [K in DType]: {
    f32: Float32Array<ArrayBuffer>;
    f64: Float64Array<ArrayBuffer>;
    i32: Int32Array<ArrayBuffer>;
    bool: Uint8Array<ArrayBuffer>;
  }[K];
};

export interface Linear {
  readonly memory: WebAssembly.Memory;
  /** Good until the next `allocate`, which may grow the memory and so detach them. */
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

/** The one place that decides what kind of memory it is. Growing one that is not shared detaches the arrays over it. */
const createWebAssemblyMemory = (initial: number, maximum: number): WebAssembly.Memory =>
  new WebAssembly.Memory({ initial, maximum });

const viewsOf = (buffer: ArrayBuffer): LinearViews => ({
  f32: new Float32Array(buffer),
  f64: new Float64Array(buffer),
  i32: new Int32Array(buffer),
  bool: new Uint8Array(buffer),
});

/** Sizes in bytes; `initialBytes` is rounded up to pages of 64 KiB, `maximumBytes` down. */
export const createLinear = (initialBytes: number, maximumBytes: number): Linear => {
  const maximumPages = Math.floor(maximumBytes / PAGE);
  const memory = createWebAssemblyMemory(Math.min(maximumPages, Math.ceil(initialBytes / PAGE)), maximumPages);
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
