/** What steps and stages return, read without a library: this workspace does not depend on fp-ts. */
import type { TrpoError } from '@natgrad/rl-trpo';

/** fp-ts’s `Either` with an error of the library. */
export type Result<T> =
  | { readonly _tag: 'Left'; readonly left: TrpoError }
  | { readonly _tag: 'Right'; readonly right: T };

export const mapResult = <A, B>(result: Result<A>, f: (value: A) => B): Result<B> =>
  result._tag === 'Left' ? result : { _tag: 'Right', right: f(result.right) };
