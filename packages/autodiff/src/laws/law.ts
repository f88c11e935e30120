/** Laws are those of `@natgrad/tensor/laws`: a name and a property, run by `checkLaw` or by any test runner. */
export { checkLaw, type Law, law as lawOf, lawRuns } from '@natgrad/tensor/laws';

export const require = (holds: boolean, message: () => string): void => {
  if (!holds) throw new Error(message());
};
