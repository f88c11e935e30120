/** Which engine runs a computation: from the options to the engine. */
import {
  blas,
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

/** The options that choose an engine. */
export type EngineOptions = Pick<TrpoConfig, 'engine' | 'deterministic'>;

/** An engine that is not just the default. */
export type EngineName = Exclude<TrpoConfig['engine'], 'default'>;

/** Plain vector instructions only; one for the whole process, like the others: programs and the memory for them belong to it. */
const deterministicWasm = wasmEngine({ deterministic: true });

/** Throws now, not in the middle of a step, where the platform cannot run it. */
const able = (engine: WasmEngine): Engine => {
  engine.statistics();
  return engine;
};

const choose = ({ engine, deterministic }: EngineOptions): Engine => {
  // The interpreter has no other mode.
  if (engine === 'interpreter' || (engine === 'default' && portableEngine() === interpreter)) return interpreter;
  if (engine === 'default') return deterministic ? able(deterministicWasm) : defaultEngine();
  if (engine === 'wasm') return able(deterministic ? deterministicWasm : wasm);
  if (!deterministic) return able(blas);
  throw new NatgradError('Unsupported', 'a native BLAS rounds as it likes', {
    operation: 'engineOf',
    expected: 'wasm, or no deterministic',
  });
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
    return left(
      issueError('InvalidConfig', {
        code: 'unsupported',
        field: 'engine',
        found: `'${options.engine}', which does not run here: ${error.message.split('\n', 1).join('')}`,
        expected: error.expected === undefined ? "'interpreter'" : `'interpreter', or ${error.expected}`,
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

/** Options of acting: the bits of a rollout depend on no BLAS, so that any division over workers and machines gives the same. */
export const actingEngine = ({ engine, deterministic }: EngineOptions): EngineOptions => {
  const portable = portableEngine() === interpreter ? 'interpreter' : 'wasm';
  return { engine: engine === 'blas' ? 'wasm' : engine === 'default' ? portable : engine, deterministic };
};
