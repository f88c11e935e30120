/** Extreme but valid parameters. */
import { grad, sum } from '@natgrad/autodiff';
import { isNatgradError, type Scalar, type Tensor, treeMap } from '@natgrad/tensor';
import { adopt, elements } from '@natgrad/tensor/internal';
import type { Law } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import type { Distribution, DistributionParameters } from '../policy/distribution.js';
import { arbitraryKey, type Named, require, requireClose, snapshot } from './check.js';

/** Parameters of one row whose elements are picked from a few values each. */
const arbitraryExtremes = (
  { parameterShapes }: Distribution,
  extremes: Readonly<Record<string, readonly number[]>>,
): fc.Arbitrary<DistributionParameters> =>
  fc.record(
    Object.fromEntries(
      Object.entries(parameterShapes).map(([name, shape]) => {
        const size = shape.reduce((a, b) => a * b, 1);
        return [
          name,
          fc
            .array(fc.constantFrom(...(extremes[name] ?? [-20, 0, 20])), { minLength: size, maxLength: size })
            .map((x) => adopt(Float64Array.from(x), 'f64', [1, ...shape])),
        ];
      }),
    ),
  );

/**
 * Everything about two distributions with extreme parameters is finite, or a typed error; what acts says the same on packed
 * rows.
 */
export const extremeLaw = (
  distribution: Distribution,
  named: Named,
  extremes: Readonly<Record<string, readonly number[]>> = {},
): Law => {
  const parameters = arbitraryExtremes(distribution, extremes);
  /** A result, or null where there was a typed error. */
  const finite = <T>(what: string, run: () => T): T | null => {
    try {
      const result = run();
      const found = typeof result === 'number' ? [result] : snapshot(result);
      require(found.every(Number.isFinite), () => `${what} is ${found.join(', ')}`);
      return result;
    } catch (error) {
      if (isNatgradError(error)) return null;
      throw error;
    }
  };
  return named(
    'extreme parameters give finite numbers or typed errors',
    fc.tuple(parameters, parameters, arbitraryKey),
    ([p, q, key]) => {
      const ones = treeMap((x: Tensor) => adopt(new Float64Array(x.size).fill(1), 'f64', x.shape), p);
      const kl = (each: DistributionParameters): Scalar => sum(distribution.kl(p, each));
      finite('the entropy', () => distribution.entropy?.(p) ?? null);
      finite('KL', () => distribution.kl(p, q));
      finite('KL of equals', () => distribution.kl(p, p));
      finite('the gradient of KL at its zero', () => grad(kl)(p));
      finite('the gradient of KL', () => grad(kl)(q));
      finite('M·v', () => distribution.fisher(p, ones));
      finite('the scale of M', () => distribution.fisherScale(p));
      finite('the deterministic action', () => distribution.deterministicAction(p));
      const actions = finite('the action', () => distribution.sample(p, [key]));
      if (actions === null) return;
      finite('what the environment is told', () =>
        Array.from(distribution.bijection?.forward(elements(actions)) ?? []).reduce((a, b) => a + b, 0),
      );
      const logP = finite('the log-probability', () => distribution.logProbability(q, actions));
      if (logP === null) return;
      const packed = Object.fromEntries(Object.entries(q).map(([name, x]) => [name, elements(x)]));
      distribution.packed?.logProbability(packed, elements(actions)).forEach((x, row) => {
        requireClose('packed log-probability', x, elements(logP)[row] as number, 1e-12);
      });
    },
  );
};
