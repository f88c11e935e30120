/** The playground, clicked through in Chromium. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { source } from '../aliases.js';
import { type Complaints, launch, listen, missing } from '../browser/chromium.js';
import { serve } from '../browser/serve.js';
import { buildSite, type Served, type Site, serveSite } from './_site.js';

const NOTHING: Complaints = { errors: [], warnings: [], foreign: [] };

let site: Site;

beforeAll(async () => {
  site = await buildSite();
});
afterAll(() => site.remove());

describe.skipIf(missing !== null)('the playground (needs Chromium)', () => {
  let browser: Browser;
  let served: Served;

  beforeAll(async () => {
    [served, browser] = await Promise.all([serveSite(site.folder), launch()]);
  });
  afterAll(async () => {
    await browser?.close();
    await served?.end();
  });

  /** A page with the untrained policy on its screen. */
  const open = async (options: BrowserContextOptions = {}): Promise<readonly [Page, Complaints]> => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    const complaints = listen(page, served.origin);
    await page.goto(served.origin);
    await page.waitForSelector('#picture svg');
    await page.waitForSelector('#graph svg');
    return [page, complaints];
  };

  const text = async (page: Page, selector: string): Promise<string> => (await page.textContent(selector)) ?? '';

  const iteration = async (page: Page): Promise<number> =>
    Number((await text(page, '#numbers dd')).replaceAll(',', '').replace('–', '0'));

  const later = (page: Page, than: number): Promise<void> =>
    vi.waitUntil(async () => (await iteration(page)) > than, { timeout: 20_000, interval: 30 }).then(() => undefined);

  const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name, exact: true });

  test('CartPole: a wrong option is refused beside its field; then it learns, pauses, goes on, and is solved', async () => {
    const [page, complaints] = await open();
    expect(await text(page, '#phase')).toBe('Nothing learnt yet.');
    expect(await text(page, '#episode-about')).toMatch(/^untrained: return \d+, \d+ steps/);

    await page.getByLabel('Trust region δ').fill('-1');
    await button(page, 'Train').click();
    expect(await text(page, '#delta-issue')).toMatch(/^found -1, expected a number in \(0, /);
    expect(await page.getByLabel('Trust region δ').getAttribute('aria-invalid')).toBe('true');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('delta');
    await page.getByLabel('Seed').fill('many');
    expect(await text(page, '#phase')).toBe('Nothing learnt yet.');

    await page.getByLabel('Trust region δ').fill('0.02');
    await page.getByLabel('Seed').fill('2');
    await page.getByLabel('Batch size').fill('512');
    await page.getByLabel('Pace').selectOption('250');
    // Enter in a field does what the button does.
    await page.getByLabel('Batch size').press('Enter');
    await later(page, 1);
    expect(await text(page, '#delta-issue')).toBe('');
    expect(await page.getByLabel('Environment').isDisabled()).toBe(true);
    // Neither the field nor a button that is pressed loses the focus.
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('batchSize');
    expect(await page.getByLabel('Batch size').isEditable()).toBe(false);

    await button(page, 'Pause').press('Enter');
    await page.getByText('Paused.', { exact: true }).first().waitFor();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('pause');
    const paused = await iteration(page);
    await page.waitForTimeout(600);
    expect(await iteration(page)).toBe(paused);
    expect(await text(page, '#live')).toMatch(/^Paused\. Iteration \d+, [\d,]+ steps: return .*, KL .* of δ 0\.02/);

    await page.getByLabel('Pace').selectOption('0');
    await button(page, 'Resume').click();
    await page
      .getByText(/^Solved in iteration \d+/)
      .first()
      .waitFor();
    await button(page, 'Stop').click();
    await button(page, 'Train on').waitFor();

    const rows = await page.$$eval('#rows tr', (each) =>
      each.map((row) => [...row.children].map((cell) => cell.textContent)),
    );
    expect(rows.length).toBe(12);
    for (const [, , , kl, delta, taken] of rows) {
      expect(Number(kl)).toBeLessThanOrEqual(Number(delta));
      expect(['taken', 'none']).toContain(taken);
    }
    const [, first = '', latest = ''] =
      /first ([\d.]+), latest ([\d.]+)/.exec((await page.getAttribute('#chart-return', 'aria-label')) ?? '') ?? [];
    expect(Number(latest)).toBeGreaterThan(5 * Number(first));
    expect(await page.getAttribute('#chart-kl', 'aria-label')).toMatch(/^KL of (\d+) steps: .*; \1 within δ$/);
    expect(await page.getAttribute('#chart-cg', 'aria-label')).toMatch(
      /^Relative residual of the latest solve: from 1 to /,
    );
    expect(await page.locator('.chart canvas').count()).toBe(4);

    // The newest policy is shown as soon as the film of an older one is over.
    await page
      .getByLabel('Step of the episode')
      .fill(await page.locator('#scrubber').evaluate((each) => (each as HTMLInputElement).max));
    await button(page, 'Play the film').click();
    await vi.waitUntil(async () => Number(/return (\d+)/.exec(await text(page, '#episode-about'))?.[1]) > 200, 10_000);

    const last = await iteration(page);
    await page.getByLabel('Steps to train for').fill('1');
    await button(page, 'Train on').click();
    await page
      .getByText(/^Finished: [\d,]+ steps\. With more steps/)
      .first()
      .waitFor();
    expect(await iteration(page)).toBe(last);
    await page.getByLabel('Steps to train for').fill('100000');
    await button(page, 'Train on').click();
    await later(page, last);
    await button(page, 'Reset').click();
    await page.getByText('Nothing learnt yet.').first().waitFor();
    expect(await iteration(page)).toBe(0);
    expect(complaints).toEqual(NOTHING);
    await page.context().close();
  });

  test('the Fisher-vector product is drawn after each pass: every node once, none on another, every edge downwards', async () => {
    const [page, complaints] = await open();
    const passes = page.getByRole('radiogroup', { name: 'Pass of the optimiser' }).getByRole('radio');
    expect(await passes.allTextContents()).toEqual([
      ...['as traced', 'inline', 'expand', 'algebra', 'matmul operands', 'common subexpressions', 'dead code'],
      ...['recompute', 'fuse'],
    ]);
    const operations: number[] = [];
    for (const pass of await passes.all()) {
      await pass.click();
      expect(await pass.getAttribute('aria-checked')).toBe('true');
      const [, count = ''] = /^(\d+) operations/.exec(await text(page, '#pass-facts')) ?? [];
      operations.push(Number(count));
      const drawn = await page.$eval('#graph svg', (picture) => ({
        boxes: [...picture.querySelectorAll('rect')].map((rect) =>
          ['x', 'y', 'width', 'height'].map((side) => Number(rect.getAttribute(side))),
        ),
        path: picture.querySelector('.edge')?.getAttribute('d') ?? '',
      }));
      const lines = (await text(page, '#graph-text')).split('\n');
      const computed = lines.filter((line) => line.includes(' = ') && !line.includes(' = constant'));
      expect(computed.length).toBe(Number(count));
      const inputs = /^graph \((.*)\)$/.exec(lines[0] ?? '')?.[1]?.split('%').length ?? 0;
      const constants = lines.filter((line) => line.includes(' = constant')).length;
      expect(drawn.boxes.length).toBe(Number(count) + inputs - 1 + constants);
      drawn.boxes.forEach(([x = 0, y = 0, width = 0, height = 0], i) => {
        for (const [u = 0, v = 0, wide = 0, tall = 0] of drawn.boxes.slice(i + 1))
          expect(x + width <= u || u + wide <= x || y + height <= v || v + tall <= y).toBe(true);
      });
      for (const piece of drawn.path.slice(1).split('M')) {
        const numbers = piece.split(/[ VC]/).map(Number);
        expect(numbers.at(-1)).toBeGreaterThan(numbers[1] ?? NaN);
      }
    }
    expect(operations.at(-1)).toBeLessThan((operations[0] ?? 0) / 2);
    await page.keyboard.press('ArrowLeft');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('recompute');
    await button(page, 'Next pass').click();
    expect(await page.getByRole('radio', { checked: true }).textContent()).toBe('fuse');
    expect(await button(page, 'Next pass').isDisabled()).toBe(true);
    expect(complaints).toEqual(NOTHING);
    await page.context().close();
  });

  test('a phone: nothing is wider than the screen, in either colours, and all is reached by the keyboard', async () => {
    const [page, complaints] = await open({
      viewport: { width: 375, height: 812 },
      colorScheme: 'dark',
      hasTouch: true,
    });
    const wide = (): Promise<number> => page.evaluate(() => document.documentElement.scrollWidth);
    const scheme = (): Promise<string | undefined> => page.evaluate(() => document.documentElement.dataset['scheme']);
    expect([await wide(), await scheme()]).toEqual([375, 'dark']);
    const paper = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await paper();
    const markup = await page.innerHTML('#picture style');
    await button(page, 'Dark colours').click();
    expect(await scheme()).toBe('light');
    expect(await paper()).not.toBe(dark);
    // The picture is drawn anew.
    await vi.waitUntil(async () => (await page.innerHTML('#picture style')) !== markup);
    for (const summary of await page.locator('summary').all()) await summary.click();
    expect(await wide()).toBe(375);

    await page.getByLabel('Environment').focus();
    const order: string[] = [];
    for (let i = 0; i < 60; i += 1) {
      order.push(await page.evaluate(() => document.activeElement?.id ?? ''));
      await page.keyboard.press('Tab');
    }
    for (const id of [
      'train',
      'reset',
      'algorithm',
      'delta',
      'seed',
      'pace',
      'play',
      'scrubber',
      'pass-before',
      'graph',
    ])
      expect(order).toContain(id);
    expect(complaints).toEqual(NOTHING);
    await page.context().close();
  });

  test('whoever prefers reduced motion sees the first frame until they press play', async () => {
    const [page] = await open({ reducedMotion: 'reduce' });
    await page.waitForTimeout(400);
    expect(await page.inputValue('#scrubber')).toBe('0');
    await button(page, 'Play the film').click();
    await vi.waitUntil(async () => Number(await page.inputValue('#scrubber')) > 0);
    await page.context().close();
  });

  test('training leaves the page smooth; closing it ends the worker, and opening it again starts clean', async () => {
    const [page] = await open();
    await page.getByLabel('Environment').selectOption('Acrobot-v1');
    await page.getByText('Nothing learnt yet.').first().waitFor();
    await button(page, 'Train').click();
    await later(page, 0);
    const before = await iteration(page);
    const frames = await page.evaluate(
      () =>
        new Promise<number>((done) => {
          let count = 0;
          const end = performance.now() + 2000;
          const next = (now: number): void => {
            count += 1;
            if (now < end) requestAnimationFrame(next);
            else done(count);
          };
          requestAnimationFrame(next);
        }),
    );
    // An iteration in the page itself would leave time for a frame or two of its own.
    expect(frames).toBeGreaterThan(3 * ((await iteration(page)) - before));
    const [worker] = page.workers();
    const over = new Promise<void>((ended) => worker?.once('close', () => ended()));
    await page.close();
    await over;
    const [again, complaints] = await open();
    expect(await text(again, '#phase')).toBe('Nothing learnt yet.');
    expect([await iteration(again), await again.inputValue('#environment')]).toEqual([0, 'CartPole-v1']);
    expect(complaints).toEqual(NOTHING);
    await again.context().close();
  });

  test('a MuJoCo task runs, its engine fetched when it is chosen, and other algorithms than TRPO', async () => {
    const [page, complaints] = await open();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await page.getByLabel('Algorithm').selectOption('ppo');
    await page.getByText('Nothing learnt yet.').first().waitFor();
    await button(page, 'Train').click();
    await later(page, 0);
    expect(await page.getAttribute('#chart-cg', 'aria-label')).toBe(
      'This algorithm solves no system by conjugate gradient',
    );
    await button(page, 'Reset').click();
    expect(asked.filter((path) => path.includes('mujoco'))).toEqual([]);
    await page.getByLabel('Environment').selectOption('InvertedPendulum-v5');
    await page.getByText('Nothing learnt yet.').first().waitFor();
    await page.waitForSelector('#picture svg');
    expect(asked.filter((path) => path.endsWith('.wasm')).length).toBe(1);
    await page.getByLabel('Batch size').fill('512');
    await button(page, 'Train').click();
    await later(page, 0);
    expect(complaints).toEqual(NOTHING);
    await page.context().close();
  });

  test('headers that refuse WebAssembly: programs are interpreted, and the page says what it lacks', async () => {
    const files = Object.fromEntries(
      readdirSync(site.folder, { recursive: true, encoding: 'utf8' })
        .filter((path) => /\.(html|js|css)$/.test(path))
        .map((path) => [`/${path}`, readFileSync(join(site.folder, path), 'utf8')]),
    );
    const policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src data:";
    const server = await serve(files, { strict: { 'Content-Security-Policy': policy } });
    const page = await browser.newPage();
    await page.goto(`${server.origin}/strict/`);
    await page.waitForSelector('#picture svg');
    expect(await text(page, '#engine')).toMatch(
      /on the engine “interpreter”, far slower than compiled programs\. Found WebAssembly that may not be compiled .*'wasm-unsafe-eval'/,
    );
    await page.getByLabel('Batch size').fill('256');
    await button(page, 'Train').click();
    await later(page, 0);
    await page.close();
    await server.close();
  });
});

describe('the server', () => {
  const playground = (...args: readonly string[]) =>
    spawnSync(process.execPath, [source('scripts/playground.mjs'), ...args], { encoding: 'utf8' });

  test('serves files of the page and nothing else, on the loopback interface, until it is interrupted', async () => {
    const { origin, end } = await serveSite(site.folder);
    const status = async (path: string, init?: RequestInit): Promise<number> =>
      (await fetch(`${origin}${path}`, init)).status;
    const { headers } = await fetch(`${origin}/`);
    expect(headers.get('Content-Security-Policy')).toContain("default-src 'none'");
    expect(headers.get('Content-Security-Policy')).not.toContain("'unsafe-eval'");
    expect(headers.get('Cross-Origin-Opener-Policy')).toBe('same-origin');
    expect(headers.get('Cross-Origin-Embedder-Policy')).toBe('require-corp');
    expect(await status('/index.html')).toBe(200);
    expect(await status('/?x=1')).toBe(200);
    for (const path of [
      '/nothing',
      '/assets/',
      '/..%2f..%2fetc/passwd',
      '/%2e%2e/package.json',
      source('package.json'),
    ])
      expect(await status(path), path).toBe(404);
    expect(await status('/', { method: 'POST' })).toBe(404);
    expect(await end()).toBe(0);
  });

  test.each([
    [['--port', 'http'], /--port takes a number from 0 to 65535, found "http"/],
    [['--port'], /--port needs a value/],
    [['--host', '0.0.0.0'], /unknown argument: --host/],
    [['--serve', source('docs')], /holds no index\.html; --build DIR makes one/],
    [['--serve', 'a', '--build', 'b'], /exclude each other/],
  ])('%j is refused', (args, message) => {
    const { status, stderr } = playground(...args);
    expect([status, stderr]).toEqual([2, expect.stringMatching(message)]);
  });
});
