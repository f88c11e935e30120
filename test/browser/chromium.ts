/** Chromium without a window, where the system has one. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** Path of the system's Chromium, or of what NATGRAD_CHROMIUM names; undefined where there is none. */
const found: string | undefined = [
  ...[process.env['NATGRAD_CHROMIUM'] ?? []].flat(),
  ...NAMES.flatMap((name) => (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name))),
].find(isExecutable);

/** Why tests in a browser are skipped here; null where they run. */
export const missing: string | null =
  found === undefined
    ? 'skipped: no Chromium found (Debian: apt-get install chromium; or NATGRAD_CHROMIUM=PATH)'
    : null;

if (missing !== null) console.log(`tests in a browser ${missing}`);

/** A browser without a sandbox: its pages are the tests' own, and containers often allow none. */
export const launch = (): Promise<Browser> => {
  if (found === undefined) throw new Error(missing ?? '');
  return chromium.launch({ executablePath: found, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
};

/** What a page says that nobody wants to hear. */
export interface Complaints {
  readonly errors: string[];
  readonly warnings: string[];
  /** Requests that leave the origin. */
  readonly foreign: string[];
}

/** Listens to a page from its beginning. */
export const listen = (page: Page, origin: string): Complaints => {
  const complaints: Complaints = { errors: [], warnings: [], foreign: [] };
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.errors.push(message.text());
    if (message.type() === 'warning') complaints.warnings.push(message.text());
  });
  page.on('pageerror', (error) => complaints.errors.push(String(error)));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(`${origin}/`) && !url.startsWith('data:') && !url.startsWith('blob:'))
      complaints.foreign.push(url);
  });
  return complaints;
};
