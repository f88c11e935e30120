/** What travels between a process and its workers: plain data only, no functions and no tensors. */
import type { EnvSpec } from '@natgrad/envs';
import {
  type DType,
  type ErrorCode,
  isNatgradError,
  type Key,
  NatgradError,
  type Tensor,
  type TreeStructure,
  type TypedArray,
  toTypedArray,
  treeFlatten,
  treeUnflatten,
} from '@natgrad/tensor';
import { adopt, describeForeign } from '@natgrad/tensor/internal';
import type { TrpoConfig } from '../../config.js';
import type { ParameterTree } from '../../model.js';
import type { RunningStatistics } from '../../running-statistics.js';
import type { ActingState } from '../../state.js';
import type { Share, ShareInput } from '../share.js';

/** What a worker is made with; environment and model it makes by itself. */
export interface WorkerSetup {
  readonly environment: EnvSpec;
  readonly options: TrpoConfig;
}

interface PackedTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TypedArray;
}

interface PackedTree {
  readonly structure: TreeStructure;
  readonly leaves: readonly PackedTensor[];
}

/** What acting reads of a state, without tensors. */
export interface PackedState {
  readonly key: Key;
  readonly policy: PackedTree;
  readonly count: number;
  /** Mean and squares of the statistics. */
  readonly statistics: PackedTree;
}

/** A share to take: with this alone, whoever takes it gets the same bits. */
export interface ShareRequest {
  readonly state: PackedState;
  /** Index of its first environment among all. */
  readonly firstIndex: number;
  readonly input: ShareInput;
}

/** What a worker threw, as data. */
export type Thrown =
  | {
      readonly kind: 'natgrad';
      readonly code: ErrorCode;
      readonly message: string;
      readonly operation: string;
      readonly argument: string | undefined;
      readonly found: string | undefined;
      readonly expected: string | undefined;
    }
  | { readonly kind: 'error'; readonly name: string; readonly message: string; readonly stack: string | undefined }
  | { readonly kind: 'other'; readonly text: string };

export type ShareAnswer =
  | { readonly kind: 'share'; readonly share: Share }
  | { readonly kind: 'threw'; readonly thrown: Thrown };

const packTree = (tree: unknown): PackedTree => {
  const { leaves, structure } = treeFlatten(tree);
  return { structure, leaves: leaves.map((x) => ({ dtype: x.dtype, shape: x.shape, data: toTypedArray(x) })) };
};

const unpackTree = ({ structure, leaves }: PackedTree): unknown =>
  treeUnflatten<Tensor>(
    structure,
    leaves.map(({ data, dtype, shape }) => adopt(data, dtype, shape)),
  );

/** The bits of a state that acting depends on. */
export const packState = ({ key, policy, observationStatistics }: ActingState): PackedState => {
  const { count, ...statistics } = observationStatistics;
  return { key, policy: packTree(policy), count, statistics: packTree(statistics) };
};

/** What {@link packState} was given. */
export const unpackState = ({ key, policy, count, statistics }: PackedState): ActingState => ({
  key,
  policy: unpackTree(policy) as ParameterTree,
  observationStatistics: { count, ...(unpackTree(statistics) as Omit<RunningStatistics, 'count'>) },
});

/** The buffers of a share, which its receiver gets instead of a copy. */
export const buffersOf = (share: Share): readonly ArrayBuffer[] =>
  [
    share.observations,
    share.actions,
    share.logProbabilities,
    ...Object.values(share.parameters),
    share.rewards,
    ...(share.costs === null ? [] : [share.costs]),
    share.terminated,
    share.truncated,
    share.finalObservations,
    share.environments.observations,
  ].map(({ buffer }) => buffer as ArrayBuffer);

/** What follows the first line of a message is the place of a call, on another stack. */
const firstLine = (message: string): string => message.split('\n', 1).join('');

/** Something that was thrown, as data. */
export const packThrown = (thrown: unknown): Thrown => {
  if (isNatgradError(thrown)) {
    const { code, message, operation, argument, found, expected } = thrown;
    return { kind: 'natgrad', code, message, operation, argument, found, expected };
  }
  if (!(thrown instanceof Error)) return { kind: 'other', text: describeForeign(thrown) };
  const { name, message, stack } = thrown;
  return { kind: 'error', name, message, stack };
};

const BUILT_IN: Readonly<Record<string, ErrorConstructor>> = {
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};

/** What a worker threw, as it would have been thrown here. */
export const unpackThrown = (thrown: Thrown): Error => {
  switch (thrown.kind) {
    case 'natgrad': {
      const { code, message, operation, argument, found, expected } = thrown;
      return new NatgradError(code, firstLine(message).replace(`${operation}: `, ''), {
        operation,
        ...(argument === undefined ? {} : { argument }),
        ...(found === undefined ? {} : { found }),
        ...(expected === undefined ? {} : { expected }),
      });
    }
    case 'error': {
      const { name, message, stack } = thrown;
      const error = new (Object.hasOwn(BUILT_IN, name) ? (BUILT_IN[name] as ErrorConstructor) : Error)(message);
      return Object.assign(error, { name, stack });
    }
    case 'other':
      return new Error(`an environment threw ${thrown.text}`);
  }
};
