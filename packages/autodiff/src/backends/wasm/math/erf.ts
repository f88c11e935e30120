/**
 * erf: x + x·g(x²) below 1, and 1 − e^(−a²)·h((a − 2)/(a + 2)) for a = |x| ≥ 1, where h is e^(a²)·erfc a (Shepherd & Laframboise,
 * Mathematics of Computation 36, 1981, have the variable). g counts at most 0.13 times, and e^(−a²)·h is below 0.16, so that the
 * roundings of a² and of the polynomials hardly show: about 1 ulp.
 */
import type { Code } from '../encode.js';
import { v128 } from '../instructions.js';
import { clamp, expNormal } from './exponential.js';
import type { Writer } from './writer.js';

/** Fits `erf32`, `erf64`, `erfc32` and `erfc64` of scripts/minimax.py. From `one` on the result rounds to 1. */
const TABLES = {
  f32: {
    one: 4,
    g: [
      0.12837916612625122, -0.3761262595653534, 0.11283600330352783, -0.026854444295167923, 0.005189535673707724,
      -0.0008020842215046287, 7.889124390203506e-5,
    ],
    h: [0.25539612770080566, -0.4271867573261261, 0.24147383868694305, -0.08076667040586472, -0.0024222778156399727],
  },
  f64: {
    one: 6,
    g: [
      0.1283791670955126, -0.3761263890318375, 0.11283791670954885, -0.02686617064507786, 0.005223977624828297,
      -0.0008548326981418047, 0.00012055331132690938, -1.4925595766039868e-5, 1.6461008383036737e-6,
      -1.6350395258390387e-7, 1.4660322504189007e-8, -1.1374932719130314e-9, 5.960648083861031e-11,
    ],
    h: [
      0.25539567631050575, -0.4271858474139568, 0.24165819424246882, -0.07897858101641561, 0.0037328923985385253,
      0.006997461785657514, -0.0008471425904867889, -0.0009819764792048766, 4.35361608068838e-5, 0.00017428847055730494,
      2.7623178361170122e-5, -2.661150220023229e-5, -1.264411400717186e-5,
    ],
  },
} as const;

export const erf = (w: Writer, argument: Code): Code => {
  const { one, g, h } = TABLES[w.dtype];
  const x = w.keep(argument);
  const a = w.keep(w.abs(x));
  const near = w.madd(a, w.polynomial(w.keep(w.mul(a, a)), g), a);
  const b = clamp(w, a, 1, one);
  const t = w.keep(w.div(w.sub(b, w.const(2)), w.add(b, w.const(2))));
  const e = expNormal(w, w.keep(w.neg(w.mul(b, b))));
  const far = w.nmadd(e, w.polynomial(t, h), w.const(1));
  return v128.or(w.select(w.lt(a, w.const(1)), near, far), w.signOf(x));
};
