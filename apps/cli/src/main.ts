/** The command line. Training has a thread of its own, so that this one hears signals at any moment; all else runs here. */
import { endWithReader } from './output/terminal.js';
import { runInThread } from './thread/host.js';

/** Runs a command line and sets the exit code of the process. */
export const main = async (argv: readonly string[]): Promise<void> => {
  endWithReader();
  if (argv[0] === 'train') {
    process.exitCode = await runInThread(argv);
    return;
  }
  // Loaded where it runs: it takes half a second, which the thread would spend a second time.
  const { runProgram } = await import('./program.js');
  await runProgram(argv);
};
