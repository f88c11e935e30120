/** The playground, built from the sources and served by its own server. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'vite';
import { inBrowsers, source } from '../aliases.js';
import { workersAreSources } from '../browser/bundle.js';

export interface Site {
  readonly folder: string;
  readonly remove: () => void;
}

/** Bundles the page as `npm run playground` does, but from the sources. */
export const buildSite = async (): Promise<Site> => {
  const folder = mkdtempSync(join(tmpdir(), 'natgrad-playground-'));
  await build({
    configFile: source('apps/playground/vite.config.mjs'),
    logLevel: 'error',
    resolve: { alias: inBrowsers },
    plugins: [workersAreSources],
    worker: { plugins: () => [workersAreSources] },
    build: { outDir: folder, minify: false },
  });
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
};

export interface Served {
  readonly origin: string;
  /** Ends the server as Ctrl-C does; its exit code. */
  readonly end: () => Promise<number | null>;
}

/** Starts `npm run playground`'s server on a free port. */
export const serveSite = (folder: string): Promise<Served> =>
  new Promise((resolve, reject) => {
    const server: ChildProcess = spawn(process.execPath, [
      source('scripts/playground.mjs'),
      ...['--serve', folder, '--port', '0'],
    ]);
    server.on('error', reject);
    server.stderr?.on('data', (text: Buffer) => reject(new Error(String(text))));
    server.stdout?.on('data', (text: Buffer) => {
      const [, origin] = /(http:\/\/127\.0\.0\.1:\d+)\//.exec(String(text)) ?? [];
      if (origin === undefined) return;
      resolve({
        origin,
        end: () =>
          new Promise((ended) => {
            server.once('exit', ended);
            server.kill('SIGINT');
          }),
      });
    });
  });
