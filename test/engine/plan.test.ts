/** What the compiler makes of the programs that matter: few loops, nothing copied, no fallbacks, the fewest operations. */
import {
  add,
  cumulativeSum,
  divide,
  exp,
  explain,
  jitLinearize,
  matmul,
  mean,
  multiply,
  square,
  subtract,
  sum,
  tanh,
  traceGraph,
} from '@natgrad/autodiff';
import { type Scalar, type Tensor, zeros } from '@natgrad/tensor';
import { describe, expect, test } from 'vitest';
import { compilePlan } from '../../packages/autodiff/src/backends/wasm/engine.js';
import type { Plan } from '../../packages/autodiff/src/backends/wasm/plan.js';

interface Layer {
  readonly weight: Tensor;
  readonly bias: Tensor;
}
type Network = readonly Layer[];

const network = (widths: readonly number[], dtype: 'f32' | 'f64' = 'f32'): Network =>
  widths.slice(1).map((width, k) => ({
    weight: zeros([widths[k] as number, width], dtype),
    bias: zeros([width], dtype),
  }));

const apply = (layers: Network, x: Tensor): Tensor =>
  layers.reduce((h, { weight, bias }, k) => {
    const z = add(matmul(h, weight), bias);
    return k === layers.length - 1 ? z : tanh(z);
  }, x);

const loops = (plan: Plan): readonly string[] =>
  plan.steps.flatMap((step) =>
    step.kind === 'loop'
      ? [
          step.loop.program.values
            .flatMap((value) => (value.kind === 'operation' ? [value.name] : []))
            .concat(
              step.loop.program.outputs.flatMap((out) => (out.kind === 'reduce' ? [`${out.name}:${out.layout}`] : [])),
            )
            .join(' '),
        ]
      : [],
  );
const kinds = (plan: Plan): Readonly<Record<string, number>> =>
  plan.steps.reduce<Record<string, number>>((counts, { kind }) => ({ ...counts, [kind]: (counts[kind] ?? 0) + 1 }), {});
const productFlops = (plan: Plan): number =>
  plan.steps.reduce((total, step) => total + (step.kind === 'gemm' ? step.flops : 0), 0);

describe('the Gauss-Newton product of a policy, 5000 observations, 17-256-256-6', () => {
  const layers = network([17, 256, 256, 6]);
  const x = zeros([5000, 17], 'f32');
  const operator = jitLinearize(apply)(layers, x);
  const forward = compilePlan(operator.graph);
  const backward = compilePlan(
    traceGraph(
      (u: Tensor, residuals: Network, observations: Tensor) =>
        jitLinearize(apply)(residuals, observations).transpose(u),
      operator.value,
      layers,
      x,
    ).graph,
  );

  test('J·v: five products, two of them added in place, and one loop for each layer', () => {
    expect(kinds(forward)).toEqual({ gemm: 5, loop: 3 });
    // 1 − y² is computed again, of the y that the products of the next layer read: it is no residual.
    expect(loops(forward)).toEqual(['add square subtract multiply', 'add square subtract multiply', 'add']);
    expect(operator.residualBytes).toBeLessThan(1.1 * 2 * 5000 * 256 * 4);
    const added = forward.steps.filter((step) => step.kind === 'gemm' && step.avals.length === 3);
    expect(added.map((step) => step.kind === 'gemm' && step.inPlace)).toEqual([true, true]);
  });

  test('Jᵀ·u after a forward pass: products, and loops that end in the sums of bias gradients', () => {
    expect(kinds(backward)['reference']).toBeUndefined();
    expect(loops(backward).filter((names) => names.includes('sum:row'))).toHaveLength(3);
    // The forward pass: bias and tanh in one loop each, with what the backward pass needs of them.
    expect(loops(backward).filter((names) => names.startsWith('add tanh'))).toHaveLength(2);
  });

  test('floating-point operations: four products for each layer, two for the first', () => {
    // The program of Jᵀ·u also makes the forward pass, but for its last layer, which no derivative needs.
    const [first, second, last] = [5000 * 17 * 256, 5000 * 256 * 256, 5000 * 256 * 6].map((n) => 2 * n) as [
      number,
      number,
      number,
    ];
    expect(productFlops(forward) + productFlops(backward) - (first + second)).toBe(2 * first + 4 * second + 4 * last);
    expect(2 * first + 4 * second + 4 * last).toBeCloseTo(2.77e9, -7);
  });

  test('the arena holds no more than 1.5 times what is needed at once', () => {
    for (const { arena } of [forward, backward]) expect(arena.bytes).toBeLessThanOrEqual(1.5 * arena.peak);
  });
});

describe('expressions', () => {
  const [mu, old, logSigma] = [zeros([5000, 6], 'f32'), zeros([5000, 6], 'f32'), zeros([6], 'f32')];

  test('a mean KL of Gaussians is one loop of rows and one over their sums', () => {
    const kl = (newMean: Tensor, oldMean: Tensor, log: Tensor): Scalar => {
      const z = multiply(subtract(oldMean, newMean), exp(multiply(log, -1)));
      return mean(sum(multiply(square(z), 0.5), 1));
    };
    const plan = compilePlan(traceGraph(kl, mu, old, logSigma).graph);
    expect(kinds(plan)['reference']).toBeUndefined();
    expect(loops(plan).length).toBeLessThanOrEqual(4);
    expect(loops(plan).filter((names) => names.includes('sum:column'))).toHaveLength(1);
  });

  test('elementwise chains with broadcasts of rows, columns and numbers are one loop', () => {
    const f = (x: Tensor, row: Tensor, column: Tensor): Tensor =>
      divide(subtract(multiply(x, row), column), add(square(x), 1));
    const plan = compilePlan(traceGraph(f, zeros([30, 40]), zeros([40]), zeros([30, 1])).graph);
    expect(kinds(plan)).toEqual({ loop: 1 });
    // The result has a block of its own, and nothing else is needed.
    expect(plan.steps[0]?.writes).toHaveLength(1);
  });
});

describe('explain', () => {
  const { graph } = traceGraph(apply, network([3, 4, 2]), zeros([5, 3], 'f32'));

  test('shows the graph after every pass that changed it, the plan, operations and bytes', () => {
    const text = explain(graph);
    for (const part of [
      'traced:',
      'after matmulOperands',
      'after fuse',
      'plan:',
      'FLOP',
      'arena',
      'fallbacks to the reference: none',
    ])
      expect(text).toContain(part);
  });

  test('names the fallbacks', () => {
    const sorted = traceGraph((x: Tensor) => cumulativeSum(x), zeros([4]));
    expect(explain(sorted.graph)).toContain('fallbacks to the reference: cumulativeSum');
  });
});
