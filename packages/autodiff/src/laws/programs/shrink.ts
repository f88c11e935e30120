/** Smaller programs that are still well typed. */
import { sizeOf } from '@natgrad/tensor';
import { type Program, type Statement, usesOf, type Variable } from './syntax.js';

const same = (a: Variable, b: Variable): boolean =>
  a.shape.length === b.shape.length && a.shape.every((extent, k) => extent === b.shape[k]);

/** Without the statements that nothing needs. */
export const prune = (program: Program): Program => {
  const needed = new Set(program.outputs);
  const kept: Statement[] = [];
  for (const statement of [...program.statements].reverse()) {
    if (!needed.has(statement.defines.id)) continue;
    const bodies = statement.bodies.map(prune);
    const shorter = { ...statement, bodies };
    for (const id of usesOf(shorter)) needed.add(id);
    kept.push(shorter);
  }
  return { ...program, statements: kept.reverse() };
};

/** The same program with another variable in place of `from`. */
const substitute = (program: Program, from: number, to: number): Program => {
  const rename = (id: number): number => (id === from ? to : id);
  return {
    inputs: program.inputs,
    statements: program.statements.map((statement) => ({
      ...statement,
      args: statement.args.map(rename),
      bodies: statement.bodies.map((body) => substitute(body, from, to)),
    })),
    outputs: program.outputs.map(rename),
  };
};

/** A constant in place of what defines a variable; its elements differ, so that sort and max meet no ties. */
const constantFor = (defines: Variable): Statement => ({
  defines,
  operation: 'constant',
  args: [],
  numbers: Array.from({ length: sizeOf(defines.shape) }, (_, i) => (2 * i + 1) / 16),
  bodies: [],
});

/** The program that computes a function of statement `k` instead of calling what takes it. */
const hoisted = ({ inputs, statements }: Program, k: number, body: Program): Program => {
  const before = statements.slice(0, k);
  const visible = [...inputs, ...before.map(({ defines }) => defines)];
  const start: Program = { inputs, statements: body.statements, outputs: body.outputs };
  const inlined = body.inputs.reduce<Program>((program, input) => {
    const like = visible.find((variable) => same(variable, input));
    return like === undefined
      ? { ...program, statements: [constantFor(input), ...program.statements] }
      : substitute(program, input.id, like.id);
  }, start);
  return { ...inlined, statements: [...before, ...inlined.statements] };
};

/** Programs with one thing less: most radical first. `outer` are the variables that the program sees from outside. */
export function* smaller(program: Program, outer: readonly Variable[] = []): Generator<Program> {
  const { inputs, statements, outputs } = program;
  const top = outer.length === 0;
  // Another result: for a function in a program it must have the shape of the one before.
  const own = [...inputs, ...statements.map(({ defines }) => defines)];
  if (top && outputs.length > 1) for (const id of outputs) yield prune({ ...program, outputs: [id] });
  if (top && outputs.length === 1)
    for (const { defines } of statements.slice(0, -1)) yield prune({ ...program, outputs: [defines.id] });
  if (!top)
    for (const [k, output] of outputs.entries()) {
      const now = own.find(({ id }) => id === output);
      const before = now === undefined ? [] : own.slice(0, own.indexOf(now)).filter((variable) => same(variable, now));
      for (const { id } of before)
        yield prune({ ...program, outputs: outputs.map((other, at) => (at === k ? id : other)) });
    }
  if (top)
    for (const [k, { bodies }] of statements.entries())
      for (const body of bodies) yield prune(hoisted(program, k, body));
  // A statement replaced by a variable before it, or by a constant.
  for (const [k, { defines }] of statements.entries()) {
    const before = [...outer, ...inputs, ...statements.slice(0, k).map((statement) => statement.defines)];
    const rest = { ...program, statements: statements.filter((_, at) => at !== k) };
    for (const variable of before.filter((candidate) => same(candidate, defines)).slice(0, 3))
      yield prune(substitute(rest, defines.id, variable.id));
  }
  for (const [k, { defines, operation }] of statements.entries())
    if (operation !== 'constant')
      yield prune({ ...program, statements: statements.map((other, at) => (at === k ? constantFor(defines) : other)) });
  // Something smaller inside a function.
  for (const [k, statement] of statements.entries()) {
    const visible = [...outer, ...inputs, ...statements.slice(0, k).map(({ defines }) => defines)];
    for (const [b, body] of statement.bodies.entries())
      for (const less of smaller(body, visible)) {
        const bodies = statement.bodies.map((other, at) => (at === b ? less : other));
        yield { ...program, statements: statements.map((other, at) => (at === k ? { ...statement, bodies } : other)) };
      }
  }
}
