/** No preconditioner. */
import { right } from 'fp-ts/lib/Either.js';
import type { Preconditioner } from './preconditioner.js';

/** P = 1: plain conjugate gradient. Nothing is computed. */
export const none: Preconditioner = { name: 'none', prepare: () => () => right((residual) => residual) };
