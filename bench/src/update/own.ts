/** An engine of this project as a candidate. */
import type { FloatDType } from '@natgrad/tensor';
import type { Candidate } from './candidate.js';
import type { NamedEngine } from './engines.js';
import { makeDirection, type Problem } from './problem.js';
import { makeUpdate, SHORTCUTS } from './program.js';

export const ownCandidate = (
  { name, row = name, variant, engine, threads, mostRepeats }: NamedEngine,
  dtype: FloatDType,
  problem: Problem,
): Candidate => {
  const { run, probe } = makeUpdate(engine);
  return {
    engine: row,
    variant,
    dtype,
    threads,
    peer: false,
    notes: SHORTCUTS,
    ...(mostRepeats === undefined ? {} : { mostRepeats }),
    show: () => {
      const began = performance.now();
      const update = run(problem);
      const firstCall = performance.now() - began;
      return Promise.resolve({ update, ...probe(problem, makeDirection(problem)), firstCall });
    },
    time: () => Promise.resolve(run(problem).timing),
    close: () => undefined,
  };
};
