/** Where and when something was measured: a line beneath every table. */
import { cpus, totalmem } from 'node:os';

export const machine = (): string => {
  const processors = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  const model = processors[0]?.model.trim() ?? 'unknown processor';
  const day = new Date().toISOString().slice(0, 10);
  return `${model}, ${processors.length} cores, ${memory} GiB, ${process.platform} ${process.arch}, Node ${process.versions.node}, ${day}.`;
};
