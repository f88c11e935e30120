/** Every preconditioner by the name that the option `preconditioner` knows. A new one is a file, and a line here and there. */
import type { OptionTable, OptionValue } from '../options.js';
import { diagonal } from './diagonal.js';
import { kfac } from './kfac.js';
import { none } from './none.js';
import type { Preconditioner } from './preconditioner.js';

/** Name of a preconditioner, as in the options. */
export type PreconditionerName = OptionValue<OptionTable['preconditioner']>;

/** Preconditioners by name. */
export const preconditioners: Readonly<Record<PreconditionerName, Preconditioner>> = Object.freeze({
  none,
  diagonal,
  kfac,
});
