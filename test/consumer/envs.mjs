import assert from 'node:assert/strict';
import { cartPole, loadEnv, makeEnv, spacesOf } from '@natgrad/envs';
import { key } from '@natgrad/tensor';

const env = cartPole();
const { state, observation } = env.reset(key(0));
assert.equal(observation.length, 4);
assert.equal(env.step(state, 1).reward, 1);

const misspelt = makeEnv('CartPoel-v1');
assert.equal(misspelt._tag, 'Left');
assert.match(misspelt.left.expected, /CartPole-v1/);

// Nobody asked for MuJoCo: spaces are known, and the environment says what to install.
assert.deepEqual(spacesOf('Hopper-v5').right.observationSpace.shape, [11]);
const hopper = await loadEnv({ id: 'Hopper-v5' })();
assert.equal(hopper._tag, 'Left');
assert.equal(hopper.left.code, 'Unsupported');
assert.equal(hopper.left.expected, 'npm install @mujoco/mujoco@3.14.0');
