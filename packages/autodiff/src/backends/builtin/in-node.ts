/** What stands in for `anywhere.ts` in Node (`#builtin` in the manifest): before 20.16, Node has no `process.getBuiltinModule`. */
import { createRequire } from 'node:module';
import { builtin as known } from './anywhere.js';

/** A module of Node by its name, e.g. `node:os`; undefined where there is none. */
export const builtin = (id: string): unknown => {
  const found = known(id);
  if (found !== undefined) return found;
  try {
    return createRequire(import.meta.url)(id);
  } catch {
    // A bundle that does not know where it is, or a name that this Node does not know.
    return undefined;
  }
};
