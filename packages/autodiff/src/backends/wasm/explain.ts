/** Plans for people. */
import { describe } from '@natgrad/tensor';
import type { Graph } from '../../ir/graph.js';
import { printGraph } from '../../ir/print.js';
import { explainPasses } from '../../optimise/pipeline.js';
import { type Plan, planOf, type Step } from './plan.js';

const UNITS = ['', 'k', 'M', 'G', 'T'] as const;

/** Three digits and a unit. */
const short = (value: number, unit: string): string => {
  let scaled = value;
  let k = 0;
  while (scaled >= 1000 && k < UNITS.length - 1) {
    scaled /= 1000;
    k += 1;
  }
  return `${k === 0 ? scaled : scaled.toPrecision(3)} ${UNITS[k]}${unit}`;
};

const place = (plan: Plan, buffer: number): string => {
  const { storage, copyOf } = plan.buffers[buffer] as Plan['buffers'][number];
  if (copyOf !== undefined) return `argument ${copyOf}`;
  if (storage.kind === 'arena') return `arena+${storage.offset}`;
  return storage.kind === 'result' ? `result #${buffer}` : `${storage.kind} ${storage.index}`;
};

/** What a step does. */
export const describeStep = (step: Step): string => {
  switch (step.kind) {
    case 'gemm': {
      const { transposeLeft, transposeRight } = step.params;
      const [a, b] = step.avals.map(describe);
      return `gemm ${a}${transposeLeft ? 'ᵀ' : ''} · ${b}${transposeRight ? 'ᵀ' : ''}${step.avals.length === 3 ? (step.inPlace ? ', added in place' : ', added to a copy') : ''}`;
    }
    case 'loop': {
      const { loop, blocks } = step;
      const names = loop.program.values.flatMap((value) => (value.kind === 'operation' ? [value.name] : []));
      const reductions = loop.program.outputs.flatMap((output) =>
        output.kind === 'reduce'
          ? [`${output.name} to ${output.layout === 'scalar' ? 'a scalar' : `a ${output.layout}`}`]
          : [],
      );
      const { count } = blocks;
      return `loop ${loop.rows} × ${loop.columns}${count > 1 ? ` in ${count} blocks` : ''}: ${[...names, ...reductions].join(', ')}`;
    }
    case 'scan': {
      const { params, body } = step;
      return `scan of ${params.length} turns${params.reverse ? ', reverse' : ''}, ${body.steps.length} steps each`;
    }
    case 'reference':
      return `${step.node.primitive.lower.kind === 'movement' ? 'copy' : 'fallback'} ${step.node.primitive.name}`;
  }
};

/** Floating-point operations in matrix products. */
const productFlops = ({ steps }: Plan): number =>
  steps.reduce((sum, step) => {
    if (step.kind === 'scan') return sum + step.params.length * productFlops(step.body);
    return sum + (step.kind === 'gemm' ? step.flops : 0);
  }, 0);

/** Names of what the reference computes, in bodies of loops too. */
const fallbacksOf = ({ steps }: Plan): readonly string[] =>
  steps.flatMap((step) => {
    if (step.kind === 'scan') return fallbacksOf(step.body);
    const { name, lower } = step.node.primitive;
    return step.kind === 'reference' && lower.kind !== 'movement' ? [name] : [];
  });

/** Two lines for each step, those of the body of a loop below it, and one above those that run together. */
const printSteps = (plan: Plan, margin: string): readonly string[] =>
  plan.steps.flatMap((step, at) => {
    const reads = step.reads.map((buffer) => place(plan, buffer)).join(', ');
    const writes = step.writes.map((buffer) => place(plan, buffer)).join(', ');
    const band = plan.bands.find(({ first }) => first === at);
    return [
      ...(band === undefined
        ? []
        : [`${margin}${at} to ${band.end - 1} together, in ${band.count} blocks of ${band.size} rows:`]),
      `${margin}${at}. ${describeStep(step)}  [${short(step.flops, 'FLOP')}]`,
      `${margin}     ${reads} → ${writes}`,
      ...(step.kind === 'scan' ? printSteps(step.body, `${margin}    `) : []),
    ];
  });

/** One line for each step: what it does, what it reads and writes, its floating-point operations. */
const printPlan = (plan: Plan): string => {
  const lines = printSteps(plan, '  ');
  const total = (pick: (buffer: Plan['buffers'][number]) => boolean): number =>
    plan.buffers.filter(pick).reduce((bytes, buffer) => bytes + buffer.bytes, 0);
  const flops = plan.steps.reduce((sum, step) => sum + step.flops, 0);
  const products = productFlops(plan);
  const names = [...new Set(fallbacksOf(plan))];
  return [
    `plan: ${plan.steps.length} steps, ${short(flops, 'FLOP')} (${short(products, 'FLOP')} in matrix products)`,
    ...lines,
    `arguments ${short(
      total(({ storage, copyOf }) => storage.kind === 'argument' || copyOf !== undefined),
      'B',
    )}, constants ${short(
      total(({ storage }) => storage.kind === 'constant'),
      'B',
    )}, results ${short(
      total(({ storage }) => storage.kind === 'result'),
      'B',
    )}, arena ${short(plan.arena.bytes, 'B')} (${short(plan.arena.peak, 'B')} live at once)`,
    `fallbacks to the reference: ${names.length === 0 ? 'none' : names.join(', ')}`,
  ].join('\n');
};

/**
 * What the compiled engine makes of a program: the graph as traced, after every pass that changed it, and the plan with its
 * floating-point operations, bytes and arena.
 *
 * @example
 * ```ts
 * const { graph } = traceGraph((x: Tensor, w: Tensor) => tanh(add(matmul(x, w), 1)), zeros([8, 4]), zeros([4, 2]));
 * console.log(explain(graph).split('\n').at(-1)); // fallbacks to the reference: none
 * ```
 */
export const explain = (graph: Graph): string => {
  const results = explainPasses(graph);
  const changed = results.filter((result, k) => result.graph !== (results[k - 1]?.graph ?? graph));
  const sections = [
    `traced: ${graph.nodes.length} operations\n${printGraph(graph)}`,
    ...changed.map(({ name, graph: after }) => `after ${name}: ${after.nodes.length} operations\n${printGraph(after)}`),
    printPlan(planOf(results.at(-1)?.graph ?? graph)),
  ];
  return sections.join('\n\n');
};
