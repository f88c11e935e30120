/** What the peers in this process share: they time one product and one gradient, of the same problem and direction. */
import { type FloatDType, fromTypedArray, type TypedArray } from '@natgrad/tensor';
import { type Candidate, PARTS, type Timing } from '../update/candidate.js';
import type { Policy } from '../update/problem.js';

/** A library's arrays by the names of the policy's weights. */
export type Weights<A> = Readonly<Record<keyof Policy, A>>;

const NAMES: readonly (keyof Policy)[] = ['W1', 'b1', 'W2', 'b2', 'W3', 'b3', 'logStd'];

export const mapWeights = <A, B>(f: (array: A, name: keyof Policy) => B, weights: Weights<A>): Weights<B> =>
  Object.fromEntries(NAMES.map((name) => [name, f(weights[name], name)])) as Weights<B>;

export interface Probe<A> {
  readonly engine: string;
  readonly variant: string;
  readonly dtype: FloatDType;
  readonly notes: readonly string[];
  readonly like: Policy;
  readonly gradient: () => Promise<Weights<A>>;
  readonly product: () => Promise<Weights<A>>;
  readonly read: (array: A) => TypedArray;
  readonly dispose: (array: A) => void;
}

const NO_UPDATE = 'one product and one gradient only, no whole update (columns with –)';

export const probeCandidate = <A>(probe: Probe<A>): Candidate => {
  const { engine, variant, dtype, notes, like } = probe;
  const shown = (weights: Weights<A>): Policy =>
    mapWeights((array, name) => {
      const data = probe.read(array);
      return fromTypedArray(data, like[name].shape);
    }, weights);
  const timed = async (run: () => Promise<Weights<A>>): Promise<number> => {
    const began = performance.now();
    const out = await run();
    const spent = performance.now() - began;
    mapWeights(probe.dispose, out);
    return spent;
  };
  return {
    engine,
    variant,
    dtype,
    threads: 1,
    peer: true,
    notes: [...notes, NO_UPDATE],
    show: async () => ({
      update: null,
      gradient: shown(await probe.gradient()),
      product: shown(await probe.product()),
      firstCall: null,
    }),
    time: async () => {
      const gradient = await timed(probe.gradient);
      const times: Partial<Record<string, number>> = { gradient, fvp: await timed(probe.product) };
      return Object.fromEntries(PARTS.map((part) => [part, times[part] ?? null])) as Timing;
    },
    close: () => undefined,
  };
};
