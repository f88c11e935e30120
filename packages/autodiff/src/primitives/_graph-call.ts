/** The family of primitives that run one graph: `call` and `checkpoint`. They differ in what linearisation may keep. */
import { describe } from '@natgrad/tensor';
import { shapeError } from '@natgrad/tensor/internal';
import { type Engine, executable } from '../backends/engine.js';
import { type Aval, type MaybeZero, sameAval, type Value } from '../ir/aval.js';
import type { Domain } from '../ir/domain.js';
import { type Graph, outputAvals } from '../ir/graph.js';
import { definePrimitive, isLinear, type Primitive, type PrimitiveRecord } from '../ir/primitive.js';
import { bind } from '../trace/bind.js';
import {
  batchedGraph,
  dualGraph,
  isPresent,
  pick,
  scatter,
  splitGraph,
  transposedGraph,
} from '../transforms/closed.js';
import { withBatchAxis } from './_elementwise.js';

export interface GraphParams {
  readonly graph: Graph;
  /** Name of the user's function, for printing. */
  readonly name: string;
  readonly engine: Engine;
}

/** Checks arguments against the inputs of a graph. */
export function checkArguments(name: string, args: readonly Aval[], inputs: readonly Aval[]): void {
  const fits = args.length === inputs.length && inputs.every((aval, i) => sameAval(aval, args[i] as Aval));
  if (!fits)
    throw shapeError(
      name,
      `called with (${args.map(describe).join(', ')}), traced for (${inputs.map(describe).join(', ')})`,
      {
        found: args.map(describe).join(', '),
        expected: inputs.map(describe).join(', '),
      },
    );
}

export function graphCall(record: {
  readonly name: string;
  readonly domain: Domain<GraphParams>;
  /** Whether linearisation keeps residuals of the inside; otherwise it recomputes them from the arguments. */
  readonly keepsResiduals: boolean;
}): Primitive<GraphParams> {
  const { name } = record;
  const run = (graph: Graph, args: readonly Value[], params: GraphParams): readonly Value[] =>
    bind(primitive, args, { ...params, graph });
  const present = (tangents: readonly MaybeZero[]): boolean[] => tangents.map(isPresent);

  const linearize: NonNullable<PrimitiveRecord<GraphParams>['linearize']> = (args, tangents, params) => {
    const split = splitGraph(params.graph, present(tangents));
    const all = run(split.primal, args, params);
    const count = params.graph.outputs.length;
    const out = run(split.linear, [...tangents.filter(isPresent), ...all.slice(count)], params);
    return { outs: all.slice(0, count), tangents: scatter(split.nonzero, out) };
  };

  const primitive: Primitive<GraphParams> = definePrimitive<GraphParams>({
    name,
    domain: record.domain,
    shape: (args, { graph, name: callee }) => {
      checkArguments(`${name} of ${callee}`, args, graph.inputs);
      return outputAvals(graph);
    },
    // Inside a compiled program the engine of that program runs it all.
    evaluate: (args, { graph, engine: own }, engine = own) => executable(engine, graph).run(args),
    jvp: (args, _outs, tangents, params) => {
      const { graph, nonzero } = dualGraph(params.graph, present(tangents), { tangentsOnly: true });
      return scatter(nonzero, run(graph, [...args, ...tangents.filter(isPresent)], params));
    },
    dual: (args, tangents, params) => {
      const { graph, nonzero } = dualGraph(params.graph, present(tangents));
      const all = run(graph, [...args, ...tangents.filter(isPresent)], params);
      const count = params.graph.outputs.length;
      return { outs: all.slice(0, count), tangents: scatter(nonzero, all.slice(count)) };
    },
    ...(record.keepsResiduals ? { linearize } : {}),
    transpose: (cotangents, args, params) => {
      const linear = args.map(isLinear);
      const { graph, nonzero } = transposedGraph(params.graph, linear, present(cotangents));
      const known = pick(
        args,
        linear.map((is) => !is),
      ) as Value[];
      return scatter(nonzero, run(graph, [...known, ...cotangents.filter(isPresent)], params));
    },
    batch: (args, batched, size, params) => {
      const { graph, batched: flags } = batchedGraph(params.graph, batched, size, withBatchAxis);
      return { outs: run(graph, args, params), batched: flags };
    },
    lower: { kind: 'structured', name },
    print: ({ name: callee }) => callee,
  });
  return primitive;
}
