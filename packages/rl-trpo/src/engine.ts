/** Which engine runs a computation: from the options to the engine. */
import {
  blas,
  blasEngine,
  defaultEngine,
  type Engine,
  interpreter,
  portableEngine,
  type WasmEngine,
  wasm,
  wasmEngine,
} from '@natgrad/autodiff';
import { isNatgradError, NatgradError } from '@natgrad/tensor';
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { TrpoConfig } from './config.js';
import { issueError, type TrpoError } from './errors.js';

/** The options that choose an engine, and how many threads it has. */
export type EngineOptions = Pick<TrpoConfig, 'engine' | 'deterministic'> & Partial<Pick<TrpoConfig, 'threads'>>;

/** An engine that is not just the default. */
export type EngineName = Exclude<TrpoConfig['engine'], 'default'>;

/** Plain vector instructions only; one for the whole process, like the others: programs and the memory for them belong to it. */
const deterministicWasm = wasmEngine({ deterministic: true });

/** Engines of another number of threads than there are by default. */
const made = new Map<string, WasmEngine>();

/** An engine with as many threads; 0: as it is. */
const onThreads = (engine: WasmEngine, threads: number): WasmEngine => {
  if (threads === 0) return engine;
  const kind = `${engine.name} of ${threads}`;
  const make = (): WasmEngine => {
    if (engine === blas) return blasEngine({ threads });
    return wasmEngine({ threads, deterministic: engine === deterministicWasm });
  };
  const found = made.get(kind) ?? make();
  made.set(kind, found);
  return found;
};

/** Throws now, not in the middle of a step, where the platform cannot run it. */
const able = (engine: WasmEngine): Engine => {
  engine.statistics();
  return engine;
};

const choose = ({ engine, deterministic, threads = 0 }: EngineOptions): Engine => {
  // The interpreter has no other mode.
  if (engine === 'interpreter' || (engine === 'default' && portableEngine() === interpreter)) return interpreter;
  if (engine === 'blas' && deterministic)
    throw new NatgradError('Unsupported', 'a native BLAS rounds as it likes', {
      operation: 'engineOf',
      expected: 'no deterministic',
    });
  const isBlas = engine === 'blas' || (engine === 'default' && !deterministic && defaultEngine() === blas);
  return able(onThreads(isBlas ? blas : deterministic ? deterministicWasm : wasm, threads));
};

/**
 * The engine that options name.
 *
 * @returns `Left` where this platform cannot run it, e.g. WebAssembly without SIMD
 * @example
 * ```ts
 * const engine = engineOf({ engine: 'interpreter', deterministic: false });
 * console.log(engine._tag === 'Right' && engine.right.name); // interpreter
 * ```
 */
export const engineOf = (options: EngineOptions): Either<TrpoError, Engine> => {
  try {
    return right(choose(options));
  } catch (error) {
    if (!isNatgradError(error)) throw error;
    const next = options.engine !== 'wasm' && portableEngine() === wasm ? "'wasm'" : "'interpreter'";
    return left(
      issueError('InvalidConfig', {
        code: 'unsupported',
        field: 'engine',
        found: `'${options.engine}', which does not run here: ${error.message.split('\n', 1).join('')}`,
        expected: error.expected === undefined ? next : `${next}, or ${error.expected}`,
      }),
    );
  }
};

/** The engine, for functions that throw. */
export const engineOrThrow = (operation: string, options: EngineOptions): Engine => {
  const engine = engineOf(options);
  if (engine._tag === 'Right') return engine.right;
  const [{ found, expected }] = engine.left.issues;
  throw new NatgradError('Unsupported', engine.left.message, { operation, argument: 'engine', found, expected });
};

/** What a run writes down: the name by which the engine that ran is asked for again, also where it was the default. */
export const engineName = (engine: Engine): EngineName => {
  if (engine === interpreter) return 'interpreter';
  return engine.name === 'blas' ? 'blas' : 'wasm';
};

/**
 * Options of acting: the bits of a rollout depend on no BLAS, so that any division over workers gives the same; with `deterministic`
 * on any machine.
 */
export const actingEngine = ({ engine, ...options }: EngineOptions): EngineOptions => {
  const portable = portableEngine() === interpreter ? 'interpreter' : 'wasm';
  return { ...options, engine: engine === 'blas' ? 'wasm' : engine === 'default' ? portable : engine };
};
