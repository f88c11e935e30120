/**
 * `npm test`: set-up, then every check, then one line with the numbers. The command of a check is the package.json script
 * of its name, so that each can be run by itself.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readJson, root, run, runBeside } from './packages.mjs';
import { setUp } from './setup.mjs';
import { readVitestReport } from './vitest-report.mjs';

/**
 * `build`: the check reads what `types` builds, whatever its errors ('attempted') or only without any ('clean'). `beside`: it takes long,
 * on one core, and runs beside the checks after it, up to the tests.
 */
const checks = [
  { name: 'types', about: 'builds the packages, type-checks everything (tsc -b)' },
  { name: 'generated', about: 'the list of operations is that of the primitives (`npm run generate` mends it)' },
  { name: 'format', about: 'layout and order of imports (Biome; `npm run format:fix` mends it)' },
  { name: 'lint', about: 'rules of style and immutability (ESLint)', beside: true },
  { name: 'layers', about: 'who may import whom (dependency-cruiser)', build: 'attempted' },
  { name: 'unused', about: 'unused files, exports and dependencies (knip)' },
  { name: 'docs', about: 'the reference, without a warning (typedoc)' },
  { name: 'packaging', about: 'manifests and types of the tarballs (publint, attw)', build: 'clean' },
  { name: 'consumer', about: 'the tarballs in an empty folder, from Node and TypeScript', build: 'clean' },
  { name: 'vitest', about: 'all tests' },
];

const help = `npm test                                 sets up if needed, then runs every check
npm test -- --only CHECK[,CHECK…]        runs these only
npm test -- --only CHECK ARGUMENT…       hands the arguments to that check's tool, e.g.
                                         npm test -- --only vitest test/tensor -t transpose
npm test -- --help                       shows this

Checks, each also \`npm run CHECK\`:
${checks.map(({ name, about }) => `  ${name.padEnd(10)} ${about}`).join('\n')}

NATGRAD_LAW_RUNS raises the number of cases of each law.
The last line is the count of tests and other checks that passed and failed; the exit code is 1 if any failed,
2 for a command line that is not one of the above.`;

const refuse = (message) => {
  console.error(`${message}\n\n${help}`);
  process.exit(2);
};

/** The checks to run and the arguments for the only one. */
const parse = (argv) => {
  if (argv.length === 0) return { chosen: checks, rest: [] };
  const [flag, names, ...rest] = argv;
  if (argv.length === 1 && (flag === '--help' || flag === '-h')) {
    console.log(help);
    process.exit(0);
  }
  if (flag !== '--only') refuse(`unknown argument: ${flag}`);
  if (names === undefined) refuse('--only needs the name of a check');
  const wanted = names.split(',');
  const unknown = wanted.find((name) => !checks.some((check) => check.name === name));
  if (unknown !== undefined) refuse(`unknown check: ${unknown}`);
  if (rest.length > 0 && wanted.length > 1) refuse(`arguments for more than one check: ${rest.join(' ')}`);
  return { chosen: checks.filter(({ name }) => wanted.includes(name)), rest };
};

const notRun = (name, reason) => {
  console.log(`✗ ${name}  not run: ${reason}`);
  return { passed: 0, failed: 1 };
};

const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** Runs the script of this name; its output is shown only if it fails. */
const runCheck = async (name, command) => {
  const start = performance.now();
  const { ok, output } = await runBeside(command);
  if (ok) console.log(`✓ ${name}  ${seconds(start)}`);
  else console.log(`✗ ${name}  ${seconds(start)}  (${command})\n${output.trimEnd()}\n`);
  return ok ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
};

/** Runs the tests with their output shown as they run; the counts are those of vitest's own report. */
const runTests = (command, selected) => {
  const start = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'natgrad-report-'));
  const file = join(folder, 'report.json');
  const { ok } = run(`${command} --reporter=default --reporter=json --outputFile.json="${file}"`, { stdio: 'inherit' });
  const { passed, failed, notes } = readVitestReport(file, { exitedWell: ok, selected });
  rmSync(folder, { recursive: true });
  for (const note of notes) console.log(note);
  console.log(`${failed === 0 ? '✓' : '✗'} vitest  ${seconds(start)}`);
  return { passed, failed };
};

const quote = (argument) => (/^[\w./=@:-]+$/.test(argument) ? argument : JSON.stringify(argument));

const main = async () => {
  const { chosen, rest } = parse(process.argv.slice(2));
  if (!setUp()) return { passed: 0, failed: 1 };
  const { scripts } = readJson(join(root, 'package.json'));
  const [types] = checks;
  // A check of built files is preceded by a build, also when it runs alone.
  const planned = chosen.some(({ build }) => build !== undefined) ? [...new Set([types, ...chosen])] : chosen;

  let [passed, failed] = [0, 0];
  const count = (result) => {
    passed += result.passed;
    failed += result.failed;
    return result;
  };
  let built = true;
  const beside = [];
  for (const check of planned) {
    const { name, build } = check;
    const command = [scripts[name], ...(check === chosen[0] ? rest.map(quote) : [])].join(' ');
    if (build === 'clean' && !built) count(notRun(name, 'the build failed'));
    else if (name === 'vitest') {
      // Some tests are about time.
      await Promise.all(beside);
      count(runTests(command, rest.length > 0));
    } else {
      const running = runCheck(name, command).then(count);
      if (check.beside) beside.push(running);
      else if (check === types) built = (await running).failed === 0;
      else await running;
    }
  }
  await Promise.all(beside);
  return { passed, failed };
};

const { passed, failed } = await main();
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
