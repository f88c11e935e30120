/** jax-js, by every route to a Fisher-vector product that it has: which is its best depends on sizes and versions. */
import { type Tensor, type TypedArray, toTypedArray } from '@natgrad/tensor';
import { DAMPING } from '../update/model.js';
import { makeDirection } from '../update/problem.js';
import { findPackage, howToInstall } from './packages.js';
import { type Peer, skip } from './peer.js';
import { mapWeights, probeCandidate, type Weights } from './probe.js';

const PACKAGE = '@jax-js/jax';

/** What is used of the library. A call takes its arguments away: `ref` keeps one for another use. */
interface JaxArray {
  readonly ref: JaxArray;
  readonly shape: readonly number[];
  readonly add: (other: JaxArray | number) => JaxArray;
  readonly sub: (other: JaxArray | number) => JaxArray;
  readonly mul: (other: JaxArray | number) => JaxArray;
  readonly div: (other: JaxArray | number) => JaxArray;
  readonly reshape: (shape: readonly number[]) => JaxArray;
  readonly dataSync: () => TypedArray;
  readonly dispose: () => void;
}

type W = Weights<JaxArray>;
interface Outputs {
  readonly mean: JaxArray;
  readonly logStd: JaxArray;
}
type Owned<F> = F & { readonly dispose: () => void };

interface Jax {
  readonly init: (device: string) => Promise<unknown>;
  readonly defaultDevice: (device: string) => unknown;
  readonly blockUntilReady: <T>(tree: T) => Promise<T>;
  readonly jit: <F>(f: F) => F;
  readonly grad: (f: (weights: W) => JaxArray) => (weights: W) => W;
  readonly jvp: <Out>(f: (weights: W) => Out, at: readonly [W], tangents: readonly [W]) => readonly [Out, Out];
  readonly vjp: <Out>(f: (weights: W) => Out, at: readonly [W]) => readonly [Out, Owned<(ct: Out) => readonly [W]>];
  readonly linearize: <Out>(f: (weights: W) => Out, at: readonly [W]) => readonly [Out, Owned<(tangent: W) => Out>];
  readonly numpy: Readonly<Record<'exp' | 'tanh' | 'square' | 'mean', (x: JaxArray) => JaxArray>> & {
    readonly array: (data: TypedArray) => JaxArray;
    readonly matmul: (a: JaxArray, b: JaxArray) => JaxArray;
    readonly sum: (x: JaxArray, axis: number) => JaxArray;
  };
}

const load = async (library: { readonly load: () => Promise<unknown> }): Promise<Jax> => {
  // The library asks of arrays whether they are of this kind, which Node before 24 does not know: none is.
  const platform = globalThis as { Float16Array?: unknown };
  platform.Float16Array ??= class {
    readonly absent = true;
  };
  const jax = (await library.load()) as Jax;
  await jax.init('wasm');
  jax.defaultDevice('wasm');
  return jax;
};

const keep = (weights: W): W => mapWeights((array) => array.ref, weights);

export const jaxJs: Peer = {
  name: 'jax-js',
  find: async ({ dtype, problem }) => {
    // Version 0.1.25: exp and tanh of f64 are good to 1e-7, so nothing that uses them can agree as f64 must.
    if (dtype !== 'f32') return skip('jax-js', 'its f64 functions have the accuracy of f32');
    const library = findPackage(PACKAGE);
    if (library === null) return skip('jax-js', howToInstall(PACKAGE));
    const jax = await load(library);
    const { numpy: np } = jax;
    const array = (x: Tensor): JaxArray => np.array(toTypedArray(x)).reshape(x.shape);
    const [at, direction] = [problem.policy, makeDirection(problem)].map((tree) =>
      mapWeights(array, { ...tree }),
    ) as readonly W[] as readonly [W, W];
    const [observations, actions, advantages] = [
      array(problem.observations),
      array(problem.actions),
      array(problem.advantages),
    ];
    const batch = problem.observations.shape[0] as number;

    const outputs = ({ W1, b1, W2, b2, W3, b3, logStd }: W): Outputs => {
      const first = np.tanh(np.matmul(observations.ref, W1).add(b1));
      const second = np.tanh(np.matmul(first, W2).add(b2));
      return { mean: np.matmul(second, W3).add(b3), logStd };
    };
    const logProbability = ({ mean, logStd }: Outputs): JaxArray => {
      const scaled = actions.ref.sub(mean).div(np.exp(logStd.ref));
      return np.sum(np.square(scaled).mul(-0.5).sub(logStd), 1);
    };
    const old = outputs(keep(at));
    const oldLogProbability = logProbability({ mean: old.mean.ref, logStd: old.logStd.ref });
    const surrogate = (weights: W): JaxArray =>
      np.mean(np.exp(logProbability(outputs(weights)).sub(oldLogProbability.ref)).mul(advantages.ref));
    const divergence = (weights: W): JaxArray => {
      const { mean, logStd } = outputs(weights);
      const variances = np.square(np.exp(old.logStd.ref)).add(np.square(old.mean.ref.sub(mean)));
      const scaled = variances.div(np.square(np.exp(logStd.ref)).mul(2));
      return np.mean(np.sum(scaled.add(logStd.sub(old.logStd.ref)), 1));
    };
    const metric = ({ mean, logStd }: Outputs): Outputs => ({
      mean: mean.mul(np.exp(old.logStd.ref.mul(-2))).div(batch),
      logStd: logStd.mul(2),
    });
    const damped = (image: W, vector: W): W => mapWeights((x, name) => x.add(vector[name].mul(DAMPING)), image);

    const [value, apply] = jax.linearize(outputs, [keep(at)]);
    const [valueAgain, back] = jax.vjp(outputs, [keep(at)]);
    for (const { mean, logStd } of [value, valueAgain]) {
      mean.dispose();
      logStd.dispose();
    }
    const kept = (vector: W): W => {
      const [image] = back(metric(apply(keep(vector))));
      return damped(image, vector);
    };
    const repeated = (weights: W, vector: W): W => {
      const [first, tangent] = jax.jvp(outputs, [keep(weights)], [keep(vector)]);
      const [second, pullBack] = jax.vjp(outputs, [weights]);
      for (const { mean, logStd } of [first, second]) {
        mean.dispose();
        logStd.dispose();
      }
      const [image] = pullBack(metric(tangent));
      pullBack.dispose();
      return damped(image, vector);
    };
    const ofGradient = (weights: W, vector: W): W => {
      const [gradient, image] = jax.jvp(jax.grad(divergence), [weights], [keep(vector)]);
      mapWeights((x) => x.dispose(), gradient);
      return damped(image, vector);
    };

    const [jitKept, jitRepeated, jitOfGradient] = [jax.jit(kept), jax.jit(repeated), jax.jit(ofGradient)];
    const jitGradient = jax.jit(jax.grad(surrogate));
    const routes: readonly (readonly [variant: string, note: string, product: () => W])[] = [
      [
        'linearize and vjp',
        'Jᵀ M J with what the forward pass left kept between products',
        () => kept(keep(direction)),
      ],
      [
        'jit of linearize and vjp',
        'Jᵀ M J from the kept values, compiled as one program',
        () => jitKept(keep(direction)),
      ],
      [
        'jit of jvp and vjp',
        'Jᵀ M J as one program that makes the forward pass again for every product',
        () => jitRepeated(keep(at), keep(direction)),
      ],
      [
        'jit of jvp of grad',
        'derivative of the gradient of the KL divergence, forward pass included in every product',
        () => jitOfGradient(keep(at), keep(direction)),
      ],
    ];
    return {
      skipped: [],
      candidates: routes.map(([variant, note, product]) =>
        probeCandidate<JaxArray>({
          engine: `jax-js ${library.version}`,
          variant,
          dtype,
          notes: [note],
          like: problem.policy,
          gradient: () => jax.blockUntilReady(jitGradient(keep(at))),
          product: () => jax.blockUntilReady(product()),
          read: (x) => x.ref.dataSync(),
          dispose: (x) => x.dispose(),
        }),
      ),
    };
  },
};
