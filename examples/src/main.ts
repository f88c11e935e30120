/** `npm run example` lists the examples, `npm run example -- NAME` runs one. Each is a page to read, in the file of its name. */

const examples: Readonly<Record<string, () => Promise<{ readonly main: (print: (line: string) => void) => unknown }>>> =
  {
    'custom-step': () => import('./custom-step.js'),
    'newton-cg': () => import('./newton-cg.js'),
    'own-distribution': () => import('./own-distribution.js'),
    'rbf-policy': () => import('./rbf-policy.js'),
    'repeat-previous': () => import('./repeat-previous.js'),
  };

const [, , name = ''] = process.argv;
const load = Object.hasOwn(examples, name) ? examples[name] : undefined;
if (load === undefined) {
  console.error(`npm run example -- NAME, one of: ${Object.keys(examples).join(', ')}`);
  process.exitCode = 2;
} else {
  const { main } = await load();
  await main((line) => console.log(line));
}
