/** Blocks of the engine's memory that programs borrow from call to call, and give back when it needs the room. */

/** Who has borrowed a block. */
export interface Loan {
  /** The block is not called back while this is true. */
  readonly isInUse: () => boolean;
  /** The block is somebody else's from now on. */
  readonly calledBack: () => void;
}

export interface Loans {
  /** Notes the block of a borrower who has none. Beyond {@link MOST_LENT} the oldest is called back. */
  readonly add: (loan: Loan, offset: number) => void;
  /** Calls blocks back, the oldest first and never one in use, until there is `enough`. */
  readonly callBackUntil: (enough: () => boolean) => void;
}

/** No more loans than this: what is prepared for quick calls are a handful of programs. */
const MOST_LENT = 64;

export const createLoans = (release: (offset: number) => void): Loans => {
  /** The oldest first. */
  const lent = new Map<Loan, number>();
  const callBackUntil = (enough: () => boolean): void => {
    for (const [loan, offset] of lent) {
      if (enough()) return;
      if (loan.isInUse()) continue;
      lent.delete(loan);
      release(offset);
      loan.calledBack();
    }
  };
  return {
    add: (loan, offset) => {
      callBackUntil(() => lent.size < MOST_LENT);
      lent.set(loan, offset);
    },
    callBackUntil,
  };
};
