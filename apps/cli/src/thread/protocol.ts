/** What the thread of a command and the main thread say to each other. */

export type StreamName = 'stdout' | 'stderr';

/** Text for one of the standard streams. */
export interface Written {
  readonly to: StreamName;
  readonly text: string;
}

/** As much as a thread cannot find out about a standard stream by itself. */
export interface Stream {
  readonly isTTY: boolean;
  readonly columns: number | undefined;
}

/** What the thread is made with. */
export interface Setup {
  readonly argv: readonly string[];
  readonly streams: Readonly<Record<StreamName, Stream>>;
  /** One word, a state of `STOP`. It is read without an event loop, which is silent while an iteration computes. */
  readonly stop: SharedArrayBuffer;
}

/**
 * Whether a stop was asked for, and until when it may be. Both threads change it by one exchange from `WAITING`, so a signal is
 * either heard by the loop of training or known to have come too late.
 */
export const STOP = { WAITING: 0, ASKED: 1, OVER: 2 } as const;

export type Message =
  | ({ readonly kind: 'write' } & Written)
  /** From now on the first signal asks for a stop, which the main thread says in these words. */
  | ({ readonly kind: 'listen' } & Written);
