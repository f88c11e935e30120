/**
 * `npm run playground`: builds the page in which TRPO learns live, and serves it on the loopback interface until Ctrl-C. Files are read
 * once, so nothing but the page can be asked for.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, resolve } from 'node:path';
import { root, run } from './packages.mjs';
import { setUp } from './setup.mjs';

const help = `npm run playground                      builds the page and serves it on 127.0.0.1
npm run playground -- --port N          on this port (4173; 0: any that is free)
npm run playground -- --build DIR       writes the files, for any static server, and ends
npm run playground -- --serve DIR       serves files that were built before`;

const refuse = (message) => {
  console.error(`${message}\n\n${help}`);
  process.exit(2);
};

const parse = (argv) => {
  const wanted = { port: 4173, build: null, serve: null };
  for (let i = 0; i < argv.length; i += 2) {
    const [flag, value] = [argv[i], argv[i + 1]];
    if (flag === '--help' || flag === '-h') {
      console.log(help);
      process.exit(0);
    }
    const name = /^--(port|build|serve)$/.exec(flag)?.[1];
    if (name === undefined) refuse(`unknown argument: ${flag}`);
    if (value === undefined) refuse(`${flag} needs a value`);
    if (name === 'port' && !(/^\d{1,5}$/.test(value) && Number(value) <= 65_535))
      refuse(`--port takes a number from 0 to 65535, found ${JSON.stringify(value)}`);
    wanted[name] = name === 'port' ? Number(value) : resolve(value);
  }
  if (wanted.build !== null && wanted.serve !== null) refuse('--build and --serve exclude each other');
  return wanted;
};

/** Where the page is; null if it could not be built. */
const build = async (outDir) => {
  if (!setUp()) return null;
  const { ok, output } = run('tsc -b apps/playground');
  if (!ok) {
    console.error(output.trimEnd());
    return null;
  }
  const vite = await import('vite');
  const folder = outDir ?? join(root, 'apps/playground/dist/site');
  await vite.build({
    configFile: join(root, 'apps/playground/vite.config.mjs'),
    // A folder of somebody else's is not emptied.
    build: outDir === null ? {} : { outDir, emptyOutDir: false },
  });
  return folder;
};

const KINDS = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.wasm': 'application/wasm',
};

/** Cross-origin isolated, so that threads may share memory; nothing foreign is loaded, and no text becomes code. */
const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src data:; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const HEADERS = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
};

/** MuJoCo's bindings write code for the types of each function that they bind; only the worker that may load them may do so. */
const headersOf = (path) => ({
  ...HEADERS,
  'Content-Security-Policy': path.startsWith('/assets/physics-')
    ? POLICY.replace("'wasm-", "'unsafe-eval' 'wasm-")
    : POLICY,
});

/** The files of the page, by the path by which they are asked for. */
const filesOf = (folder) =>
  new Map(
    readdirSync(folder, { recursive: true })
      .map(String)
      .filter((path) => statSync(join(folder, path)).isFile() && extname(path) in KINDS)
      .map((path) => [`/${path.replaceAll('\\', '/')}`, readFileSync(join(folder, path))]),
  );

/**
 * The path that a request names, `/…` or `http://host/…`, as it was written: nothing is decoded or resolved, so nothing but the name of a
 * file finds one. Null for anything else, which browsers never send.
 */
const pathOf = (target) => /^(?:https?:\/\/[\w.-]+(?::\d+)?)?(\/(?!\/)[^?#]*)/i.exec(target)?.[1] ?? null;

const serve = (folder, port) => {
  const files = filesOf(folder);
  const server = createServer((request, response) => {
    const asked = pathOf(request.url ?? '');
    if (asked === null) {
      response.writeHead(400, HEADERS).end();
      return;
    }
    const path = asked === '/' ? '/index.html' : asked;
    const body = request.method === 'GET' || request.method === 'HEAD' ? files.get(path) : undefined;
    if (body === undefined) response.writeHead(404, headersOf(path)).end();
    else response.writeHead(200, { ...headersOf(path), 'Content-Type': KINDS[extname(path)] }).end(body);
  });
  server.on('error', (error) => {
    console.error(error.code === 'EADDRINUSE' ? `port ${port} is taken: --port N names another` : error.message);
    process.exitCode = 1;
  });
  server.listen(port, '127.0.0.1', () => {
    console.log(`http://127.0.0.1:${server.address().port}/   (Ctrl-C ends)`);
  });
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, () => {
      server.closeAllConnections();
      server.close();
    });
};

const { port, build: outDir, serve: served } = parse(process.argv.slice(2));
if (served !== null) {
  if (existsSync(join(served, 'index.html'))) serve(served, port);
  else refuse(`${served} holds no index.html; --build DIR makes one`);
} else {
  const folder = await build(outDir);
  if (folder === null) process.exitCode = 1;
  else if (outDir !== null) console.log(folder);
  else serve(folder, port);
}
