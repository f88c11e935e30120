/** Laws of tracing and compilation: a traced function means what it means eagerly. */
import { jvp, linearize } from '../../api/forward.js';
import { jit, traceGraph } from '../../api/jit.js';
import { grad, vjp } from '../../api/reverse.js';
import { vmap } from '../../api/vmap.js';
import { interpreter } from '../../backends/interpreter.js';
import { checkGraph } from '../../ir/check.js';
import { printGraph } from '../../ir/print.js';
import { require } from '../law.js';
import { ROUNDING, requireClose, requireSame } from '../numeric.js';
import { lossOf, ofFloats, type Subject, toward, type Values } from '../subject.js';

/** jit = eager: the interpreter runs the same operations on the same numbers, so to the bit. */
export const jitIsEager = ({ f, args }: Subject): void => {
  const compiled = jit(f, { engine: interpreter });
  const expected = f(...args);
  requireSame('jit', compiled(...args), expected);
  requireSame('jit, called again', compiled(...args), expected);
  requireSame('jit in jit', jit((...inner: Values) => compiled(...inner), { engine: interpreter })(...args), expected);
};

/** jit of a derivative, and derivatives of jit, are the derivatives. */
export const jitOfDerivatives = (subject: Subject, reverse: boolean): void => {
  const { g, x } = ofFloats(subject);
  const v = toward(subject, 'v', x);
  const compiled = jit(g, { engine: interpreter });
  const push = (at: Values, t: Values): Values => jvp<Values, Values>(g, at, t).tangent;
  const expected = push(x, v);
  requireClose('jit of jvp', jit(push, { engine: interpreter })(x, v), expected, ROUNDING);
  requireClose('jvp of jit', jvp<Values, Values>(compiled, x, v).tangent, expected, ROUNDING);
  requireClose('linearize of jit', linearize<Values, Values>(compiled, x).apply(v), expected, ROUNDING);
  if (!reverse) return;
  const gradient = grad(lossOf(subject, g));
  requireClose('jit of grad', jit(gradient, { engine: interpreter })(x), gradient(x), ROUNDING);
  requireClose('grad of jit', grad(lossOf(subject, compiled))(x), gradient(x), ROUNDING);
};

/** The graph of a function, of its derivatives and of its batch satisfy the validator. */
export const graphsAreValid = (subject: Subject, differentiable: boolean, reverse: boolean): void => {
  const { f, args, batches } = subject;
  checkGraph(traceGraph(f, ...args).graph);
  checkGraph(traceGraph(vmap<Values, Values>(f), ...batches).graph);
  if (!differentiable) return;
  const { g, x } = ofFloats(subject);
  checkGraph(traceGraph((at: Values, v: Values) => jvp<Values, Values>(g, at, v).tangent, x, x).graph);
  checkGraph(linearize<Values, Values>(g, x).graph);
  if (!reverse) return;
  const u = toward(subject, 'u', g(x));
  checkGraph(traceGraph((at: Values, ct: Values) => vjp<Values, Values>(g, at).pullback(ct), x, u).graph);
};

/** Tracing twice gives the same program. */
export const tracingIsPure = ({ f, args }: Subject): void => {
  const trace = (): string => printGraph(traceGraph(f, ...args).graph);
  const [first, second] = [trace(), trace()];
  require(first === second, () => `traced twice, these programs differ:\n${first}\n${second}`);
};
