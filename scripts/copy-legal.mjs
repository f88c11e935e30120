/** Run by a package's `prepack`: licence and notices stand once in the repository and travel in every tarball. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';

const root = new URL('../', import.meta.url);
for (const file of ['LICENSE', 'NOTICE']) copyFileSync(new URL(file, root), join(process.cwd(), file));
