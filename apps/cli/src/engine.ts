/** `--engine` and `--deterministic`: what runs the computations of a run. */
import { blasLibrary } from '@natgrad/autodiff';
import {
  decodeConfig,
  type EngineName,
  type EngineOptions,
  engineName,
  engineOf,
  type TrpoConfig,
} from '@natgrad/rl-trpo';
import { isLeft } from 'fp-ts/lib/Either.js';
import type { Arguments, Flag } from './arguments.js';
import { usage } from './failure.js';

export const engineFlags: readonly Flag[] = [
  { name: 'engine', value: 'NAME', description: 'computes: default (the first of) blas, wasm, interpreter' },
  { name: 'deterministic', description: 'compute the same bits on every machine; slower' },
];

/** The engine of a command. */
export interface ChosenEngine {
  /** Options with the flags in them, and with the engine under its own name: what a run records is what ran. */
  readonly options: TrpoConfig;
  /** True where somebody asked for this engine; false where it is the best there is. */
  readonly chosen: boolean;
  /** The engine in whose place this one runs, because that one does not run here; null where there is none. */
  readonly missing: EngineName | null;
}

/**
 * The engine that the flags name, or else the options. Where it does not run here, one that was asked for is refused, and the next
 * best takes the place of any other.
 *
 * @param chosen whether somebody asked for the engine in the options
 */
export const chooseEngine = (options: TrpoConfig, args: Arguments, chosen: boolean): ChosenEngine => {
  const name = args.value('engine');
  const given: Partial<Record<keyof EngineOptions, unknown>> = {
    ...(name === undefined ? {} : { engine: name }),
    ...(args.has('deterministic') ? { deterministic: true } : {}),
  };
  const config = decodeConfig(given, options);
  if (isLeft(config)) throw usage(config.left.message);
  const asked = name === undefined ? chosen : name !== 'default';
  const wanted = engineOf(config.right);
  if (!isLeft(wanted))
    return { options: { ...config.right, engine: engineName(wanted.right) }, chosen: asked, missing: null };
  const best = engineOf({ ...config.right, engine: 'default' });
  if (isLeft(best)) throw usage(best.left.message);
  const engine = engineName(best.right);
  if (asked) throw usage(`${wanted.left.message}; --engine ${engine} runs here`);
  const before = config.right.engine;
  // A BLAS is never deterministic: whoever asks for that knows that it goes.
  const missing = before === 'default' || config.right.deterministic ? null : before;
  return { options: { ...config.right, engine }, chosen: false, missing };
};

/** The native BLAS by name and version; null where there is none. */
export const blasText = (): string | null => {
  const found = blasLibrary();
  if (isLeft(found)) return null;
  const { library, version } = found.right;
  return version === null ? library : `${library}, ${version}`;
};

/** What computes, in a few words: a BLAS by its name; that none was found, where nobody decided against one. */
export const engineTitle = ({ engine, deterministic }: EngineOptions, decided: boolean): string => {
  if (deterministic) return `${engine}, deterministic`;
  const library = blasText();
  if (library !== null) return engine === 'blas' ? `${engine} (${library})` : engine;
  return engine === 'wasm' && !decided ? `${engine} (no native BLAS; natgrad doctor says why)` : engine;
};
