/** What an algorithm keeps from one step to the next, in `state.memory`: moments of an optimiser, a multiplier, another critic. */
import { item, scalar, type Tensor, treeLeaves } from '@natgrad/tensor';
import { elements } from '@natgrad/tensor/internal';
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { AdamState } from './adam.js';
import { type TrpoError, type TrpoIssue, trpoError } from './errors.js';
import type { ParameterTree } from './model.js';
import type { Setup } from './setup.js';
import type { TrpoState } from './state.js';
import { checkLike } from './validate-state.js';

/** What the memory of an algorithm looks like, so that a foreign one is refused. */
export interface MemoryForm {
  /** A tree of the structure and shapes that the memory has for such a state; its numbers do not matter. */
  readonly like: (state: TrpoState) => ParameterTree;
  /** What the first step begins with. Default: `like(state)`. */
  readonly begin?: (setup: Setup, state: TrpoState) => ParameterTree;
  /** What is wrong with the numbers of a memory of the right form. */
  readonly check?: (memory: ParameterTree) => readonly TrpoIssue[];
}

const FIX = 'set it to null to go on with another algorithm';

/** The memory of a state, checked; at the first step what the algorithm begins with. */
export const remembered = (
  algorithm: string,
  form: MemoryForm | undefined,
  setup: Setup,
  state: TrpoState,
): Either<TrpoError, ParameterTree | null> => {
  const { memory } = state;
  if (form === undefined)
    return memory === null
      ? right(null)
      : left(
          trpoError('InvalidState', [
            {
              code: 'wrongKind',
              field: 'state.memory',
              found: 'the memory of another algorithm',
              expected: `null, for ${algorithm} keeps nothing: ${FIX}`,
            },
          ]),
        );
  if (memory === null) return right((form.begin ?? ((_setup, from) => form.like(from)))(setup, state));
  const shape = checkLike('state.memory', memory, form.like(state)).map((issue) => ({
    ...issue,
    expected: `${issue.expected}, the memory of ${algorithm}: ${FIX}`,
  }));
  const [first, ...rest] = shape.length > 0 ? shape : (form.check?.(memory) ?? []);
  return first === undefined ? right(memory) : left(trpoError('InvalidState', [first, ...rest]));
};

/** The state of Adam as a tree of tensors, which is what a memory consists of. */
export type AdamMemory = { readonly count: Tensor; readonly first: ParameterTree; readonly second: ParameterTree };

/** The state of Adam as a memory. */
export const adamMemory = ({ count, first, second }: AdamState): AdamMemory => ({
  count: scalar(count),
  first,
  second,
});

/** The state of Adam that a memory holds. */
export const adamOf = ({ count, first, second }: AdamMemory): AdamState => ({
  count: item(count),
  first,
  second,
});

/** What is wrong with the numbers of an optimiser: moments of squares are not negative, and updates are counted. */
export const checkAdam = (field: string, { count, second }: AdamMemory): readonly TrpoIssue[] => {
  const updates = item(count);
  const issue = (name: string, found: string, expected: string): TrpoIssue => ({
    code: 'outOfRange',
    field: `${field}.${name}`,
    found,
    expected,
  });
  const negative = treeLeaves(second).some((leaf) => elements(leaf).some((x: number) => x < 0));
  return [
    ...(Number.isSafeInteger(updates) && updates >= 0 ? [] : [issue('count', String(updates), 'a whole number ≥ 0')]),
    ...(negative ? [issue('second', 'a negative number', 'means of squares, which are ≥ 0')] : []),
  ];
};
