/** A page that runs programs when it is told to. */
import * as programs from './programs.js';

(globalThis as { programs?: typeof programs }).programs = programs;
