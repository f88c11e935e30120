/** Where output goes: colours only where somebody sees them, and no crash when the reader of a pipe has gone. */
import { EXIT } from '../failure.js';

export interface Terminal {
  /** True if lines that were written can be drawn over. */
  readonly live: boolean;
  readonly columns: number;
  readonly write: (text: string) => void;
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly green: (text: string) => string;
}

/** Standard output. Colours follow https://no-color.org. */
export const terminal = (): Terminal => {
  const { stdout, env } = process;
  const live = stdout.isTTY && env['TERM'] !== 'dumb';
  const colours = live && (env['NO_COLOR'] ?? '') === '';
  const style =
    (on: number, off: number) =>
    (text: string): string =>
      colours ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  return {
    live,
    columns: live ? stdout.columns : 80,
    write: (text) => {
      stdout.write(text);
    },
    bold: style(1, 22),
    dim: style(2, 22),
    green: style(32, 39),
  };
};

/** Ends the process quietly, as SIGPIPE would, when nobody reads what it writes: runs on disk are whole at any moment. */
export const endWithReader = (): void => {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(EXIT.brokenPipe);
      throw error;
    });
};
