/** A server of files in memory, on the loopback interface. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import type { Site } from './bundle.js';

const KINDS: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.wasm': 'application/wasm',
};

/** Headers that make a page cross-origin isolated: with them it has SharedArrayBuffer. */
export const ISOLATED = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
} as const;

export interface Server {
  readonly origin: string;
  readonly close: () => Promise<void>;
}

/** Serves a site under each of several prefixes, which have headers of their own: `/NAME/page.js`. */
export const serve = async (
  site: Site,
  prefixes: Readonly<Record<string, Readonly<Record<string, string>>>>,
): Promise<Server> => {
  const server = createServer((request, response) => {
    const [, prefix = '', rest = ''] = /^\/([^/]*)(\/.*)$/.exec(request.url ?? '') ?? [];
    const headers = Object.hasOwn(prefixes, prefix) ? prefixes[prefix] : undefined;
    const path = rest === '/' ? '/index.html' : rest;
    const body = headers !== undefined && Object.hasOwn(site, path) ? site[path] : undefined;
    if (body === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'Content-Type': KINDS[extname(path)] ?? 'text/plain', ...headers }).end(body);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((closed) => {
        server.closeAllConnections();
        server.close(() => closed());
      }),
  };
};
