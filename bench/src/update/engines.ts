/** Engines of this project by name: one line per engine. */
import { blasEngine, blasLibrary, type Engine, interpreter, wasmEngine } from '@natgrad/autodiff';

export interface NamedEngine {
  readonly name: string;
  /** The `engine` of its rows; the name unless this is another setting of that engine. */
  readonly row?: string;
  readonly variant: string;
  readonly engine: Engine;
  readonly threads: number;
  /** Most repeats of an update, where an engine is a specification and not meant to be fast. */
  readonly mostRepeats?: number;
}

const VARIANT = 'linearised';

/** Engines by name on so many threads. The first is the specification that the others are compared with; it has one. */
export const engines = (threads = 1): readonly NamedEngine[] => [
  { name: 'interpreter', variant: VARIANT, engine: interpreter, threads: 1, mostRepeats: 1 },
  { name: 'wasm', variant: VARIANT, engine: wasmEngine({ threads }), threads },
  // Without the relaxed instructions, so that every machine gives the same bits.
  {
    name: 'wasm-deterministic',
    row: 'wasm',
    variant: `${VARIANT}, deterministic`,
    engine: wasmEngine({ deterministic: true, threads }),
    threads,
  },
  // Where the system has one.
  ...(blasLibrary()._tag === 'Right'
    ? [{ name: 'blas', variant: VARIANT, engine: blasEngine({ threads }), threads }]
    : []),
];
