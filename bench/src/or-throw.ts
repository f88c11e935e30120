/** Anything that is `Left` or `Right`: this workspace does not depend on fp-ts. */
type Result<T> =
  | { readonly _tag: 'Left'; readonly left: { readonly message: string } }
  | { readonly _tag: 'Right'; readonly right: T };

/** What is right; what is left becomes an error with its message. */
export const orThrow = <T>(result: Result<T>): T => {
  if (result._tag === 'Left') throw new Error(result.left.message);
  return result.right;
};
