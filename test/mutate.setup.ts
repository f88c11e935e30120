/** A mutant is caught by the first counterexample: looking for a smaller one would cost most of the time of a mutation run. */
import fc from 'fast-check';

fc.configureGlobal({ ...fc.readConfigureGlobal(), endOnFailure: true });
