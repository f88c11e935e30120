/** The playground's server, with requests that no browser sends. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Served, serveSite } from './_site.js';

const PAGE = '<!doctype html><title>page</title>';

let folder: string;
let served: Served;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'natgrad-served-'));
  writeFileSync(join(folder, 'index.html'), PAGE);
  served = await serveSite(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What comes back for these very bytes, nothing where nobody answers; `fetch` would tidy them up. */
const answer = (target: string, method = 'GET'): Promise<string> =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(served.origin);
    let text = '';
    const socket = connect(Number(port), hostname, () => {
      socket.write(
        Buffer.from(`${method} ${target} HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n\r\n`, 'latin1'),
      );
    });
    socket.on('data', (data) => {
      text += data.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text));
  });

const statusOf = (text: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? NaN);

describe('malformed requests are refused, and the server goes on', () => {
  test.each([
    ['//', 400],
    ['///', 400],
    ['//127.0.0.1/index.html', 400],
    ['//[', 400],
    ['/\\', 404],
    ['http://', 400],
    ['http://[/', 400],
    ['http://a:b:c//', 400],
    ['ftp://127.0.0.1/index.html', 400],
    ['javascript:0', 400],
    ['index.html', 400],
    ['*', 400],
    ['?', 400],
    ['/%', 404],
    ['/%zz', 404],
    ['/%00', 404],
    ['/index.html%00', 404],
    ['/index.html\0', 400],
    ['/\xff\xfe', 400],
    ['/../index.html', 404],
    ['/..', 404],
    ['/./index.html', 404],
    ['/%2e%2e/index.html', 404],
    ['/%2E%2E%2Findex.html', 404],
    ['/%252e%252e%252findex.html', 404],
    ['/..%5cindex.html', 404],
    ['/..\\index.html', 404],
    ['/%c0%ae%c0%ae/index.html', 404],
    ['/..;/index.html', 404],
    ['/__proto__', 404],
    ['/constructor', 404],
  ])('%j: %d', async (target, status) => {
    const text = await answer(target);
    expect(statusOf(text)).toBe(status);
    expect(text).not.toContain(PAGE);
    expect(statusOf(await answer('/'))).toBe(200);
  });

  test.each([
    '/',
    '/index.html',
    '/?',
    '/?a=//',
    '/index.html?%',
    'http://127.0.0.1/',
    'HTTP://localhost:1/index.html?x',
  ])('%j is the page', async (target) => {
    const text = await answer(target);
    expect(statusOf(text)).toBe(200);
    expect(text).toContain(PAGE);
  });

  test('long ones too', async () => {
    expect(statusOf(await answer(`/${'a'.repeat(10_000)}`))).toBe(404);
    // Longer than any head may be: the connection may be cut before the answer is read.
    expect(await answer(`/${'a'.repeat(100_000)}`)).toMatch(/^(HTTP\/1\.1 431 |$)/);
    expect(statusOf(await answer('/'))).toBe(200);
  });

  test('methods other than GET and HEAD find nothing', async () => {
    expect(statusOf(await answer('*', 'OPTIONS'))).toBe(400);
    expect(statusOf(await answer('/', 'PUT'))).toBe(404);
    expect(statusOf(await answer('/', 'HEAD'))).toBe(200);
  });

  test('it ends when it is interrupted, and not before', async () => {
    expect(await served.end()).toBe(0);
  });
});
