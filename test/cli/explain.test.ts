/** `natgrad explain`: every program of a step, planned. */
import { expect, test } from 'vitest';
import { natgrad } from './natgrad.js';

const cli = natgrad();

test.for(['CartPole-v1', 'Pendulum-v1'])('%s: seven plans, none with a fallback', async (id) => {
  const { code, stdout, stderr } = await cli.run(['explain', '--env', id, '--rows', '64']);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout.match(/^\d\. .+\nplan: \d+ steps/gm)).toHaveLength(7);
  expect(stdout.match(/fallbacks to the reference: none/g)).toHaveLength(7);
});

test('one program, after every pass that changed it', async () => {
  const { code, stdout } = await cli.run(['explain', '--program', '2', '--rows', '64', '--set', 'hidden=8']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^F·v\n\ntraced: \d+ operations\n/);
  expect(stdout).toMatch(/^after fuse: \d+ operations\n/m);
  expect(stdout).toContain('f64[64,8]');
});
