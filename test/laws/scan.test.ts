/** Laws of scan that say more than its record can: against unrolled loops, and about what its graphs hold. */
import {
  add,
  type Graph,
  grad,
  hvp,
  linearize,
  linearTranspose,
  matmul,
  multiply,
  scan,
  sin,
  sum,
  tanh,
  traceGraph,
  vmap,
} from '@natgrad/autodiff';
import { checkLaw, linearOperatorLaws } from '@natgrad/autodiff/laws';
import {
  full,
  identical,
  item,
  type Key,
  key,
  normal,
  type Scalar,
  scalar,
  split,
  stack,
  type Tensor,
  tensor,
  toNested,
  zeros,
} from '@natgrad/tensor';
import { describe, expect, test } from 'vitest';
import { close } from './close.js';

const [k1, k2, k3] = split(key(7), 3) as [Key, Key, Key];
const x0 = normal(k1, [3]);
const xs = normal(k2, [4, 3]);
const w0 = normal(k3, [3]);

const rowOf = (x: Tensor, i: number): Tensor =>
  sum(multiply(x, tensor(Array.from({ length: x.shape[0] as number }, (_, j) => [j === i ? 1 : 0]))), [0]);

/** One turn, with a captured weight. */
const turn =
  (w: Tensor) =>
  (carry: Tensor, x: Tensor): readonly [Tensor, Tensor] => {
    const next = tanh(add(multiply(carry, w), sin(x)));
    return [next, multiply(next, carry)];
  };

interface At {
  readonly carry: Tensor;
  readonly sequence: Tensor;
  readonly w: Tensor;
}

const at: At = { carry: x0, sequence: xs, w: w0 };
const tangent: At = { carry: w0, sequence: sin(xs), w: x0 };

const looped =
  (reverse: boolean) =>
  ({ carry, sequence, w }: At): Scalar => {
    const out = scan(turn(w), carry, sequence, { reverse });
    return add(sum(out.carry), sum(multiply(out.results, out.results)));
  };

const unrolled =
  (reverse: boolean) =>
  ({ carry, sequence, w }: At): Scalar => {
    const rows = [0, 1, 2, 3].map((i) => rowOf(sequence, i));
    let state = carry;
    let total: Tensor = scalar(0);
    for (const row of reverse ? rows.reverse() : rows) {
      const [next, result] = turn(w)(state, row);
      total = add(total, sum(multiply(result, result)));
      state = next;
    }
    return add(sum(state), total) as Scalar;
  };

describe('scan', () => {
  test.each([false, true])('is the unrolled loop: value, gradient, Hessian product (reverse: %s)', (reverse) => {
    close(looped(reverse)(at), unrolled(reverse)(at));
    const [a, b] = [grad(looped(reverse))(at), grad(unrolled(reverse))(at)];
    const [h, k] = [hvp(looped(reverse), at, tangent), hvp(unrolled(reverse), at, tangent)];
    for (const name of ['carry', 'sequence', 'w'] as const) {
      close(a[name], b[name]);
      close(h[name], k[name]);
    }
  });

  test('in scan: gradients of all levels, with a captured value in the inner body', () => {
    const nested = ({ carry, sequence, w }: At): Scalar =>
      sum(
        scan(
          (outer: Tensor, x: Tensor) => {
            const inner = scan(
              (c: Tensor, y: Tensor) => [tanh(add(multiply(c, w), multiply(y, outer))), c] as const,
              x,
              sequence,
            );
            return [inner.carry, sum(inner.results)] as const;
          },
          carry,
          sequence,
        ).results,
      );
    const plain = ({ carry, sequence, w }: At): Scalar => {
      let outer = carry;
      let total: Tensor = scalar(0);
      for (const i of [0, 1, 2, 3]) {
        let c = rowOf(sequence, i);
        for (const j of [0, 1, 2, 3]) {
          total = add(total, sum(c));
          c = tanh(add(multiply(c, w), multiply(rowOf(sequence, j), outer)));
        }
        outer = c;
      }
      return total as Scalar;
    };
    close(nested(at), plain(at));
    const [a, b, h, k] = [grad(nested)(at), grad(plain)(at), hvp(nested, at, tangent), hvp(plain, at, tangent)];
    for (const name of ['carry', 'sequence', 'w'] as const) {
      close(a[name], b[name]);
      close(h[name], k[name]);
    }
  });

  test.each([
    ['nothing captured batched', [0, 0, null]],
    ['only what is captured batched', [null, null, 0]],
    ['the carry and what is captured', [0, null, 0]],
    ['everything', [0, 0, 0]],
  ] as const)('under vmap: %s', (_, inAxes) => {
    const both = (x: Tensor): Tensor => stack([x, sin(x)]);
    const f = (carry: Tensor, sequence: Tensor, w: Tensor): Tensor => grad(looped(false))({ carry, sequence, w }).w;
    const args = [x0, xs, w0].map((x, i) => (inAxes[i] === 0 ? both(x) : x)) as [Tensor, Tensor, Tensor];
    const rows = [0, 1].map((i) =>
      f(
        ...(([x0, xs, w0] as const).map((x, k) => (inAxes[k] === 0 && i === 1 ? sin(x) : x)) as [
          Tensor,
          Tensor,
          Tensor,
        ]),
      ),
    );
    close(vmap(f, { inAxes })(...args), stack(rows));
  });

  test('of length 0 gives the carry back, and its gradient passes through', () => {
    const none = zeros([0, 3]);
    const f = ({ carry, sequence, w }: At): Scalar => looped(false)({ carry, sequence, w });
    const empty = { carry: x0, sequence: none, w: w0 };
    close(f(empty), sum(x0));
    const gradient = grad(f)(empty);
    close(gradient.carry, full([3], 1));
    expect(identical(gradient.w, zeros([3]))).toBe(true);
    expect(gradient.sequence.shape).toEqual([0, 3]);
    expect(scan((c: Tensor, x: Tensor) => [c, multiply(x, 2)] as const, x0, none).results.shape).toEqual([0, 3]);
  });

  test('without a sequence runs as often as told', () => {
    const power = (x: Scalar): Scalar =>
      scan((c: Tensor) => [multiply(c, x), null] as const, scalar(1) as Tensor, null, { length: 5 }).carry as Scalar;
    expect(item(power(scalar(2)))).toBe(32);
    expect(item(grad(power)(scalar(2)))).toBe(80);
  });

  test('is transposed with a counter in the carry', () => {
    const weighted = (x: Tensor): Tensor =>
      scan(
        ([n, total]: readonly [Tensor, Tensor], row: Tensor): readonly [readonly [Tensor, Tensor], Tensor] => [
          [add(n, 1), add(total, multiply(row, n))],
          multiply(total, n),
        ],
        [scalar(1), zeros([3])] as const,
        x,
      ).carry[1];
    // Row i has the weight i + 1.
    expect(toNested(linearTranspose(weighted, xs)(tensor([1, 10, 100])))).toEqual(
      [1, 2, 3, 4].map((n) => [n, 10 * n, 100 * n]),
    );
    const operator = { apply: weighted, transpose: linearTranspose(weighted, xs) };
    for (const law of linearOperatorLaws('a counting scan', operator, { input: xs, output: x0 }))
      checkLaw(law, { numRuns: 10 });
  });

  const scans = ({ nodes }: Graph): readonly Graph[] =>
    nodes
      .filter(({ primitive }) => primitive.name === 'scan')
      .map(({ params }) => (params as { readonly body: Graph }).body);
  const namesIn = ({ nodes }: Graph): readonly string[] => nodes.map(({ primitive }) => primitive.name);

  test('leaves work outside that is the same in every turn', () => {
    const f = (w: Tensor, x: Tensor): Tensor =>
      scan(
        (c: Tensor, row: Tensor) => [add(c, multiply(row, matmul(w, sin(w)))), null] as const,
        scalar(0) as Tensor,
        x,
      ).carry;
    const { graph } = traceGraph(f, w0, tensor([1, 2, 3]));
    expect(namesIn(graph)).toEqual(expect.arrayContaining(['sin', 'matmul', 'scan']));
    expect(scans(graph).map(namesIn).flat()).toEqual(expect.arrayContaining(['multiply', 'add']));
    expect(scans(graph).map(namesIn).flat()).not.toEqual(expect.arrayContaining(['sin']));
    expect(scans(graph).map(namesIn).flat()).not.toEqual(expect.arrayContaining(['matmul']));
  });

  test('linearised, stacks what changes from turn to turn and nothing else', () => {
    const width = 50;
    const weights = full([width, width], 0.1);
    const length = 7;
    // Of each turn the derivative of tanh is needed (the carry of width 50); weights are the same in every turn.
    const f = (c: Tensor): Tensor =>
      scan((h: Tensor) => [tanh(matmul(weights, h)), null] as const, c, null, { length }).carry;
    const { residualBytes } = linearize(f, full([width], 0.5));
    const perTurn = width * 8;
    expect(residualBytes).toBeGreaterThanOrEqual(length * perTurn);
    expect(residualBytes).toBeLessThanOrEqual(3 * length * perTurn + width * width * 8);
    // Weights that are differentiated, too, enter once: not as a stack of seven.
    const both = ({ c, w }: { readonly c: Tensor; readonly w: Tensor }): Tensor =>
      scan((h: Tensor) => [tanh(matmul(w, h)), null] as const, c, null, { length }).carry;
    expect(linearize(both, { c: full([width], 0.5), w: weights }).residualBytes).toBeLessThanOrEqual(
      4 * length * perTurn + 2 * width * width * 8,
    );
  });
});
