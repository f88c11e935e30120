import { type DType, describe, NatgradError, type Shape, sizeOf, type Tensor } from '@natgrad/tensor';
import { tensorBrand } from '@natgrad/tensor/internal';
import type { Aval } from '../ir/aval.js';
import type { AnyPrimitive } from '../ir/primitive.js';

const branch = (value: Aval): NatgradError =>
  new NatgradError(
    'DataDependentBranch',
    `the traced value ${describe(value)} was converted to a JavaScript primitive`,
    {
      operation: 'trace',
      found: describe(value),
      expected:
        'a traced value has no number yet: write `select(condition, x, y)` for an elementwise choice or `cond(condition, f, g)` for a branch instead of if, ?:, comparisons or arithmetic operators',
    },
  );

/** What a traced value knows of the trace it belongs to. */
export interface Trace {
  readonly name: string;
  /** Creation order: the larger, the younger. */
  readonly stamp: number;
  /** True once the trace has ended. */
  readonly sealed: boolean;
  /** Appends a node and gives its outputs. */
  readonly record: (
    primitive: AnyPrimitive,
    args: readonly Tensor[],
    params: unknown,
    avals: readonly Aval[],
  ) => readonly Expr[];
}

/** A value of a graph that is being built: a tensor to the user, without elements. */
export interface Expr extends Tensor {
  readonly builder: Trace;
  /** Its number in the builder. */
  readonly id: number;
}

class TracedValue implements Expr {
  readonly builder: Trace;
  readonly id: number;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly rank: number;
  readonly size: number;

  constructor(builder: Trace, id: number, aval: Aval) {
    this.builder = builder;
    this.id = id;
    this.dtype = aval.dtype;
    this.shape = aval.shape;
    this.rank = aval.shape.length;
    this.size = sizeOf(aval.shape);
  }

  get [tensorBrand](): true {
    return true;
  }

  /** Called by `x > 0`, `x + 1` and `${x}`; only the last can mean anything before there are elements. */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === 'string') return this.toString();
    throw branch(this);
  }

  toJSON(): never {
    throw branch(this);
  }

  toString(): string {
    return `${describe(this)} traced`;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

export const Expr: new (builder: Trace, id: number, aval: Aval) => Expr = TracedValue;
