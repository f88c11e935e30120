/** Tasks with costs, for constraints. To add one: write its file beside these, export a `definition`, list it here. */
import type { EnvDefinition } from '../definition.js';
import { definition as detour } from './detour.js';

export const constrained: readonly EnvDefinition[] = [detour];
