/** Laws of first derivatives. */
import { jvp, linearize } from '../../api/forward.js';
import { vjp } from '../../api/reverse.js';
import { combine, ROUNDING, requireClose, requireSameInner } from '../numeric.js';
import {
  fixing,
  floatPlaces,
  ofFloats,
  requireDerivative,
  type Subject,
  subsets,
  toward,
  type Values,
} from '../subject.js';

type Of = (at: Values) => Values;

/** Runs a check for the function of each subset of the arguments that are floats. */
const forSubsets = (subject: Subject, check: (g: Of, x: Values, about: string) => void): void => {
  for (const places of subsets(floatPlaces(subject.args))) {
    const { g, x } = fixing(subject, places);
    check(g, x, `with respect to arguments ${places.join(', ')}`);
  }
};

/** J(a·v + b·w) = a·Jv + b·Jw. */
export const jvpIsLinear = (subject: Subject): void => {
  const { g, x } = ofFloats(subject);
  const [v, w] = [toward(subject, 'v', x), toward(subject, 'w', x)];
  const along = (t: Values): Values => jvp<Values, Values>(g, x, t).tangent;
  requireClose('J(1.7·v − 0.6·w)', along(combine(1.7, v, -0.6, w)), combine(1.7, along(v), -0.6, along(w)), ROUNDING);
  requireClose('J·0', along(combine(0, v, 0, w)), combine(0, along(v), 0, along(w)), ROUNDING);
};

/** Jᵀ(a·u + b·w) = a·Jᵀu + b·Jᵀw. */
export const vjpIsLinear = (subject: Subject): void => {
  const { g, x } = ofFloats(subject);
  const { value, pullback } = vjp<Values, Values>(g, x);
  const [u, w] = [toward(subject, 'u', value), toward(subject, 'w', value)];
  requireClose(
    'Jᵀ(1.7·u − 0.6·w)',
    pullback(combine(1.7, u, -0.6, w)),
    combine(1.7, pullback(u), -0.6, pullback(w)),
    ROUNDING,
  );
};

/** ⟨Jv, u⟩ = ⟨v, Jᵀu⟩, whichever arguments are active. */
export const vjpIsAdjoint = (subject: Subject): void =>
  forSubsets(subject, (g, x, about) => {
    const v = toward(subject, 'v', x);
    const { tangent } = jvp<Values, Values>(g, x, v);
    const { value, pullback } = vjp<Values, Values>(g, x);
    const u = toward(subject, 'u', value);
    requireSameInner(`⟨Jv, u⟩ and ⟨v, Jᵀu⟩ ${about}`, [tangent, u], [v, pullback(u)]);
  });

/** Jv is what the values do: against extrapolated central differences. */
export const jvpIsTheDerivative = (subject: Subject): void =>
  forSubsets(subject, (g, x, about) => {
    const v = toward(subject, 'v', x);
    const { value, tangent } = jvp<Values, Values>(g, x, v);
    requireClose(`the value beside Jv ${about}`, value, g(x), ROUNDING);
    requireDerivative(`Jv ${about}`, subject, { g, x, v }, tangent);
  });

/** linearize(f, x): its value is f(x), apply is Jv and transpose is Jᵀu, as often as one likes. */
export const linearizeIsJvp = (subject: Subject, reverse: boolean): void =>
  forSubsets(subject, (g, x, about) => {
    const operator = linearize<Values, Values>(g, x);
    requireClose(`the value of linearize ${about}`, operator.value, g(x), ROUNDING);
    for (const name of ['v', 'w']) {
      const v = toward(subject, name, x);
      requireClose(`linearize(f)(${name}) ${about}`, operator.apply(v), jvp<Values, Values>(g, x, v).tangent, ROUNDING);
    }
    if (!reverse) return;
    const u = toward(subject, 'u', operator.value);
    requireClose(
      `linearize(f).transpose(u) ${about}`,
      operator.transpose(u),
      vjp<Values, Values>(g, x).pullback(u),
      ROUNDING,
    );
  });
