/** One Fisher-vector product of a Gaussian policy of any depth: what `scale` times. */
import {
  add,
  divide,
  type Engine,
  exp,
  type GaussNewtonOperator,
  jit,
  jitGaussNewton,
  matmul,
  multiply,
  tanh,
  traceGraph,
} from '@natgrad/autodiff';
import { cast, type FloatDType, full, key, normal, split, type Tensor, treeMap, zeros } from '@natgrad/tensor';
import { matmulFlops } from './flops.js';

/** One size to measure; `depth` counts hidden layers. */
export interface Point {
  readonly batch: number;
  readonly width: number;
  readonly depth: number;
}

const [OBSERVATION, ACTION, DAMPING] = [17, 6, 0.1];

interface Layer {
  readonly weights: Tensor;
  readonly bias: Tensor;
}

interface DeepPolicy {
  readonly layers: readonly Layer[];
  readonly logStd: Tensor;
}

interface Outputs {
  readonly mean: Tensor;
  readonly logStd: Tensor;
}

const widths = ({ width, depth }: Point): readonly number[] => [
  OBSERVATION,
  ...Array.from({ length: depth }, () => width),
  ACTION,
];

const makePolicy = (point: Point): DeepPolicy => {
  const sizes = widths(point);
  const keys = split(key(0), sizes.length - 1);
  const layers = keys.map((each, k) => {
    const [inputs, outputs] = [sizes[k] as number, sizes[k + 1] as number];
    return { weights: multiply(normal(each, [inputs, outputs]), 1 / Math.sqrt(inputs)), bias: zeros([outputs]) };
  });
  return { layers, logStd: full([ACTION], -0.5) };
};

const outputs = ({ layers, logStd }: DeepPolicy, observations: Tensor): Outputs => {
  const mean = layers.reduce((x, { weights, bias }, k) => {
    const y = add(matmul(x, weights), bias);
    return k < layers.length - 1 ? tanh(y) : y;
  }, observations);
  return { mean, logStd };
};

const metric = ({ mean, logStd }: Outputs, at: Tensor): Outputs => ({
  mean: divide(multiply(mean, exp(multiply(at, -2))), mean.shape[0] as number),
  logStd: multiply(logStd, 2),
});

const damp = (image: DeepPolicy, vector: DeepPolicy): DeepPolicy =>
  treeMap((x, v) => add(x, multiply(v, DAMPING)), image, vector);

export interface Product {
  /** One product; the first has been made. */
  readonly run: () => DeepPolicy;
  /** Milliseconds of tracing, compiling, linearising and the first product. */
  readonly firstCall: number;
  readonly flops: number;
  /** Bytes of what linearisation keeps for the products. */
  readonly residualBytes: number;
}

/**
 * Operations of one product by the formula: two matrix products of a layer in each direction, one in the first layer, whose
 * inputs have no derivative.
 */
export const expectedFlops = (point: Point): number => {
  const sizes = widths(point);
  return sizes
    .slice(1)
    .map((outputs_, k) => (k === 0 ? 2 : 4) * 2 * point.batch * (sizes[k] as number) * outputs_)
    .reduce((total, each) => total + each, 0);
};

export const makeProduct = (engine: Engine, point: Point, dtype: FloatDType): Product => {
  const policy = treeMap((leaf) => cast(leaf, dtype), makePolicy(point));
  const observations = cast(normal(key(1), [point.batch, OBSERVATION]), dtype);
  const linear = jitGaussNewton(outputs, (at, tangent) => metric(tangent, at.logStd), { engine });
  const damped = jit(damp, { engine });
  const product = (operator: GaussNewtonOperator<DeepPolicy, Outputs>, vector: DeepPolicy): DeepPolicy =>
    damped(operator.product(vector), vector);
  const began = performance.now();
  const operator = linear(policy, observations);
  product(operator, policy);
  const firstCall = performance.now() - began;
  return {
    run: () => product(operator, policy),
    firstCall,
    flops: matmulFlops(traceGraph((vector: DeepPolicy) => product(operator, vector), policy).graph),
    residualBytes: operator.residualBytes,
  };
};
