import assert from 'node:assert/strict';
import { makeEnv, vectorise } from '@natgrad/envs';
import { decodeConfig, train } from '@natgrad/rl-trpo';
import { counterexample, evaluatePolicy } from '@natgrad/rl-trpo/theory';
import { key } from '@natgrad/tensor';

const env = makeEnv('CartPole-v1');
assert.equal(env._tag, 'Right');
const config = { envs: vectorise(env.right, 2), options: { batchSize: 32, hidden: [4] }, key: key(0), steps: 64 };
let iterations = 0;
for await (const { record } of train(config)) {
  iterations += 1;
  assert.ok(record.report.kl <= record.report.delta);
}
assert.equal(iterations, 2);

// In workers: the same numbers. Threads of training that nobody ends do not keep the process alive.
const inWorkers = {
  environment: { id: 'CartPole-v1' },
  workers: 2,
  options: { environments: 2, batchSize: 32, hidden: [4] },
  key: key(0),
};
const [there, here] = await Promise.all([train(inWorkers).next(), train(config).next()]);
assert.equal(there.value.record.workers, 2);
assert.deepEqual(there.value.record.report, here.value.record.report);

const misspelt = decodeConfig({ gama: 1 });
assert.equal(misspelt._tag, 'Left');
assert.match(JSON.stringify(misspelt.left), /gamma/);

const { mdp, policy } = counterexample();
assert.equal(evaluatePolicy(mdp, policy)._tag, 'Right');
