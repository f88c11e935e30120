/**
 * A mutant is caught by the first counterexample: looking for a smaller one would cost most of the time of a mutation run. And
 * each law has 60 ms for its cases, which is a few dozen: what they miss counts as survived.
 */
import fc from 'fast-check';

fc.configureGlobal({ ...fc.readConfigureGlobal(), endOnFailure: true, plugins: [fc.interruptAfterTimeLimit(60)] });
