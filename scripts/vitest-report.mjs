/** Counts from the report of vitest's JSON reporter, read so that nothing that went wrong can count as a pass. */
import { existsSync } from 'node:fs';
import { relative } from 'node:path';
import { readJson, root } from './packages.mjs';

/**
 * `exitedWell` is whether vitest ended with 0. A file that fails to load is one failure, as are a run without any test, an
 * error outside of every test, and a skipped test, unless the caller `selected` tests on the command line. Tests that say what
 * they need, as in `(needs Chromium)`, count neither way where all that need it were skipped: it is not there.
 */
export const readVitestReport = (file, { exitedWell, selected }) => {
  if (!existsSync(file)) return { passed: 0, failed: 1, notes: ['vitest: ended without a report'] };
  const { testResults } = readJson(file);
  const tests = testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ status, fullName }) => ({ status, label: `${relative(root, name)} > ${fullName}` })),
  );
  const unloadable = testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.every((each) => each.status !== 'failed'),
  );
  const passed = tests.filter(({ status }) => status === 'passed').length;
  const broken = tests.filter(({ status }) => status === 'failed').length;
  const ran = ({ status }) => status === 'passed' || status === 'failed';
  const needOf = ({ label }) => /\(needs ([^)]+)\)/.exec(label)?.[1];
  const met = new Set(tests.filter(ran).map(needOf));
  const excused = selected
    ? []
    : tests.filter((each) => !ran(each) && !met.has(needOf(each)) && needOf(each) !== undefined);
  const skipped = selected ? [] : tests.filter((each) => !ran(each) && !excused.includes(each));
  const needs = [...new Set(excused.map(needOf))];
  const notes = [
    ...unloadable.map(({ name, message }) => `vitest: ${relative(root, name)} did not load: ${message.split('\n')[0]}`),
    ...needs.map(
      (need) =>
        `vitest: skipped, which counts neither way: ${excused.filter((each) => needOf(each) === need).length} tests that need ${need}, which is not here`,
    ),
    ...skipped.map(({ label }) => `vitest: skipped, which counts as failed: ${label}`),
  ];
  const failed = broken + skipped.length + unloadable.length;
  if (failed === 0 && passed === 0) return { passed, failed: 1, notes: ['vitest: no test ran'] };
  if (failed === 0 && !exitedWell) return { passed, failed: 1, notes: ['vitest: an error outside of the tests'] };
  return { passed, failed, notes };
};
