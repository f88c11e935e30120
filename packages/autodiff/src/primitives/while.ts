import { describe, item, NatgradError, type Tensor, treeUnflatten } from '@natgrad/tensor';
import { checkSameStructure, dtypeError, shapeError } from '@natgrad/tensor/internal';
import { executable } from '../backends/engine.js';
import { interpreter } from '../backends/interpreter.js';
import { type Aval, avalOf, type MaybeZero, sameAval, type Value } from '../ir/aval.js';
import { real } from '../ir/domain.js';
import { type Graph, outputAvals, withInputs } from '../ir/graph.js';
import { definePrimitive, type Primitive } from '../ir/primitive.js';
import { bind } from '../trace/bind.js';
import { traceCall, traceFlat } from '../trace/trace.js';
import { batchGraph } from '../transforms/batch.js';
import { batchedOutputs, dualGraph, isPresent, scatter } from '../transforms/closed.js';
import { withBatchAxis } from './_elementwise.js';
import { carryFixpoint, forceCarry } from './_loops.js';
import { instantiate } from './_zero.js';
import { add } from './add.js';
import { cast } from './cast.js';
import { perExample } from './cond.js';
import { greater } from './greater.js';
import { less } from './less.js';
import { max } from './max.js';
import { multiply } from './multiply.js';
import { select } from './select.js';
import { sin } from './sin.js';

/** Inputs of both graphs: the constants, then the carry. */
interface Params {
  readonly test: Graph;
  readonly body: Graph;
  readonly constants: number;
}

/** The loop that carries primals and their tangents together. */
function dualLoop(
  args: readonly Value[],
  tangents: readonly MaybeZero[],
  { test, body, constants }: Params,
): { readonly outs: readonly Value[]; readonly tangents: readonly MaybeZero[] } {
  const active = tangents.map(isPresent);
  const carried = carryFixpoint(active, constants, (flags) => dualGraph(body, flags).nonzero);
  const flags = [...active.slice(0, constants), ...carried];
  const { graph, nonzero } = dualGraph(body, flags, { force: carried });
  const count = args.length - constants;
  const directions = tangents.map((tangent, i) => (flags[i] === true ? instantiate(tangent, args[i] as Value) : null));
  const fixed = directions.slice(0, constants).filter(isPresent);
  const moving = directions.slice(constants).filter(isPresent);
  const all = [...args.slice(0, constants), ...fixed, ...args.slice(constants), ...moving];
  const avals = all.map(avalOf);
  // dualGraph takes all primals, then the tangents; the loop wants all constants, then the carry.
  const c = constants;
  const f = fixed.length;
  const body2 = withInputs(graph, avals, [
    ...Array.from({ length: c }, (_, i) => i),
    ...Array.from({ length: count }, (_, i) => c + f + i),
    ...Array.from({ length: f }, (_, i) => c + i),
    ...Array.from({ length: moving.length }, (_, i) => c + f + count + i),
  ]);
  const test2 = withInputs(test, avals, [
    ...Array.from({ length: c }, (_, i) => i),
    ...Array.from({ length: count }, (_, i) => c + f + i),
  ]);
  const out = bind(whilePrimitive, all, { test: test2, body: body2, constants: c + f });
  return { outs: out.slice(0, count), tangents: scatter(nonzero, out.slice(count)) };
}

export const whilePrimitive: Primitive<Params> = definePrimitive<Params>({
  name: 'while',
  domain: (draw) => {
    const shape = draw.shape({ minRank: 1 });
    const [aval, counter] = [{ dtype: 'f64', shape } as const, { dtype: 'i32', shape: [] } as const];
    const test = traceFlat('test', [aval, aval, counter], (_c, _x, n) => [less(n, 3)]).graph;
    // A quarter of the sine: the tenth derivative of three turns, which differences of the third would meet, stays small.
    const body = traceFlat('body', [aval, aval, counter], (c, x, n) => [
      add(multiply(sin(multiply(x, c)), 0.25), x),
      add(n, 1),
    ]).graph;
    return {
      args: [real(shape), real(shape), { ...counter, elements: { kind: 'integers', min: 0, max: 3 } }],
      params: { test, body, constants: 1 },
    };
  },
  shape: (args, { test, body, constants }) => {
    const [verdict] = outputAvals(test);
    if (verdict?.dtype !== 'bool' || verdict.shape.length !== 0)
      throw dtypeError(
        'whileLoop',
        `the test gives ${verdict === undefined ? 'nothing' : describe(verdict)}, not bool[]`,
        {
          argument: 'test',
          expected: 'one bool tensor of rank 0',
        },
      );
    checkCarry('whileLoop', args.slice(constants), outputAvals(body));
    return args.slice(constants).map(avalOf);
  },
  evaluate: (args, { test, body, constants }, engine = interpreter) => {
    const fixed = args.slice(0, constants);
    const [check, advance] = [executable(engine, test), executable(engine, body)];
    let carry = args.slice(constants);
    while (item(check.run([...fixed, ...carry])[0] as Tensor) === 1) carry = [...advance.run([...fixed, ...carry])];
    return carry;
  },
  jvp: (args, _outs, tangents, params) => dualLoop(args, tangents, params).tangents,
  dual: dualLoop,
  transpose: () => {
    throw new NatgradError(
      'ReverseThroughWhile',
      'reverse mode needs every iteration kept, and a while loop has no known number of them',
      {
        operation: 'whileLoop',
        expected: 'scan with a fixed length (reverse mode works there), or forward mode: jvp, jacfwd',
      },
    );
  },
  batch: (args, batched, size, { test, body, constants }) => {
    const fixed = batched.slice(0, constants);
    const natural = carryFixpoint(batched, constants, (flags) => batchedOutputs(body, flags, size));
    const perRow = batchedOutputs(test, [...fixed, ...natural], size)[0] === true;
    // With a verdict per example all of the carry has a copy per example: the finished ones wait while the others run on.
    const carried = perRow ? natural.map(() => true) : natural;
    const flags = [...fixed, ...carried];
    const inputs = [
      ...args.slice(0, constants),
      ...args
        .slice(constants)
        .map((arg, i) => (carried[i] === true ? withBatchAxis(arg, batched[constants + i] === true, size) : arg)),
    ];
    const avals = inputs.map(avalOf);
    const step = (values: readonly Value[]): readonly Value[] =>
      forceCarry(batchGraph(body, values, flags, size), carried, size);
    const verdicts = (values: readonly Value[]): Value => batchGraph(test, values, flags, size).outs[0] as Value;
    const body2 = traceFlat('vmap', avals, (...values) => {
      const next = step(values);
      if (!perRow) return next;
      const going = verdicts(values);
      return next.map((value, k) => select(perExample(going, value), value, values[constants + k] as Value));
    }).graph;
    const test2 = traceFlat('vmap', avals, (...values) => {
      const going = verdicts(values);
      return [perRow ? greater(max(cast(going, 'i32')), 0) : going];
    }).graph;
    return { outs: bind(whilePrimitive, inputs, { test: test2, body: body2, constants }), batched: carried };
  },
  lower: { kind: 'structured', name: 'while' },
  print: ({ body }) => `${body.nodes.length} nodes`,
});

/** Throws with both full shapes where a loop's body does not give back the carry that it got. */
export function checkCarry(operation: string, initial: readonly Aval[], next: readonly Aval[]): void {
  initial.forEach((aval, k) => {
    const got = next[k];
    if (got === undefined || !sameAval(aval, got))
      throw shapeError(
        operation,
        `the body turns leaf ${k} of the carry from ${describe(aval)} into ${got === undefined ? 'nothing' : describe(got)}`,
        {
          argument: `carry leaf ${k}`,
          found: got === undefined ? 'nothing' : describe(got),
          expected: describe(aval),
        },
      );
  });
}

/**
 * Repeats `body` while `test` holds. Forward mode and `vmap` work (under `vmap` finished examples wait for the last one);
 * reverse mode is a `ReverseThroughWhile` error: use `scan`.
 *
 * @example
 * ```ts
 * const doubledPast100 = whileLoop((x: Tensor) => less(x, 100), (x: Tensor) => multiply(x, 2), scalar(3));
 * console.log(item(doubledPast100)); // 192
 * ```
 */
export const whileLoop = <Carry>(
  test: (carry: Carry) => Value,
  body: (carry: Carry) => Carry,
  initial: Carry,
): Carry => {
  const checked = traceCall('whileLoop (test)', test, [initial]);
  const advanced = traceCall('whileLoop (body)', body, [initial]);
  const { structure } = traceCall('whileLoop', (carry) => carry, [initial]);
  checkSameStructure('whileLoop', 'the result of the body', advanced.structure, structure);
  const captures = [...checked.captures, ...advanced.captures];
  const args = [...captures, ...advanced.leaves];
  const avals = args.map(avalOf);
  const carry = advanced.leaves.map((_, i) => captures.length + i);
  const test2 = withInputs(checked.graph, avals, [...carry, ...checked.captures.keys()]);
  const body2 = withInputs(advanced.graph, avals, [
    ...carry,
    ...Array.from(advanced.captures.keys(), (k) => checked.captures.length + k),
  ]);
  return treeUnflatten(
    structure,
    bind(whilePrimitive, args, { test: test2, body: body2, constants: captures.length }),
  ) as Carry;
};
