/** A program pass by pass, as data: what pages draw is what the passes made. */
import { interpreter, linearize, programStages, traceGraph } from '@natgrad/autodiff';
import { fisherProduct, gaussNewton, mlpModel, type ParameterTree } from '@natgrad/rl-trpo';
import { exampleModels } from '@natgrad/rl-trpo/laws';
import { key, normal, type Tensor, toTypedArray, treeLeaves, treeMap } from '@natgrad/tensor';
import { describe, expect, test } from 'vitest';
import { compilePlan } from '../../packages/autodiff/src/backends/wasm/engine.js';
import { optimise, passes } from '../../packages/autodiff/src/optimise/pipeline.js';

const model = mlpModel(
  { observationSpace: { low: [0, 0, 0] }, actionSpace: { kind: 'discrete', n: 2 } },
  { hidden: [8, 8], dtype: 'f64' },
);

describe('stages', () => {
  const { graph } = fisherProduct(model, 16);
  const stages = programStages(graph);

  test('are the program as traced, and after every pass in order; the last is what is compiled', () => {
    expect(stages.map(({ pass }) => pass)).toEqual(['traced', ...passes.map(({ name }) => name)]);
    expect(stages[0]?.operations).toBe(graph.nodes.length);
    expect(stages.at(-1)?.operations).toBe(optimise(graph).nodes.length);
    const { steps, arena } = compilePlan(graph);
    expect(stages.at(-1)).toMatchObject({
      flops: steps.reduce((sum, { flops }) => sum + flops, 0),
      arenaBytes: arena.peak,
    });
  });

  test('are plain data in which every node comes after what it reads, and all but results are read', () => {
    for (const { nodes, operations } of stages) {
      expect(nodes.filter(({ kind }) => kind !== 'input' && kind !== 'constant').length).toBe(operations);
      nodes.forEach(({ reads, kind }, at) => {
        for (const read of reads) expect(read).toBeLessThan(at);
        if (kind !== 'input' && kind !== 'constant') expect(reads.length).toBeGreaterThan(0);
      });
      const read = new Set(nodes.flatMap(({ reads }) => reads));
      const results = nodes.filter(({ returned }) => returned).length;
      expect(results).toBe(graph.outputs.length);
      expect(nodes.filter(({ kind, returned }, at) => kind !== 'input' && !returned && !read.has(at))).toEqual([]);
    }
    expect(structuredClone(stages)).toEqual(stages);
  });

  test('tell the passes that found something to do from the others', () => {
    stages.forEach(({ changed, text }, k) => {
      if (k > 0 && !changed) expect(text).toBe(stages[k - 1]?.text);
      if (k > 0 && changed) expect(text).not.toBe(stages[k - 1]?.text);
    });
    expect(stages.filter(({ changed }) => changed).length).toBeGreaterThan(3);
  });

  test('a node that gives several values is one node, read once by a node that reads two of them', () => {
    const { graph: both } = traceGraph((x: Tensor) => x, normal(key(0), [2]));
    expect(programStages(both)[0]?.nodes).toEqual([
      { operation: 'input', kind: 'input', detail: '', reads: [], gives: ['f64[2]'], returned: true },
    ]);
    const fused = stages.at(-1)?.nodes.filter(({ gives }) => gives.length > 1) ?? [];
    expect(fused.length).toBeGreaterThan(0);
    for (const { reads } of stages.flatMap(({ nodes }) => nodes)) expect(new Set(reads).size).toBe(reads.length);
  });
});

test.each(exampleModels.map((each) => [each.distribution.name, each] as const))(
  'the Fisher-vector product as one program is Jᵀ M J v: %s',
  (_, each) => {
    const rows = 6;
    const { policy } = each.initialise(key(3));
    const v = treeMap(({ shape, dtype }: Tensor) => normal(key(4), shape, { dtype: dtype as 'f64' }), policy);
    const [first] = treeLeaves(policy);
    const observations = normal(key(5), [rows, each.observationWidth], { dtype: first?.dtype as 'f64' });
    const { graph } = fisherProduct(each, rows);
    const found = interpreter.compile(graph).run([...treeLeaves(policy), observations, ...treeLeaves(v)]);
    const linearised = linearize((theta: ParameterTree) => each.policy(theta, observations), policy);
    const expected = treeLeaves(gaussNewton(each.distribution, linearised)(v));
    expect(found.map(({ shape }) => shape)).toEqual(expected.map(({ shape }) => shape));
    found.forEach((leaf, i) => {
      const y = toTypedArray(expected[i] as Tensor);
      toTypedArray(leaf).forEach((x, k) => expect(x).toBeCloseTo(y[k] as number, 5));
    });
    expect(found.some((leaf) => toTypedArray(leaf).some((x) => Math.abs(x) > 1e-3))).toBe(true);
  },
);
