/**
 * Divides one range of bytes into blocks. Free blocks are kept in lists by size (two-level segregated fit: Masmano,
 * Ripoll, Crespo and Real, ECRTS 2004), so that taking and giving back cost the same however many blocks there are.
 */
import { invalid } from '@natgrad/tensor/internal';

interface AllocatorStatistics {
  /** Bytes of the blocks in use, padding included. */
  readonly used: number;
  readonly free: number;
  /** Bytes of the largest free block, the padding of what will be put there included. */
  readonly largestFree: number;
}

export interface Allocator {
  /** Offset of a block that holds `bytes`, or null where no free block does. A request for 0 bytes has a block too. */
  readonly allocate: (bytes: number) => number | null;
  /** Throws for an offset at which no block in use begins, so that nothing is freed twice. */
  readonly release: (offset: number) => void;
  /** Size of the block in use that begins there, padding included. */
  readonly bytesOf: (offset: number) => number;
  /** Appends the bytes up to `limit` to the range. */
  readonly extend: (limit: number) => void;
  /** By how much the range would have to grow for `bytes` to fit at its end. */
  readonly missing: (bytes: number) => number;
  readonly statistics: () => AllocatorStatistics;
}

/** Blocks begin at multiples of a cache line. */
const ALIGNMENT = 64;

/** Behind the bytes asked for: a load of whole vectors at the end of a block stays inside it. */
const PADDING = 64;

/** Free lists per power of two. Within a list sizes differ by less than one part in eight. */
const CLASSES_PER_POWER_BITS = 3;
const CLASSES_PER_POWER = 1 << CLASSES_PER_POWER_BITS;

/** Enough for 2³¹ units of 64 bytes. */
const CLASSES: number = CLASSES_PER_POWER * 32;

/** Blocks in use are found through a list for each stretch of 2¹² bytes, in which at most 32 of them begin. */
const STRETCH_BITS = 12;

/** How many blocks of the very class are tried before a larger one is split. */
const TRIES = 8;

interface Block {
  offset: number;
  bytes: number;
  free: boolean;
  /** Neighbours in the range. */
  before: Block | undefined;
  after: Block | undefined;
  /** Neighbours in the free list. */
  previous: Block | undefined;
  next: Block | undefined;
  /** Another block in use that begins in the same stretch. */
  sibling: Block | undefined;
}

/** Bytes that a request occupies. */
const blockBytes = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT + PADDING;

/** Sizes below 8 units have a list each, then there are 8 lists from each power of two to the next. */
const classOf = (bytes: number): number => {
  const units = bytes / ALIGNMENT;
  if (units < CLASSES_PER_POWER) return units;
  const power = 31 - Math.clz32(units) - CLASSES_PER_POWER_BITS;
  return power * CLASSES_PER_POWER + (units >>> power);
};

/** A suballocator of the bytes from 0 to `limit`. It knows only offsets; it touches no memory. */
export const createAllocator = (limit = 0): Allocator => {
  const lists = new Array<Block | undefined>(CLASSES).fill(undefined);
  /** Bit `c` is set while `lists[c]` is not empty. */
  const filled = new Uint32Array(CLASSES / 32);
  // A Map would do, but V8 keeps the places of deleted entries in its buckets until it rehashes: giving and taking the
  // same offset among 10⁵ others cost 30 µs.
  const starts: (Block | undefined)[] = [];
  let last: Block | undefined;
  let end = 0;
  let used = 0;

  const insert = (block: Block): void => {
    const list = classOf(block.bytes);
    const head = lists[list];
    block.free = true;
    block.previous = undefined;
    block.next = head;
    if (head !== undefined) head.previous = block;
    lists[list] = block;
    filled[list >>> 5]! |= 1 << (list & 31);
  };

  const remove = (block: Block): void => {
    const { previous, next } = block;
    block.free = false;
    // A block in use that still knew the block behind it would keep it, and all those that have ever been beside it, from the collector.
    block.previous = undefined;
    block.next = undefined;
    if (next !== undefined) next.previous = previous;
    if (previous !== undefined) {
      previous.next = next;
      return;
    }
    const list = classOf(block.bytes);
    lists[list] = next;
    if (next === undefined) filled[list >>> 5]! &= ~(1 << (list & 31));
  };

  /** The block absorbs its neighbour behind it. */
  const absorb = (block: Block, after: Block): void => {
    block.bytes += after.bytes;
    block.after = after.after;
    if (after.after === undefined) last = block;
    else after.after.before = block;
  };

  const insertMerged = (block: Block): void => {
    const { before, after } = block;
    if (after?.free === true) {
      remove(after);
      absorb(block, after);
    }
    if (before?.free === true) {
      remove(before);
      absorb(before, block);
      insert(before);
    } else insert(block);
  };

  /** The first block of a list that is large enough, among the first `tries`. */
  const search = (list: number, bytes: number, tries: number): Block | undefined => {
    let block = lists[list];
    for (let tried = 0; block !== undefined && tried < tries; tried += 1) {
      if (block.bytes >= bytes) return block;
      block = block.next;
    }
    return undefined;
  };

  /** The head of the first list at or above `from` that is not empty. */
  const firstFrom = (from: number): Block | undefined => {
    let word = from >>> 5;
    let bits = (filled[word] ?? 0) & (-1 << (from & 31));
    while (bits === 0) {
      word += 1;
      if (word >= filled.length) return undefined;
      bits = filled[word]!;
    }
    return lists[word * 32 + 31 - Math.clz32(bits & -bits)];
  };

  const find = (bytes: number): Block | undefined => {
    const list = classOf(bytes);
    // Every block of a later list is large enough; of this list any may be, and so the last resort tries them all.
    return search(list, bytes, TRIES) ?? firstFrom(list + 1) ?? search(list, bytes, Infinity);
  };

  const allocate = (bytes: number): number | null => {
    const needed = blockBytes(bytes);
    if (needed > end) return null;
    const block = find(needed);
    if (block === undefined) return null;
    remove(block);
    const { offset, after } = block;
    if (block.bytes > needed) {
      const rest: Block = {
        offset: offset + needed,
        bytes: block.bytes - needed,
        free: true,
        before: block,
        after,
        previous: undefined,
        next: undefined,
        sibling: undefined,
      };
      if (after === undefined) last = rest;
      else after.before = rest;
      block.after = rest;
      block.bytes = needed;
      insert(rest);
    }
    const stretch = offset >>> STRETCH_BITS;
    block.sibling = starts[stretch];
    starts[stretch] = block;
    used += needed;
    return offset;
  };

  const blockAt = (operation: string, offset: number): Block => {
    let block = starts[offset >>> STRETCH_BITS];
    while (block !== undefined && block.offset !== offset) block = block.sibling;
    if (block === undefined)
      throw invalid(operation, `no block in use begins at ${offset}`, { argument: 'offset', found: String(offset) });
    return block;
  };

  const bytesOf = (offset: number): number => blockAt('bytesOf', offset).bytes;

  const release = (offset: number): void => {
    const block = blockAt('release', offset);
    const stretch = offset >>> STRETCH_BITS;
    let before = starts[stretch];
    if (before === block) starts[stretch] = block.sibling;
    else {
      while (before!.sibling !== block) before = before!.sibling;
      before!.sibling = block.sibling;
    }
    block.sibling = undefined;
    used -= block.bytes;
    insertMerged(block);
  };

  const extend = (to: number): void => {
    const aligned = Math.floor(to / ALIGNMENT) * ALIGNMENT;
    if (aligned <= end) return;
    const block: Block = {
      offset: end,
      bytes: aligned - end,
      free: true,
      before: last,
      after: undefined,
      previous: undefined,
      next: undefined,
      sibling: undefined,
    };
    if (last !== undefined) last.after = block;
    last = block;
    end = aligned;
    while (starts.length < Math.ceil(end / 2 ** STRETCH_BITS)) starts.push(undefined);
    insertMerged(block);
  };

  const missing = (bytes: number): number => Math.max(0, blockBytes(bytes) - (last?.free === true ? last.bytes : 0));

  const statistics = (): AllocatorStatistics => {
    let largestFree = 0;
    for (let list = CLASSES - 1; list >= 0 && largestFree === 0; list -= 1)
      for (let block = lists[list]; block !== undefined; block = block.next)
        largestFree = Math.max(largestFree, block.bytes);
    return { used, free: end - used, largestFree };
  };

  extend(limit);
  return { allocate, release, bytesOf, extend, missing, statistics };
};
