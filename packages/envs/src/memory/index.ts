/** Tasks that need a memory. To add one: write its file beside these, export a `definition`, list it here. */
import type { EnvDefinition } from '../definition.js';
import { definition as repeatPrevious } from './repeat-previous.js';

export const memory: readonly EnvDefinition[] = [repeatPrevious];
