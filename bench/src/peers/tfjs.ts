/** TensorFlow.js on its WebAssembly backend. It has reverse mode only, so a product is a double gradient of the divergence. */
import { join } from 'node:path';
import { type Tensor, type TypedArray, toTypedArray } from '@natgrad/tensor';
import { DAMPING } from '../update/model.js';
import { makeDirection } from '../update/problem.js';
import { findPackage, howToInstall } from './packages.js';
import { type Peer, skip } from './peer.js';
import { mapWeights, probeCandidate, type Weights } from './probe.js';

const PACKAGE = '@tensorflow/tfjs';
const BACKEND = '@tensorflow/tfjs-backend-wasm';

/** What is used of the library. */
interface TfTensor {
  readonly add: (other: TfTensor | number) => TfTensor;
  readonly sub: (other: TfTensor | number) => TfTensor;
  readonly mul: (other: TfTensor | number) => TfTensor;
  readonly div: (other: TfTensor | number) => TfTensor;
  readonly exp: () => TfTensor;
  readonly tanh: () => TfTensor;
  readonly square: () => TfTensor;
  readonly matMul: (other: TfTensor) => TfTensor;
  readonly sum: (axis?: number) => TfTensor;
  readonly mean: () => TfTensor;
  readonly dataSync: () => TypedArray;
  readonly dispose: () => void;
}

interface Tf {
  readonly env: () => { readonly set: (flag: string, value: boolean) => void };
  readonly setBackend: (name: string) => Promise<boolean>;
  readonly tensor: (data: TypedArray, shape: readonly number[], dtype: 'float32') => TfTensor;
  readonly grads: (f: (...args: readonly TfTensor[]) => TfTensor) => (args: readonly TfTensor[]) => readonly TfTensor[];
  readonly tidy: <T>(f: () => T) => T;
  readonly customGrad: (
    f: (
      x: TfTensor,
      save: (tensors: readonly TfTensor[]) => void,
    ) => {
      readonly value: TfTensor;
      readonly gradFunc: (dy: TfTensor, saved: readonly TfTensor[]) => TfTensor;
    },
  ) => (x: TfTensor) => TfTensor;
}

type W = Weights<TfTensor>;

const load = async (): Promise<{ readonly tf: Tf; readonly version: string } | null> => {
  const [library, backend] = [findPackage(PACKAGE), findPackage(BACKEND)];
  if (library === null || backend === null) return null;
  const tf = (await library.load()) as Tf;
  const { setWasmPaths } = (await backend.load()) as { readonly setWasmPaths: (folder: string) => void };
  setWasmPaths(join(backend.folder, 'dist/'));
  return (await tf.setBackend('wasm')) ? { tf, version: library.version } : null;
};

interface Smooth {
  readonly exp: (x: TfTensor) => TfTensor;
  readonly tanh: (x: TfTensor) => TfTensor;
}

/**
 * exp and tanh that can be differentiated twice. The built-in rules use the saved result, whose own dependence on the argument
 * is not on the tape (version 4.22), so that second derivatives silently lack terms; these save the argument instead.
 */
const smooth = (tf: Tf): Smooth => {
  const exp = (at: TfTensor): TfTensor =>
    tf.customGrad((x, save) => {
      save([x]);
      return { value: x.exp(), gradFunc: (dy, saved) => dy.mul(exp(saved[0] as TfTensor)) };
    })(at);
  const tanh = (at: TfTensor): TfTensor =>
    tf.customGrad((x, save) => {
      save([x]);
      const slope = (saved: TfTensor): TfTensor => tanh(saved).square().mul(-1).add(1);
      return { value: x.tanh(), gradFunc: (dy, saved) => dy.mul(slope(saved[0] as TfTensor)) };
    })(at);
  return { exp, tanh };
};

export const tfjs: Peer = {
  name: 'tfjs',
  find: async ({ dtype, problem }) => {
    if (dtype !== 'f32') return skip('tfjs', 'it has no f64');
    const loaded = await load();
    if (loaded === null) return skip('tfjs', howToInstall(PACKAGE, BACKEND));
    const { tf, version } = loaded;
    const { exp, tanh } = smooth(tf);
    const array = (x: Tensor): TfTensor => tf.tensor(toTypedArray(x), x.shape, 'float32');
    const [at, direction] = [
      mapWeights(array, { ...problem.policy }),
      mapWeights(array, { ...makeDirection(problem) }),
    ];
    const [observations, actions, advantages] = [
      array(problem.observations),
      array(problem.actions),
      array(problem.advantages),
    ];
    const list = (weights: W): readonly TfTensor[] => Object.values(weights);
    const names = Object.keys(at) as (keyof W)[];
    const weightsOf = (tensors: readonly TfTensor[]): W =>
      Object.fromEntries(names.map((name, k) => [name, tensors[k]])) as W;

    const mean = ({ W1, b1, W2, b2, W3, b3 }: W): TfTensor =>
      tanh(tanh(observations.matMul(W1).add(b1)).matMul(W2).add(b2))
        .matMul(W3)
        .add(b3);
    const logProbability = (weights: W): TfTensor =>
      actions.sub(mean(weights)).div(exp(weights.logStd)).square().mul(-0.5).sub(weights.logStd).sum(1);
    // A copy of log σ: derivatives are by tensors, wherever they occur.
    const old = { mean: mean(at), logProbability: logProbability(at), logStd: array(problem.policy.logStd) };
    const surrogate = (...tensors: readonly TfTensor[]): TfTensor =>
      exp(logProbability(weightsOf(tensors)).sub(old.logProbability))
        .mul(advantages)
        .mean();
    const divergence = (...tensors: readonly TfTensor[]): TfTensor => {
      const weights = weightsOf(tensors);
      const variances = old.logStd
        .exp()
        .square()
        .add(old.mean.sub(mean(weights)).square());
      const scaled = variances.div(exp(weights.logStd).square().mul(2));
      return scaled.add(weights.logStd.sub(old.logStd)).sum(1).mean();
    };
    const along = (...tensors: readonly TfTensor[]): TfTensor =>
      tf
        .grads(divergence)(tensors)
        .map((gradient, k) => gradient.mul(list(direction)[k] as TfTensor).sum())
        .reduce((total, each) => total.add(each));
    const product = (): W =>
      tf.tidy(() => {
        const image = weightsOf(tf.grads(along)(list(at)));
        return mapWeights((x, name) => x.add(direction[name].mul(DAMPING)), image);
      });
    return {
      skipped: [],
      candidates: [
        probeCandidate<TfTensor>({
          engine: `tfjs ${version}`,
          variant: 'wasm, double gradient',
          dtype,
          notes: [
            'derivative of the gradient of the KL divergence, forward pass included in every product',
            'exp and tanh with gradients of our own, which compute them once more: the second derivatives of the built-in ones are wrong',
          ],
          like: problem.policy,
          gradient: () => Promise.resolve(tf.tidy(() => weightsOf(tf.grads(surrogate)(list(at))))),
          product: () => Promise.resolve(product()),
          read: (x) => x.dataSync(),
          dispose: (x) => x.dispose(),
        }),
      ],
    };
  },
};
