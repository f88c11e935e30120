/** `--engine` and `--deterministic`: what runs the computations of a run. */
import { blasLibrary } from '@natgrad/autodiff';
import { decodeConfig, type EngineOptions, engineName, engineOf, type TrpoConfig } from '@natgrad/rl-trpo';
import { isLeft } from 'fp-ts/lib/Either.js';
import type { Arguments, Flag } from './arguments.js';
import { usage } from './failure.js';

export const engineFlags: readonly Flag[] = [
  { name: 'engine', value: 'NAME', description: 'what computes: blas, wasm, interpreter (first there is)' },
  { name: 'deterministic', description: 'compute the same bits on every machine; slower' },
];

/**
 * Options with the flags in them, and with the engine under its own name: what a run records is what ran, also where that was
 * the default. Fails where the engine does not run here.
 */
export const withEngine = (options: TrpoConfig, args: Arguments): TrpoConfig => {
  const name = args.value('engine');
  const given: Partial<Record<keyof EngineOptions, unknown>> = {
    ...(name === undefined ? {} : { engine: name }),
    ...(args.has('deterministic') ? { deterministic: true } : {}),
  };
  const config = decodeConfig(given, options);
  if (isLeft(config)) throw usage(config.left.message);
  const engine = engineOf(config.right);
  if (isLeft(engine)) throw usage(`${engine.left.message}; --engine interpreter runs everywhere`);
  return { ...config.right, engine: engineName(engine.right) };
};

/** What computes, in a few words: a BLAS by its name; that none was found, where nobody decided against one. */
export const engineTitle = ({ engine, deterministic }: EngineOptions, args: Arguments): string => {
  if (deterministic) return `${engine}, deterministic`;
  const library = blasLibrary();
  if (!isLeft(library)) return engine === 'blas' ? `${engine} (${library.right.library})` : engine;
  return engine === 'wasm' && !args.has('engine') ? `${engine} (no native BLAS; natgrad doctor says why)` : engine;
};
