/** The packages in Chromium: the same programs as in Node, with and without the headers and policies that a page may have. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { source } from '../aliases.js';
import { bundle } from './bundle.js';
import { type Complaints, launch, listen, missing } from './chromium.js';
import * as programs from './programs.js';
import { ISOLATED, type Server, serve } from './serve.js';

const PAGE = '<!doctype html><link rel="icon" href="data:,"><script type="module" src="page.js"></script>';

const containing = (text: string): unknown => expect.stringContaining(text);

/** Pages by the headers that they come with. */
const PAGES = {
  plain: {},
  isolated: ISOLATED,
  // No 'wasm-unsafe-eval': modules may not be compiled.
  strict: { 'Content-Security-Policy': "default-src 'none'; script-src 'self'; img-src data:" },
  careful: { 'Content-Security-Policy': "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; img-src data:" },
} as const;

describe.skipIf(missing !== null)('in a page (needs Chromium)', () => {
  let browser: Browser;
  let server: Server;

  beforeAll(async () => {
    const site = { ...(await bundle(source('test/browser/page.ts'))), '/index.html': PAGE };
    [server, browser] = await Promise.all([serve(site, PAGES), launch()]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const open = async (name: keyof typeof PAGES): Promise<readonly [Page, Complaints]> => {
    const page = await browser.newPage();
    const complaints = listen(page, server.origin);
    await page.goto(`${server.origin}/${name}/`);
    await page.waitForFunction(() => 'programs' in globalThis);
    return [page, complaints];
  };

  /** What one of the programs says in a page. */
  const said = (page: Page, name: keyof typeof programs, ...args: readonly string[]): Promise<unknown> =>
    page.evaluate(
      ([program, given]) => {
        const { programs } = globalThis as unknown as {
          readonly programs: Readonly<Record<string, (...args: readonly string[]) => unknown>>;
        };
        return programs[program]?.(...given);
      },
      [name, args] as const,
    );

  const nothing: Complaints = { errors: [], warnings: [], foreign: [] };

  test.each(['plain', 'isolated', 'careful'] as const)('%s: compiles, differentiates, learns', async (name) => {
    const [page, complaints] = await open(name);
    const isolated = name === 'isolated';
    expect(await said(page, 'place')).toMatchObject({
      isolated,
      sharedMemory: isolated,
      platform: { simd: true, missing: null },
      engine: 'wasm',
    });
    expect(await said(page, 'hessianProduct')).toEqual([12, 480, 10_800, 192_000]);
    expect(await said(page, 'step', 'deterministic')).toEqual(programs.step('deterministic'));
    expect(await said(page, 'threads')).toEqual({
      same: true,
      ready: isolated ? 2 : 1,
      lost: 0,
      shared: isolated,
      reason: isolated ? null : containing('Cross-Origin-Opener-Policy: same-origin'),
    });
    expect(await said(page, 'solve')).toEqual({ solved: true, workers: 0, engine: 'wasm' });
    expect(await said(page, 'refused')).toEqual({
      engine: 'wasm',
      workers: containing("2 in a browser, where rollouts have no threads of their own, expected 0 or 'auto'"),
    });
    expect(complaints).toEqual(nothing);
    await page.close();
  });

  test('strict: a policy that refuses WebAssembly leaves the interpreter, and a warning with the cure', async () => {
    const [page, complaints] = await open('strict');
    expect(await said(page, 'place')).toMatchObject({
      platform: { simd: false, missing: { expected: containing("script-src 'wasm-unsafe-eval'") } },
      engine: 'interpreter',
    });
    expect(await said(page, 'hessianProduct')).toEqual([12, 480, 10_800, 192_000]);
    const [{ policy, report }, here] = [
      (await said(page, 'step', 'interpreter')) as programs.StepOutcome,
      programs.step('interpreter'),
    ];
    expect(report.lineSearch.status).toBe('accepted');
    expect(
      Math.max(...policy.flatMap((leaf, i) => leaf.map((x, k) => Math.abs(x - here.policy[i]![k]!)))),
    ).toBeLessThan(1e-9);
    expect(await said(page, 'refused')).toMatchObject({
      engine: [{ code: 'unsupported', field: 'engine', found: containing('may not be compiled') }],
    });
    expect(complaints.warnings).toEqual([
      expect.stringMatching(/^natgrad: programs are interpreted.*may not be compiled.*'wasm-unsafe-eval'/),
    ]);
    // Chromium's own words on each attempt.
    expect(complaints.errors.filter((text) => !text.includes('Content Security Policy'))).toEqual([]);
    expect(complaints.foreign).toEqual([]);
    await page.close();
  });
});

test('both modules behind #builtin export the same, and the manifest gives the one of Node to Node only', async () => {
  const { default: manifest } = await import('../../packages/autodiff/package.json', { with: { type: 'json' } });
  const folder = './dist/backends/builtin';
  // The first condition that holds counts.
  expect(Object.entries(manifest.imports['#builtin'])).toEqual([
    ['node', `${folder}/in-node.js`],
    ['default', `${folder}/anywhere.js`],
  ]);
  const anywhere = await import('../../packages/autodiff/src/backends/builtin/anywhere.js');
  const inNode = await import('../../packages/autodiff/src/backends/builtin/in-node.js');
  expect(Object.keys(inNode)).toEqual(Object.keys(anywhere));
});

test('both modules behind #workers export what training asks for, and the manifest names them', async () => {
  const { default: manifest } = await import('../../packages/rl-trpo/package.json', { with: { type: 'json' } });
  expect(manifest.imports).toEqual({
    '#workers': { browser: './dist/shell/workers/in-page.js', default: './dist/shell/workers/index.js' },
  });
  const inPage = await import('../../packages/rl-trpo/src/shell/workers/in-page.js');
  const inNode = await import('../../packages/rl-trpo/src/shell/workers/index.js');
  expect(Object.keys(inPage).sort()).toEqual(['environmentsOf', 'workerRollouts']);
  expect(Object.keys(inNode)).toEqual(expect.arrayContaining(Object.keys(inPage)));
});
