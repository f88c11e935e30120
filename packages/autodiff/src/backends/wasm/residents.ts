/** What the engine's memory knows of the tensors inside it, in the order of their last use. */
import type { DType, TypedArray } from '@natgrad/tensor';

/** The record of a tensor; it must not refer to the tensor, or neither would ever be collected. */
export interface Resident {
  readonly dtype: DType;
  readonly size: number;
  /** Size of its block, while it has one. */
  bytes: number;
  /** Where the elements lie inside; undefined while they do not. */
  offset: number | undefined;
  /** True for a result until somebody reads it: its tensor has no elements of its own yet. */
  unread: boolean;
  /** Elements of a result that was evicted before it was read. */
  movedOut: TypedArray | undefined;
  /** How many times calls in progress rely on `offset`. */
  pins: number;
  /** Neighbours in the list. */
  older: Resident | undefined;
  newer: Resident | undefined;
}

export const recordOf = (dtype: DType, size: number, unread: boolean): Resident => ({
  dtype,
  size,
  bytes: 0,
  offset: undefined,
  unread,
  movedOut: undefined,
  pins: 0,
  older: undefined,
  newer: undefined,
});

export interface ResidentList {
  readonly oldest: () => Resident | undefined;
  readonly count: () => number;
  /** Bytes of all their blocks. */
  readonly bytes: () => number;
  /** As the one used last. */
  readonly add: (resident: Resident) => void;
  readonly remove: (resident: Resident) => void;
}

/** A linked list: a Set that is churned keeps deleted places until it rehashes, and looks through them for the oldest. */
export const createResidentList = (): ResidentList => {
  let oldest: Resident | undefined;
  let newest: Resident | undefined;
  let count = 0;
  let bytes = 0;
  return {
    oldest: () => oldest,
    count: () => count,
    bytes: () => bytes,
    add: (resident) => {
      resident.older = newest;
      if (newest === undefined) oldest = resident;
      else newest.newer = resident;
      newest = resident;
      count += 1;
      bytes += resident.bytes;
    },
    remove: (resident) => {
      const { older, newer } = resident;
      if (older === undefined) oldest = newer;
      else older.newer = newer;
      if (newer === undefined) newest = older;
      else newer.older = older;
      resident.older = undefined;
      resident.newer = undefined;
      count -= 1;
      bytes -= resident.bytes;
    },
  };
};
