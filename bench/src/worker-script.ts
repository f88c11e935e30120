/** Workers of an engine to which something happens, for whoever tries what becomes of it. */
import { memberScript, NEXT_BLOCK } from '@natgrad/autodiff/internal';

/**
 * The usual worker, but that something happens to it right after it has taken its n-th block: then it has not come back from one.
 *
 * @param happens statements of JavaScript, which may use `writeFileSync`
 */
export const afterBlock = (n: number, happens: string): URL =>
  new URL(
    `data:text/javascript,${encodeURIComponent(`
      import { writeFileSync } from 'node:fs';
      const { add } = Atomics;
      let taken = 0;
      Atomics.add = (words, at, value) => {
        const before = add(words, at, value);
        if (at === ${NEXT_BLOCK} && (taken += 1) === ${n}) { ${happens} }
        return before;
      };
      await import(${JSON.stringify(memberScript.href)});
    `)}`,
  );
