/** Well-typed random programs whose values stay bounded, so that differences mean something. */
import { type Shape, sizeOf } from '@natgrad/tensor';
import type { Draw } from '../../ir/domain.js';
import { type Program, type Statement, usesOf, type Variable } from './syntax.js';

export interface ProgramOptions {
  /** Most statements of the outermost program; 6 unless told. */
  readonly statements?: number;
  /** How deep functions may stand in functions; 2 unless told. */
  readonly depth?: number;
  /** Also `whileLoop`, which has no reverse mode. */
  readonly while?: boolean;
}

/** A variable with a bound on the magnitude of its elements. */
interface Known extends Variable {
  readonly bound: number;
}

interface Draft extends Omit<Statement, 'defines'> {
  readonly shape: Shape;
  readonly bound: number;
}

/** Above this a value is squashed. */
const LARGEST = 4;
const EXTENTS = [1, 2, 3];

type Scope = readonly Known[];
/** A statement that some variables in scope allow, or null. */
type Maker = (scope: Scope, context: Context) => Draft | null;

interface Context {
  readonly draw: Draw;
  readonly fresh: () => number;
  readonly depth: number;
  readonly options: ProgramOptions;
}

const draft = (operation: string, args: readonly Known[], shape: Shape, bound: number, numbers: readonly number[] = [], bodies: readonly Program[] = []): Draft => ({
  operation,
  args: args.map(({ id }) => id),
  numbers,
  bodies,
  shape,
  bound,
});

/** One of the variables that fit, late ones more likely than early ones; null if there is none. */
const choose = (scope: Scope, { draw }: Context, fits: (variable: Known) => boolean = () => true): Known | null => {
  const fitting = scope.filter(fits).reverse();
  const last = fitting.length - 1;
  return last < 0 ? null : (fitting[Math.min(draw.integer(0, last), draw.integer(0, last))] as Known);
};

const broadcast = (a: Shape, b: Shape): Shape | null => {
  const rank = Math.max(a.length, b.length);
  const shape: number[] = [];
  for (let k = 1; k <= rank; k += 1) {
    const [p, q] = [a.at(-k) ?? 1, b.at(-k) ?? 1];
    if (k > a.length || k > b.length || p === q || p === 1 || q === 1) shape.unshift(Math.max(k > a.length ? q : p, k > b.length ? p : q));
    else return null;
  }
  return shape;
};

const same = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((extent, k) => extent === b[k]);

const unary = (operation: string, bound: (of: number) => number): Maker => (scope, context) => {
  const x = choose(scope, context, (v) => bound(v.bound) <= 60);
  return x && draft(operation, [x], x.shape, bound(x.bound));
};

const binary = (operation: string, bound: (a: number, b: number) => number): Maker => (scope, context) => {
  const x = choose(scope, context);
  const y = x && choose(scope, context, (v) => broadcast(x.shape, v.shape) !== null);
  return x && y && draft(operation, [x, y], broadcast(x.shape, y.shape) as Shape, bound(x.bound, y.bound));
};

/** Over all axes or one. */
const reduction = (operation: string, bound: (of: number, count: number) => number): Maker => (scope, context) => {
  const x = choose(scope, context, (v) => bound(v.bound, sizeOf(v.shape)) <= 60);
  if (x === null) return null;
  const all = x.shape.map((_, axis) => axis);
  const axes = x.shape.length === 0 || context.draw.boolean() ? all : [context.draw.pick(all)];
  const shape = x.shape.filter((_, axis) => !axes.includes(axis));
  return draft(operation, [x], shape, bound(x.bound, sizeOf(x.shape)), axes);
};

const oneAxis = (operation: string, bound: (of: number, count: number) => number): Maker => (scope, context) => {
  const x = choose(scope, context, ({ shape }) => shape.length > 0);
  return x && draft(operation, [x], x.shape, bound(x.bound, sizeOf(x.shape)), [context.draw.integer(0, x.shape.length - 1)]);
};

const longEnough = ({ shape }: Known): boolean => shape.length > 0 && shape.length < 3;

const movements: readonly Maker[] = [
  (scope, context) => {
    const x = choose(scope, context, ({ shape }) => shape.length > 1);
    return x && draft('transpose', [x], [...x.shape].reverse(), x.bound);
  },
  (scope, context) => {
    const x = choose(scope, context);
    return x && draft('reshape', [x], context.draw.boolean() || x.shape.length > 2 ? [sizeOf(x.shape)] : [1, ...x.shape], x.bound);
  },
  (scope, context) => {
    const x = choose(scope, context, ({ shape }) => shape.length < 2);
    return x && draft('broadcastTo', [x], [context.draw.pick(EXTENTS), ...x.shape], x.bound);
  },
  (scope, context) => {
    const x = choose(scope, context, longEnough);
    if (x === null) return null;
    const [extent = 1, ...rest] = x.shape;
    const [from, step] = [context.draw.integer(0, extent - 1), context.draw.integer(1, 2)];
    return draft('slice', [x], [Math.ceil((extent - from) / step), ...rest], x.bound, [from, step]);
  },
  (scope, context) => {
    const x = choose(scope, context, longEnough);
    if (x === null) return null;
    const [before, after] = [context.draw.integer(0, 1), context.draw.integer(0, 1)];
    return draft('embed', [x], [(x.shape[0] as number) + before + after, ...x.shape.slice(1)], x.bound, [before]);
  },
  (scope, context) => {
    const x = choose(scope, context, longEnough);
    const y = x && choose(scope, context, ({ shape }) => shape.length === x.shape.length && same(shape.slice(1), x.shape.slice(1)));
    return x && y && draft('concatenate', [x, y], [(x.shape[0] as number) + (y.shape[0] as number), ...x.shape.slice(1)], Math.max(x.bound, y.bound));
  },
  (scope, context) => {
    const x = choose(scope, context, ({ shape }) => shape.length < 2);
    const y = x && choose(scope, context, ({ shape }) => same(shape, x.shape));
    return x && y && draft('stack', [x, y], [2, ...x.shape], Math.max(x.bound, y.bound));
  },
  (scope, context) => {
    const x = choose(scope, context, longEnough);
    if (x === null) return null;
    const indices = Array.from({ length: context.draw.integer(1, 3) }, () => context.draw.integer(0, (x.shape[0] as number) - 1));
    return draft('gather', [x], [indices.length, ...x.shape.slice(1)], x.bound, indices);
  },
  (scope, context) => {
    const x = choose(scope, context, longEnough);
    const y = x && choose(scope, context, ({ shape }) => shape.length === x.shape.length && same(shape.slice(1), x.shape.slice(1)));
    if (x === null || y === null) return null;
    const indices = Array.from({ length: y.shape[0] as number }, () => context.draw.integer(0, (x.shape[0] as number) - 1));
    return draft('scatterAdd', [x, y], x.shape, x.bound + y.bound * indices.length, indices);
  },
];

const matmul: Maker = (scope, context) => {
  const fits = ({ shape }: Known): boolean => shape.length === 1 || shape.length === 2;
  const x = choose(scope, context, fits);
  const inner = x?.shape.at(-1);
  const y = x && choose(scope, context, (v) => fits(v) && v.shape[0] === inner);
  return x && y && draft('matmul', [x, y], [...x.shape.slice(0, -1), ...y.shape.slice(1)], x.bound * y.bound * (inner as number));
};

const selection: Maker = (scope, context) => {
  const x = choose(scope, context);
  const alike = (): Known | null => x && choose(scope, context, ({ shape }) => same(shape, x.shape));
  const [y, a, b] = [alike(), alike(), alike()];
  return x && y && a && b && draft('selectGreater', [x, y, a, b], x.shape, Math.max(a.bound, b.bound));
};

const constant: Maker = (_scope, { draw }) => {
  const shape = Array.from({ length: draw.integer(0, 2) }, () => draw.pick(EXTENTS));
  return draft('constant', [], shape, 1, Array.from({ length: sizeOf(shape) }, () => draw.integer(-8, 8) / 8 + 1 / 16));
};

/** The variable of a body that is its result: a late one that fits, squashed where it is too large. */
const body = (scope: Scope, context: Context, inputs: readonly Omit<Known, 'id'>[], wanted: readonly (Shape | null)[], largest = LARGEST): { readonly program: Program; readonly outputs: readonly Known[] } => {
  const own = inputs.map((input): Known => ({ ...input, id: context.fresh() }));
  const deeper = { ...context, depth: context.depth - 1 };
  const grown = grow([...scope, ...own], deeper, context.draw.integer(1, 4));
  const extra: Statement[] = [];
  const outputs = wanted.map((shape): Known => {
    const inside = [...own, ...grown.scope.slice(scope.length + own.length)];
    const fitting = inside.filter((variable) => shape === null || same(variable.shape, shape));
    const chosen = fitting.at(-1) as Known;
    if (chosen.bound <= largest) return chosen;
    const squashed: Known = { id: context.fresh(), shape: chosen.shape, bound: 1 };
    extra.push({ defines: squashed, operation: 'tanh', args: [chosen.id], numbers: [], bodies: [] });
    return squashed;
  });
  return { program: { inputs: own, statements: [...grown.statements, ...extra], outputs: outputs.map(({ id }) => id) }, outputs };
};

const functions: readonly Maker[] = [
  (scope, context) => {
    const carry = choose(scope, context, ({ shape }) => shape.length < 3);
    const sequence = choose(scope, context, ({ shape }) => shape.length > 0);
    if (carry === null || sequence === null) return null;
    // What the body gives back must be as bounded as what it got, for any number of turns.
    const bound = Math.max(1, carry.bound);
    const made = body(scope, context, [{ shape: carry.shape, bound }, { shape: sequence.shape.slice(1), bound: sequence.bound }], [carry.shape, null], bound);
    const [reversed, wantsCarry] = [context.draw.integer(0, 1), context.draw.integer(0, 1)];
    const result = made.outputs[1] as Known;
    const shape = wantsCarry === 1 ? carry.shape : [sequence.shape[0] as number, ...result.shape];
    return draft('scan', [carry, sequence], shape, Math.max(bound, result.bound), [reversed, wantsCarry], [made.program]);
  },
  (scope, context) => {
    const [p, x] = [choose(scope, context), choose(scope, context)];
    if (p === null || x === null) return null;
    const branch = (): ReturnType<typeof body> => body(scope, context, [x], [x.shape]);
    const [onTrue, onFalse] = [branch(), branch()];
    return draft('cond', [p, x], x.shape, LARGEST, [context.draw.integer(-3, 3) / 8 + 1 / 64], [onTrue.program, onFalse.program]);
  },
  ...['jit', 'checkpoint'].map((operation): Maker => (scope, context) => {
    const [x, y] = [choose(scope, context), choose(scope, context)];
    if (x === null || y === null) return null;
    const made = body(scope, context, [x, y], [null]);
    const [out] = made.outputs as [Known];
    return draft(operation, [x, y], out.shape, out.bound, [], [made.program]);
  }),
  (scope, context) => {
    const x = choose(scope, context, ({ shape }) => shape.length > 0);
    const shared = context.draw.integer(0, 1);
    const y = x && choose(scope, context, ({ shape }) => shared === 1 || shape[0] === x.shape[0]);
    if (x === null || y === null) return null;
    const slice = (of: Known): Omit<Known, 'id'> => ({ shape: of.shape.slice(1), bound: of.bound });
    const made = body(scope, context, [slice(x), shared === 1 ? y : slice(y)], [null]);
    const [out] = made.outputs as [Known];
    const outAxes = context.draw.integer(0, out.shape.length);
    const shape = [...out.shape.slice(0, outAxes), x.shape[0] as number, ...out.shape.slice(outAxes)];
    return draft('vmap', [x, y], shape, out.bound, [shared, outAxes], [made.program]);
  },
  ...['grad', 'vjpOfValue'].map((operation): Maker => (scope, context) => {
    const x = choose(scope, context);
    const inside = { ...context, options: { ...context.options, while: false } };
    return x && draft(operation, [x], x.shape, Infinity, [], [body(scope, inside, [x], [null]).program]);
  }),
  ...['jvp', 'linearizeApply'].map((operation): Maker => (scope, context) => {
    const x = choose(scope, context);
    const v = x && choose(scope, context, ({ shape }) => same(shape, x.shape));
    if (x === null || v === null) return null;
    const made = body(scope, context, [x], [null]);
    return draft(operation, [x, v], (made.outputs[0] as Known).shape, Infinity, [], [made.program]);
  }),
];

const whileLoop: Maker = (scope, context) => {
  const x = choose(scope, context);
  if (x === null) return null;
  const bound = Math.max(1, x.bound);
  const made = body(scope, context, [{ shape: x.shape, bound }], [x.shape], bound);
  return draft('while', [x], x.shape, bound, [context.draw.integer(0, 3)], [made.program]);
};

const one = (): number => 1;
const keep = (bound: number): number => bound;
const larger = (a: number, b: number): number => Math.max(a, b);

const simple: readonly Maker[] = [
  ...['sin', 'cos', 'tanh', 'erf', 'customSin'].map((name) => unary(name, one)),
  ...['negate', 'absolute'].map((name) => unary(name, keep)),
  ...['exp', 'expm1'].map((name) => unary(name, Math.exp)),
  unary('square', (b) => b * b),
  unary('logOnePlusSquare', (b) => Math.log1p(b * b)),
  unary('rootOnePlusSquare', (b) => 1 + b),
  ...['add', 'subtract'].map((name) => binary(name, (a, b) => a + b)),
  binary('multiply', (a, b) => a * b),
  binary('divideByOnePlusSquare', (a) => a),
  ...['maximum', 'minimum'].map((name) => binary(name, larger)),
  ...['mean', 'max', 'min'].map((name) => reduction(name, keep)),
  reduction('sum', (b, count) => b * count),
  reduction('variance', (b) => b * b),
  reduction('logsumexp', (b, count) => b + Math.log(count)),
  reduction('prod', (b, count) => b ** count),
  oneAxis('cumulativeSum', (b, count) => b * count),
  oneAxis('softmax', one),
  oneAxis('sort', keep),
  oneAxis('reverse', keep),
  matmul,
  matmul,
  selection,
  constant,
];

/** Appends `count` random statements to a scope; what grows beyond bounds is squashed at once. */
const grow = (scope: Scope, context: Context, count: number): { readonly scope: Scope; readonly statements: readonly Statement[] } => {
  const { draw, depth, options } = context;
  const known = [...scope];
  const statements: Statement[] = [];
  const taken = options.while === true ? [...functions, whileLoop] : functions;
  const structured = depth > 0 ? [taken, taken] : [];
  const groups = [simple, simple, simple, movements, ...structured];
  const define = ({ shape, bound, ...rest }: Draft): Known => {
    const variable: Known = { id: context.fresh(), shape, bound };
    statements.push({ ...rest, defines: { id: variable.id, shape } });
    return variable;
  };
  for (let k = 0; k < count; k += 1) {
    const made = draw.pick(draw.pick(groups))(known, context);
    // Ranks above three and more than 32 elements test nothing new, slowly.
    if (made === null || made.shape.length > 3 || sizeOf(made.shape) > 32) continue;
    const variable = define(made);
    known.push(variable.bound <= LARGEST ? variable : define(draft(draw.pick(['tanh', 'sin']), [variable], variable.shape, 1)));
  }
  return { scope: known, statements };
};

/** A random program with one to three inputs, whose elements should be in [−1, 1]. */
export const generateProgram = (draw: Draw, options: ProgramOptions = {}): Program => {
  let next = 0;
  const fresh = (): number => {
    next += 1;
    return next - 1;
  };
  const inputs = Array.from({ length: draw.integer(1, 3) }, (): Known => {
    const shape = Array.from({ length: draw.integer(0, 2) }, () => draw.pick(EXTENTS));
    return { id: fresh(), shape, bound: 1 };
  });
  const context: Context = { draw, fresh, depth: options.depth ?? 2, options };
  const { statements } = grow(inputs, context, draw.integer(2, options.statements ?? 6));
  // Everything computed counts: the results are what no statement uses, the last few of them.
  const used = new Set(statements.flatMap((statement) => [...usesOf(statement)]));
  const unused = statements.map(({ defines }) => defines.id).filter((id) => !used.has(id));
  const outputs = unused.length === 0 ? [(inputs[0] as Known).id] : unused.slice(-3);
  return { inputs: inputs.map(({ id, shape }) => ({ id, shape })), statements, outputs };
};
