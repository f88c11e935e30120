/**
 * Where buffers lie in an arena that all of them share: two may overlap where no step needs both. The largest go first, each into
 * the smallest gap that its neighbours in time leave it (Pisarchyk and Lee 2020, "Efficient memory management for deep neural
 * net inference", greedy by size).
 */

/** A buffer that is needed from step `from` to step `to`, both included. */
export interface Lifetime {
  readonly bytes: number;
  readonly from: number;
  readonly to: number;
}

export interface MemoryPlan {
  /** By buffer: bytes from the start of the arena, multiples of {@link ALIGNMENT}. */
  readonly offsets: readonly number[];
  /** Size of the arena. */
  readonly bytes: number;
  /** Most bytes that are needed at once: no arena can be smaller. */
  readonly peak: number;
}

export const ALIGNMENT = 64;

const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

const overlap = (a: Lifetime, b: Lifetime): boolean => a.from <= b.to && b.from <= a.to;

const peakOf = (buffers: readonly Lifetime[]): number => {
  const changes = buffers.flatMap(({ bytes, from, to }) => [
    { at: from, bytes },
    { at: to + 1, bytes: -bytes },
  ]);
  // What ends at a step makes room before what begins there.
  changes.sort((a, b) => a.at - b.at || a.bytes - b.bytes);
  let [now, most] = [0, 0];
  for (const { bytes } of changes) {
    now += bytes;
    most = Math.max(most, now);
  }
  return most;
};

interface Placed {
  readonly lifetime: Lifetime;
  readonly offset: number;
  readonly end: number;
}

/** Lays out buffers; `padding` bytes behind each belong to it. */
export const planMemory = (buffers: readonly Lifetime[], padding = 0): MemoryPlan => {
  const padded = buffers.map(({ bytes, from, to }) => ({
    bytes: bytes === 0 ? 0 : aligned(bytes + padding),
    from,
    to,
  }));
  const order = padded.map((_, k) => k).sort((a, b) => (padded[b] as Lifetime).bytes - (padded[a] as Lifetime).bytes);
  const offsets = new Array<number>(buffers.length).fill(0);
  const placed: Placed[] = [];
  let bytes = 0;
  for (const k of order) {
    const lifetime = padded[k] as Lifetime;
    const beside = placed.filter((other) => overlap(lifetime, other.lifetime));
    let best = { offset: -1, gap: Number.POSITIVE_INFINITY };
    let free = 0;
    for (const { offset, end } of beside) {
      const gap = offset - free;
      if (gap >= lifetime.bytes && gap < best.gap) best = { offset: free, gap };
      free = Math.max(free, end);
    }
    const offset = best.offset >= 0 ? best.offset : free;
    offsets[k] = offset;
    bytes = Math.max(bytes, offset + lifetime.bytes);
    const entry = { lifetime, offset, end: offset + lifetime.bytes };
    const at = placed.findIndex((other) => other.offset > offset);
    placed.splice(at < 0 ? placed.length : at, 0, entry);
  }
  return { offsets, bytes, peak: peakOf(padded) };
};
