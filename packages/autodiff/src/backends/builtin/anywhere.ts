/** Modules of Node where it may be another platform (`#builtin` in the manifest): none is imported. */

interface NodeProcess {
  readonly getBuiltinModule?: (id: string) => unknown;
}

/** A module of Node by its name, e.g. `node:os`; undefined where there is none. Node before 20.16 needs `in-node.ts`. */
export const builtin = (id: string): unknown => {
  const { process } = globalThis as { readonly process?: NodeProcess };
  return process?.getBuiltinModule?.(id);
};
