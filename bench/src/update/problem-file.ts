/** A problem, and what an update made of it, as `.npz` files: how programs in other languages get the same numbers. */
import { decodeNpz, encodeNpz, item, type Tensor } from '@natgrad/tensor';
import type { UpdateResult } from './candidate.js';
import type { Network, Policy, Problem } from './problem.js';

type Arrays = Readonly<Record<string, Tensor>>;

const CRITIC = { W1: 'V1', b1: 'c1', W2: 'V2', b2: 'c2', W3: 'V3', b3: 'c3' } as const;

const criticArrays = (critic: Network): Arrays =>
  Object.fromEntries(Object.entries(CRITIC).map(([own, stored]) => [stored, critic[own as keyof Network]]));

/** `observations`, `actions`, `advantages`, `returns`; the policy's `W1` … `b3`, `logStd`; the critic's `V1` … `c3`. */
export const encodeProblem = ({ policy, critic, ...data }: Problem): Uint8Array =>
  encodeNpz({ ...data, ...policy, ...criticArrays(critic) });

const read = (bytes: Uint8Array): ((name: string) => Tensor) => {
  const decoded = decodeNpz(bytes, { maxBytes: 2 ** 32 });
  if (decoded._tag === 'Left') throw decoded.left;
  return (name) => {
    const found = decoded.right[name];
    if (found === undefined)
      throw new Error(`the file has no array ${name}; it has ${Object.keys(decoded.right).join(', ')}`);
    return found;
  };
};

const readPolicy = (array: (name: string) => Tensor): Policy => ({
  W1: array('W1'),
  b1: array('b1'),
  W2: array('W2'),
  b2: array('b2'),
  W3: array('W3'),
  b3: array('b3'),
  logStd: array('logStd'),
});

const readCritic = (array: (name: string) => Tensor): Network => ({
  W1: array('V1'),
  b1: array('c1'),
  W2: array('V2'),
  b2: array('c2'),
  W3: array('V3'),
  b3: array('c3'),
});

/** The inverse of `encodeProblem`. */
export const decodeProblem = (bytes: Uint8Array): Problem => {
  const array = read(bytes);
  return {
    policy: readPolicy(array),
    critic: readCritic(array),
    observations: array('observations'),
    actions: array('actions'),
    advantages: array('advantages'),
    returns: array('returns'),
  };
};

/** What a peer's update gave: the new weights under the names of a problem, and `kl` and `tries`. */
export const decodeResult = (bytes: Uint8Array): UpdateResult => {
  const array = read(bytes);
  const [policy, critic] = [readPolicy(array), readCritic(array)];
  return { policy, critic, kl: item(array('kl')), tries: item(array('tries')) };
};
