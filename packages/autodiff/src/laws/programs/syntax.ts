/** Random programs as data: what they are, what they mean, how they read. */
import { describe, type Shape } from '@natgrad/tensor';
import type { Value } from '../../ir/aval.js';
import type { FlatFunction, Values } from '../subject.js';
import { operations } from './operations.js';

/** A variable, unique in its program, bodies included. */
export interface Variable {
  readonly id: number;
  readonly shape: Shape;
}

/** `defines = operation(args)`; everything is f64. */
export interface Statement {
  readonly defines: Variable;
  readonly operation: string;
  readonly args: readonly number[];
  /** Static parameters: axes, indices, elements of a constant. */
  readonly numbers: readonly number[];
  /** Functions that the operation takes. Their statements see the variables before this one. */
  readonly bodies: readonly Program[];
}

/** A function: a closure where its statements use variables from outside. */
export interface Program {
  readonly inputs: readonly Variable[];
  readonly statements: readonly Statement[];
  readonly outputs: readonly number[];
}

/** All variables that a statement reads, those read inside its bodies included. */
export const usesOf = ({ args, bodies }: Statement): ReadonlySet<number> =>
  new Set([
    ...args,
    ...bodies.flatMap(({ statements, outputs }) => [...outputs, ...statements.flatMap((inner) => [...usesOf(inner)])]),
  ]);

/** A function that calls the operations; outer variables come from `scope`. */
export const runProgram =
  ({ inputs, statements, outputs }: Program, scope: ReadonlyMap<number, Value> = new Map()): FlatFunction =>
  (...args): Values => {
    const values = new Map(scope);
    inputs.forEach(({ id }, k) => values.set(id, args[k] as Value));
    const read = (id: number): Value => values.get(id) as Value;
    for (const { defines, operation, args: own, numbers, bodies } of statements) {
      const run = operations.get(operation);
      if (run === undefined) throw new Error(`no operation ${operation}`);
      values.set(
        defines.id,
        run(
          own.map(read),
          numbers,
          bodies.map((body) => runProgram(body, values)),
          defines.shape,
        ),
      );
    }
    return outputs.map(read);
  };

const name = (id: number): string => `x${id}`;

const typed = ({ id, shape }: Variable): string => `${name(id)}: ${describe({ dtype: 'f64', shape })}`;

/** Pseudo-code, one line for each statement, bodies indented. */
export const printProgram = ({ inputs, statements, outputs }: Program, indent = ''): string => {
  const lines = statements.map(({ defines, operation, args, numbers, bodies }) => {
    const list = [
      ...args.map(name),
      ...(numbers.length === 0 ? [] : [`[${numbers.join(', ')}]`]),
      ...bodies.map((body) => printProgram(body, `${indent}  `)),
    ];
    return `${indent}  ${typed(defines)} = ${operation}(${list.join(', ')})`;
  });
  const result = `${indent}  return ${outputs.map(name).join(', ')}`;
  return [`(${inputs.map(typed).join(', ')}) => {`, ...lines, result, `${indent}}`].join('\n');
};
