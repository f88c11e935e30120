/**
 * `npm start`: set-up, build, and a first agent: trains CartPole-v1 until it is solved. Arguments go to `natgrad train`, e.g.
 * `npm start -- --seed 3`.
 */
import { run } from './packages.mjs';
import { setUp } from './setup.mjs';

const ready = () => {
  if (!setUp()) return false;
  const { ok, output } = run('tsc -b apps/cli');
  if (!ok) console.error(output.trimEnd());
  return ok;
};

if (ready()) {
  const { main } = await import('../apps/cli/dist/main.js');
  await main(['train', '--env', 'CartPole-v1', '--until-solved', ...process.argv.slice(2)]);
} else process.exitCode = 1;
