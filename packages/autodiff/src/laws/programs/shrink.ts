/** Smaller programs that are still well typed. */
import type { Program, Statement, Variable } from './syntax.js';

const same = (a: Variable, b: Variable): boolean => a.shape.length === b.shape.length && a.shape.every((extent, k) => extent === b.shape[k]);

const usesOf = ({ statements, outputs }: Program): ReadonlySet<number> =>
  new Set([...outputs, ...statements.flatMap(({ args, bodies }) => [...args, ...bodies.flatMap((body) => [...usesOf(body)])])]);

/** Without the statements that nothing needs. */
export const prune = (program: Program): Program => {
  const needed = new Set(program.outputs);
  const kept: Statement[] = [];
  for (const statement of [...program.statements].reverse()) {
    if (!needed.has(statement.defines.id)) continue;
    const bodies = statement.bodies.map(prune);
    for (const id of [...statement.args, ...bodies.flatMap((body) => [...usesOf(body)])]) needed.add(id);
    kept.push({ ...statement, bodies });
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
      for (const { id } of before) yield prune({ ...program, outputs: outputs.map((other, at) => (at === k ? id : other)) });
    }
  // A statement replaced by a variable before it.
  for (const [k, { defines }] of statements.entries()) {
    const before = [...outer, ...inputs, ...statements.slice(0, k).map((statement) => statement.defines)];
    const rest = { ...program, statements: statements.filter((_, at) => at !== k) };
    for (const variable of before.filter((candidate) => same(candidate, defines)).slice(0, 3)) yield prune(substitute(rest, defines.id, variable.id));
  }
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
