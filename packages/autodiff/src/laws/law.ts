import fc from 'fast-check';

/** One law: what it says, and the property that must hold for random cases. */
export interface Law {
  readonly name: string;
  readonly property: fc.IPropertyWithHooks<unknown>;
}

/** A law that `holds` returns for every case, or throws saying what differs. */
export const lawOf = <T>(name: string, cases: fc.Arbitrary<T>, holds: (sample: T) => void): Law => ({
  name,
  property: fc.property(cases, holds) as fc.IPropertyWithHooks<unknown>,
});

export const require = (holds: boolean, message: () => string): void => {
  if (!holds) throw new Error(message());
};
