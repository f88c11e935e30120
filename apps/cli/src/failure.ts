/** Why a command ends early. */

/** Exit codes of every command. */
export const EXIT = {
  done: 0,
  /** The command ran, and the answer is no: not solved, or beyond tolerance; or something outside failed. */
  failed: 1,
  /** The command line, or a file that it names, is wrong. */
  usage: 2,
  /** Stopped by Ctrl-C: 128 + SIGINT. */
  interrupted: 130,
  /** The reader of a pipe is gone: 128 + SIGPIPE. */
  brokenPipe: 141,
} as const;

/** Ends the command with a message for people. */
export class Failure extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT.failed) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** A mistake in the command line. */
export const usage = (message: string): Failure => new Failure(message, EXIT.usage);

/**
 * The first line of an error's message, without characters that drive a terminal: it may quote a file. The second line names a line of
 * code, which here is not the caller's fault.
 */
export const headline = ({ message }: Error): string => message.split('\n', 1).join('').replace(/\p{C}/gu, '�');
