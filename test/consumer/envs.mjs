import assert from 'node:assert/strict';
import { cartPole, makeEnv } from '@natgrad/envs';
import { key } from '@natgrad/tensor';

const env = cartPole();
const { state, observation } = env.reset(key(0));
assert.equal(observation.length, 4);
assert.equal(env.step(state, 1).reward, 1);

const misspelt = makeEnv('CartPoel-v1');
assert.equal(misspelt._tag, 'Left');
assert.match(misspelt.left.expected, /CartPole-v1/);
