/** Loops inside plans: against the interpreter, over bodies that hand on, keep, swap and replace what they carry. */
import {
  add,
  cumulativeSum,
  explain,
  interpreter,
  jit,
  matmul,
  mean,
  multiply,
  negate,
  scan,
  square,
  subtract,
  tanh,
  traceGraph,
  valueAndGrad,
  wasmEngine,
} from '@natgrad/autodiff';
import { foldIn, key, normal, type Scalar, type Tensor, toTypedArray, zeros } from '@natgrad/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compilePlan } from '../../packages/autodiff/src/backends/wasm/engine.js';

const engine = wasmEngine({ deterministic: true });

type Turn = (carry: readonly Tensor[], w: Tensor, x: Tensor) => Tensor;

/** What a turn may make of three carries, a constant and a slice. */
const TURNS: readonly Turn[] = [
  (carry) => carry[0] as Tensor,
  (carry) => carry[1] as Tensor,
  (carry) => carry[2] as Tensor,
  (_, w) => w,
  (_, __, x) => x,
  () => zeros([3]),
  ([a, b]) => subtract(a as Tensor, b as Tensor),
  ([, b, c], w) => add(negate(c as Tensor), multiply(w, b as Tensor)),
  ([a], _, x) => add(a as Tensor, x),
  // Left to the reference, in the middle of the loop.
  ([, b], __, x) => cumulativeSum(subtract(x, b as Tensor), 0),
];

const turn = fc.integer({ min: 0, max: TURNS.length - 1 });

interface Case {
  readonly carry: readonly number[];
  readonly results: readonly number[];
  readonly length: number;
  readonly reverse: boolean;
}

const cases: fc.Arbitrary<Case> = fc.record({
  carry: fc.tuple(turn, turn, turn),
  results: fc.array(turn, { maxLength: 3 }),
  length: fc.integer({ min: 0, max: 5 }),
  reverse: fc.boolean(),
});

type Loop = (
  start: readonly Tensor[],
  w: Tensor,
  xs: Tensor,
) => { readonly carry: readonly Tensor[]; readonly results: readonly Tensor[] };

const loopOf =
  ({ carry, results, reverse }: Case): Loop =>
  (start, w, xs) =>
    scan<readonly Tensor[], Tensor, readonly Tensor[]>(
      (now, x) => {
        const make = (k: number): Tensor => (TURNS[k] as Turn)(now, w, x);
        return [carry.map(make), results.map(make)];
      },
      start,
      xs,
      { reverse },
    );

const draw = (k: number, shape: readonly number[]): Tensor => normal(foldIn(key(5), k), shape);
const start = [draw(0, [3]), draw(1, [3]), draw(2, [3])];

describe('a loop in a plan', () => {
  test('has the bits of the interpreter, whatever its body hands on', () => {
    fc.assert(
      fc.property(cases, (drawn) => {
        const args = [start, draw(3, [3]), draw(4, [drawn.length, 3])] as const;
        const found = jit(loopOf(drawn), { engine })(...args);
        const expected = jit(loopOf(drawn), { engine: interpreter })(...args);
        const bits = ({ carry, results }: ReturnType<Loop>): unknown => [...carry, ...results].map(toTypedArray);
        expect(bits(found)).toEqual(bits(expected));
        // The arguments are as they were.
        expect(toTypedArray(start[0] as Tensor)).toEqual(toTypedArray(draw(0, [3])));
      }),
      { numRuns: 200 },
    );
  });

  test('results larger than what is copied out at once', () => {
    const program = (x: Tensor): Tensor =>
      scan((carry: Tensor, _: null) => [add(carry, 1), carry] as const, x, null, { length: 3 }).results;
    const x = draw(6, [20_000]);
    expect(toTypedArray(jit(program, { engine })(x))).toEqual(toTypedArray(program(x)));
  });

  test('descent by gradients is one step of the plan, and nothing in it falls back', () => {
    const loss = (w: Tensor, x: Tensor): Scalar => mean(square(tanh(matmul(x, w))));
    const descend = (w: Tensor, xs: Tensor): Tensor =>
      scan(
        (now: Tensor, x: Tensor) => [subtract(now, multiply(valueAndGrad(loss)(now, x).gradient, 0.1)), null] as const,
        w,
        xs,
      ).carry;
    const args = [draw(7, [4, 2]), draw(8, [5, 6, 4])] as const;
    const { graph } = traceGraph(descend, ...args);
    expect(compilePlan(graph).steps.map(({ kind }) => kind)).toEqual(['scan']);
    expect(explain(graph)).toContain('fallbacks to the reference: none');
    expect(explain(graph)).toMatch(/ {2}0\. scan of 5 turns, \d steps each .*\n.*\n {6}0\. gemm /);
    // Two products of 6 × 4 × 2 a turn; the gradient of the rows is not asked for.
    expect(explain(graph)).toContain(`(${2 * 5 * 2 * 6 * 4 * 2} FLOP in matrix products)`);
    const [found, expected] = [jit(descend, { engine })(...args), descend(...args)].map(toTypedArray);
    // A few roundings of numbers near 1 in each of five turns.
    (found as Float64Array).forEach((value, i) =>
      expect(Math.abs(value - ((expected as Float64Array)[i] as number))).toBeLessThan(1e-14),
    );
  });
});
