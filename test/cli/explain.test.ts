/** `natgrad explain`: every program of a step, planned. */
import { expect, test } from 'vitest';
import { natgrad } from './natgrad.js';

const cli = natgrad();

test.for(['CartPole-v1', 'Pendulum-v1'])('%s: eight plans, none with a fallback', async (id) => {
  const { code, stdout, stderr } = await cli.run(['explain', '--env', id, '--rows', '64']);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout.match(/^\d\. .+\nplan: \d+ steps/gm)).toHaveLength(8);
  expect(stdout.match(/fallbacks to the reference: none/g)).toHaveLength(8);
});

test('one program, after every pass that changed it', async () => {
  const { code, stdout } = await cli.run(['explain', '--program', '2', '--rows', '64', '--set', 'hidden=8']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^J·v\n\ntraced: \d+ operations\n/);
  expect(stdout).toMatch(/^after fuse: \d+ operations\n/m);
  expect(stdout).toContain('f64[64,8]');
});
