/** Well-typed random programs whose values stay bounded, so that differences mean something. */
import { type Shape, sizeOf } from '@natgrad/tensor';
import type { Draw } from '../../ir/domain.js';
import {
  type Context,
  choose,
  type Draft,
  draft,
  EXTENTS,
  type Known,
  LARGEST,
  type Maker,
  type ProgramOptions,
  type Scope,
  same,
} from './scope.js';
import { movements, simple } from './statements.js';
import { type Program, type Statement, usesOf } from './syntax.js';

/** The variable of a body that is its result: a late one that fits, squashed where it is too large. */
const body = (
  scope: Scope,
  context: Context,
  inputs: readonly Omit<Known, 'id'>[],
  wanted: readonly (Shape | null)[],
  largest = LARGEST,
): { readonly program: Program; readonly outputs: readonly Known[] } => {
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
  return {
    program: { inputs: own, statements: [...grown.statements, ...extra], outputs: outputs.map(({ id }) => id) },
    outputs,
  };
};

const functions: readonly Maker[] = [
  (scope, context) => {
    const carry = choose(scope, context, ({ shape }) => shape.length < 3);
    const sequence = choose(scope, context, ({ shape }) => shape.length > 0);
    if (carry === null || sequence === null) return null;
    // What the body gives back must be as bounded as what it got, for any number of turns.
    const bound = Math.max(1, carry.bound);
    const made = body(
      scope,
      context,
      [
        { shape: carry.shape, bound },
        { shape: sequence.shape.slice(1), bound: sequence.bound },
      ],
      [carry.shape, null],
      bound,
    );
    const [reversed, wantsCarry] = [context.draw.integer(0, 1), context.draw.integer(0, 1)];
    const result = made.outputs[1] as Known;
    const shape = wantsCarry === 1 ? carry.shape : [sequence.shape[0] as number, ...result.shape];
    return draft(
      'scan',
      [carry, sequence],
      shape,
      Math.max(bound, result.bound),
      [reversed, wantsCarry],
      [made.program],
    );
  },
  (scope, context) => {
    const [p, x] = [choose(scope, context), choose(scope, context)];
    if (p === null || x === null) return null;
    const branch = (): ReturnType<typeof body> => body(scope, context, [x], [x.shape]);
    const [onTrue, onFalse] = [branch(), branch()];
    return draft(
      'cond',
      [p, x],
      x.shape,
      LARGEST,
      [context.draw.integer(-3, 3) / 8 + 1 / 64],
      [onTrue.program, onFalse.program],
    );
  },
  ...['jit', 'checkpoint'].map(
    (operation): Maker =>
      (scope, context) => {
        const [x, y] = [choose(scope, context), choose(scope, context)];
        if (x === null || y === null) return null;
        const made = body(scope, context, [x, y], [null]);
        const [out] = made.outputs as [Known];
        return draft(operation, [x, y], out.shape, out.bound, [], [made.program]);
      },
  ),
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
  ...['grad', 'vjpOfValue'].map(
    (operation): Maker =>
      (scope, context) => {
        const x = choose(scope, context);
        const inside = { ...context, options: { ...context.options, while: false } };
        return x && draft(operation, [x], x.shape, Infinity, [], [body(scope, inside, [x], [null]).program]);
      },
  ),
  ...['jvp', 'linearizeApply'].map(
    (operation): Maker =>
      (scope, context) => {
        const x = choose(scope, context);
        const v = x && choose(scope, context, ({ shape }) => same(shape, x.shape));
        if (x === null || v === null) return null;
        const made = body(scope, context, [x], [null]);
        return draft(operation, [x, v], (made.outputs[0] as Known).shape, Infinity, [], [made.program]);
      },
  ),
];

const whileLoop: Maker = (scope, context) => {
  const x = choose(scope, context);
  if (x === null) return null;
  const bound = Math.max(1, x.bound);
  const made = body(scope, context, [{ shape: x.shape, bound }], [x.shape], bound);
  return draft('while', [x], x.shape, bound, [context.draw.integer(0, 3)], [made.program]);
};

/** Appends `count` random statements to a scope; what grows beyond bounds is squashed at once. */
const grow = (
  scope: Scope,
  context: Context,
  count: number,
): { readonly scope: Scope; readonly statements: readonly Statement[] } => {
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
    known.push(
      variable.bound <= LARGEST ? variable : define(draft(draw.pick(['tanh', 'sin']), [variable], variable.shape, 1)),
    );
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
