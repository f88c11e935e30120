/** Laws of jit: when it traces, what it keeps, and that nothing goes stale without being told. */
import {
  add,
  checkGraph,
  cond,
  type Engine,
  type Graph,
  grad,
  greater,
  hvp,
  interpreter,
  jit,
  jvp,
  linearize,
  multiply,
  scan,
  sin,
  sum,
  traceGraph,
  vmap,
} from '@natgrad/autodiff';
import {
  cast,
  isNatgradError,
  item,
  ones,
  type Scalar,
  scalar,
  type Tensor,
  tensor,
  toNested,
  zeros,
} from '@natgrad/tensor';
import { describe, expect, test } from 'vitest';

/** A function that counts how often it runs, which is how often it is traced. */
const counted = <Args extends readonly unknown[], Out>(
  f: (...args: Args) => Out,
): { readonly f: (...args: Args) => Out; readonly count: () => number } => {
  let calls = 0;
  return {
    f: (...args) => {
      calls += 1;
      return f(...args);
    },
    count: () => calls,
  };
};

/** An engine that counts what it compiles and runs. */
const countingEngine = (): { readonly engine: Engine; readonly compiled: Graph[]; readonly runs: () => number } => {
  const compiled: Graph[] = [];
  let runs = 0;
  const engine: Engine = {
    ...interpreter,
    name: 'counting',
    compile: (graph) => {
      compiled.push(graph);
      const program = interpreter.compile(graph);
      return {
        ...program,
        run: (args) => {
          runs += 1;
          return program.run(args);
        },
      };
    },
  };
  return { engine, compiled, runs: () => runs };
};

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return isNatgradError(error) ? error.code : String(error);
  }
  return 'no error';
};

describe('one trace for each structure, dtype and shape', () => {
  test('not for each value', () => {
    const { f, count } = counted((x: Tensor) => multiply(x, 2));
    const compiled = jit(f);
    for (let i = 0; i < 5; i += 1) expect(toNested(compiled(tensor([i, 1])))).toEqual([2 * i, 2]);
    expect(count()).toBe(1);
    compiled(tensor([1, 2, 3]));
    compiled(tensor([4, 5, 6]));
    expect(count()).toBe(2);
    compiled(cast(tensor([1, 2]), 'f32'));
    expect(count()).toBe(3);
    compiled(tensor([[1, 2]]));
    compiled(tensor([7, 8]));
    expect(count()).toBe(4);
  });

  test('of trees: the order of keys does not matter, their names do', () => {
    const { f, count } = counted((tree: { readonly a: Tensor; readonly b: Tensor }) => add(tree.a, tree.b));
    const compiled = jit(f);
    const [a, b] = [scalar(1), scalar(2)];
    expect(item(compiled({ a, b }))).toBe(3);
    expect(item(compiled({ b, a }))).toBe(3);
    expect(count()).toBe(1);
    const g = counted((tree: readonly Tensor[]) => tree[0] as Tensor);
    const other = jit(g.f);
    other([a]);
    other([a, b]);
    other([b, b]);
    expect(g.count()).toBe(2);
  });

  test('a tree with the same leaves and another structure is another program', () => {
    const compiled = jit((tree: readonly (Tensor | readonly Tensor[])[]) =>
      Array.isArray(tree[0]) ? scalar(1) : scalar(2),
    );
    const x = scalar(0);
    expect([compiled([[x, x], x]), compiled([x, [x, x]])].map(item)).toEqual([1, 2]);
  });
});

describe('what a jit captures', () => {
  test('a tensor is a constant; verify finds one that was changed', () => {
    let weight = scalar(2);
    const f = (x: Tensor): Tensor => multiply(x, weight);
    const [plain, checked] = [jit(f), jit(f, { verify: true })];
    expect([plain(scalar(3)), checked(scalar(3))].map(item)).toEqual([6, 6]);
    weight = scalar(5);
    expect(item(plain(scalar(3)))).toBe(6);
    expect(codeOf(() => checked(scalar(3)))).toBe('StaleTrace');
    weight = scalar(2);
    expect(item(checked(scalar(3)))).toBe(6);
  });

  test('verify finds another program, another large constant, another number', () => {
    let mode = false;
    const branch = jit((x: Tensor) => (mode ? sin(x) : x), { verify: true });
    branch(scalar(1));
    mode = true;
    expect(codeOf(() => branch(scalar(1)))).toBe('StaleTrace');
    let big = ones([300]);
    const large = jit((x: Tensor) => sum(multiply(x, big)), { verify: true });
    large(ones([300]));
    // One element in the middle, where a printed tensor has an ellipsis.
    big = add(big, tensor(Array.from({ length: 300 }, (_, i) => (i === 150 ? 1 : 0))));
    expect(codeOf(() => large(ones([300])))).toBe('StaleTrace');
    let step = 1;
    const literal = jit((x: Tensor) => multiply(x, step), { verify: true });
    literal(ones([2]));
    step = 2;
    expect(codeOf(() => literal(ones([2])))).toBe('StaleTrace');
  });

  test('verify finds what changed inside the body of a loop, a branch, another jit, and in the structure of the result', () => {
    let weight = scalar(2);
    const inside: readonly ((x: Tensor) => unknown)[] = [
      (x) => scan((c: Tensor) => [multiply(c, weight), null] as const, x, null, { length: 2 }).carry,
      (x) =>
        cond(
          greater(x, 0),
          (y: Tensor) => multiply(y, weight),
          (y: Tensor) => y,
          x,
        ),
      (x) => jit((y: Tensor) => multiply(y, weight))(x),
      (x) => (item(weight) === 2 ? { a: x } : { b: x }),
    ];
    const compiled = inside.map((f) => jit(f, { verify: true }));
    for (const f of compiled) f(scalar(1));
    for (const f of compiled) f(scalar(2));
    weight = scalar(3);
    expect(compiled.map((f) => codeOf(() => f(scalar(1))))).toEqual(compiled.map(() => 'StaleTrace'));
  });

  test('a traced value belongs to its trace: every outer trace gets its own', () => {
    const { f, count } = counted((x: Tensor, w: Tensor) => multiply(x, w));
    const outer = (w: Scalar): Scalar => {
      const inner = jit((x: Tensor) => f(x, w));
      return add(inner(scalar(3)), inner(scalar(4))) as Scalar;
    };
    expect(item(grad(outer)(scalar(2)))).toBe(7);
    // A program that holds a traced value is not kept, not even for the next call.
    expect(count()).toBe(2);
    let hidden: Tensor = scalar(1);
    const shared = jit((x: Tensor) => multiply(x, hidden));
    const g = (w: Scalar): Scalar => {
      hidden = w;
      return shared(scalar(3)) as Scalar;
    };
    expect(item(grad(g)(scalar(1)))).toBe(3);
    expect(item(grad(g)(scalar(1)))).toBe(3);
    hidden = scalar(10);
    expect(item(shared(scalar(3)))).toBe(30);
  });

  test('grad, jvp, vmap and hvp never go stale: they trace at every call', () => {
    let power = 2;
    const f = (x: Scalar): Scalar => (power === 2 ? multiply(x, x) : multiply(x, multiply(x, x)));
    const derivatives = [
      grad(f),
      (x: Scalar) => jvp(f, x, scalar(1)).tangent,
      (x: Scalar) => linearize(f, x).apply(scalar(1)),
      (x: Scalar) => sum(vmap(grad(f))(add(x, zeros([1])))),
    ];
    expect(derivatives.map((d) => item(d(scalar(3))))).toEqual([6, 6, 6, 6]);
    expect(item(hvp(f, scalar(3), scalar(1)))).toBe(2);
    power = 3;
    expect(derivatives.map((d) => item(d(scalar(3))))).toEqual([27, 27, 27, 27]);
    expect(item(hvp(f, scalar(3), scalar(1)))).toBe(18);
  });
});

describe('composition', () => {
  test('jit in jit is one call inside another, with one trace of each', () => {
    const inner = counted((x: Tensor) => sin(x));
    const outer = counted((x: Tensor) => compiledInner(multiply(x, 2)));
    const compiledInner = jit(inner.f);
    const compiled = jit(outer.f);
    expect(item(compiled(scalar(0.5)))).toBe(Math.sin(1));
    expect(item(compiled(scalar(1)))).toBe(Math.sin(2));
    expect([inner.count(), outer.count()]).toEqual([1, 1]);
    const { graph } = traceGraph(compiled, scalar(0));
    checkGraph(graph);
    expect(graph.nodes.map(({ primitive }) => primitive.name)).toEqual(['call']);
  });

  test('grad of jit derives, and compiles, its derivative once', () => {
    const { engine, compiled, runs } = countingEngine();
    const { f, count } = counted((x: Tensor) => sum(multiply(sin(x), x)));
    const loss = jit(f, { engine });
    const slope = grad((x: Tensor) => loss(x));
    const x = tensor([1, 2, 3]);
    const first = slope(x);
    const after = compiled.length;
    expect(after).toBeGreaterThan(0);
    for (let i = 0; i < 4; i += 1) expect(toNested(slope(x))).toEqual(toNested(first));
    expect(compiled).toHaveLength(after);
    expect(count()).toBe(1);
    expect(runs()).toBeGreaterThanOrEqual(5);
    for (const graph of compiled) checkGraph(graph);
    // Likewise of hvp, of jvp, of vmap.
    for (const derive of [
      () => hvp((y: Tensor) => loss(y), x, x),
      () => jvp(loss, x, x).tangent,
      () =>
        vmap((y: Tensor) => loss(y))(
          tensor([
            [1, 2, 3],
            [4, 5, 6],
          ]),
        ),
    ]) {
      derive();
      const before = compiled.length;
      derive();
      expect(compiled).toHaveLength(before);
    }
    expect(count()).toBe(1);
  });

  test('jit of grad runs one program', () => {
    const { engine, runs } = countingEngine();
    const { f, count } = counted((x: Tensor) => sum(sin(x)));
    const slope = jit(grad(f), { engine });
    for (let i = 0; i < 3; i += 1) expect(toNested(slope(tensor([0, 0])))).toEqual([1, 1]);
    expect([count(), runs()]).toEqual([1, 3]);
  });
});
