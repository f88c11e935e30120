/** Pitfall: π_old computed from the parameters that are differentiated, and not detached from them. */
import { exp, grad, linearize, mean, multiply, subtract, valueAndGrad } from '@natgrad/autodiff';
import {
  type Algorithm,
  type CompiledSetup,
  meanKl,
  type ParameterTree,
  type TrpoConfig,
  type TrpoReport,
  trpoStep,
} from '@natgrad/rl-trpo';
import { item, type Scalar } from '@natgrad/tensor';
import { cartPole, type Finding, late, type Pitfall, rejected, returns, settingOf, wanted } from './pitfall.js';
import { mapResult } from './result.js';
import { reportsOf } from './run.js';
import { type Replacement, SOUND, trpoWith } from './variant.js';

/** E[π_θ(a|s) / π_θ(a|s) · A]: the ratio is 1 whatever θ is. */
const ratioOfItself = ({ model }: CompiledSetup): Replacement => ({
  policyGradient: (input, data) => {
    const objective = (theta: ParameterTree): Scalar => {
      const logProbability = model.distribution.logProbability(model.policy(theta, data.observations), data.actions);
      return mean(multiply(exp(subtract(logProbability, logProbability)), data.advantages));
    };
    const { value, gradient } = valueAndGrad(objective)(input.state.policy);
    return mapResult(SOUND.policyGradient(input, data), (found) => ({
      ...found,
      surrogateBefore: item(value),
      gradient,
    }));
  },
});

/** F as the Hessian of θ ↦ E[KL(π_θ ‖ π_θ)], which is 0 everywhere. */
const klOfItself = ({ model }: CompiledSetup): Replacement => ({
  policyMetric: (input, data, atOld) => {
    const kl = (theta: ParameterTree): Scalar => {
      const parameters = model.policy(theta, data.observations);
      return meanKl(model.distribution, parameters, parameters);
    };
    const fisher = linearize(grad(kl), input.state.policy).apply;
    return mapResult(SOUND.policyMetric(input, data, atOld), (metric) => ({ ...metric, fisher }));
  },
});

const textbook: Partial<TrpoConfig> = { stepSize: 'damped' };

const VARIANTS: readonly (readonly [string, Algorithm<TrpoReport>, Partial<TrpoConfig>])[] = [
  ['ratio π_θ/π_θ', trpoWith('ratio-of-itself', ratioOfItself), {}],
  ['KL(π_θ ‖ π_θ)', trpoWith('kl-of-itself', klOfItself), {}],
  ['KL(π_θ ‖ π_θ), `damped` size', trpoWith('kl-of-itself', klOfItself), textbook],
  ['π_old is data, `damped` size', trpoStep, textbook],
  ['π_old is data', trpoStep, {}],
];

const finding = (variant: string, runs: readonly (readonly TrpoReport[])[]): Finding => ({
  variant,
  values: {
    return: returns(runs),
    gradientNorm: late(runs, (report) => report.gradientNorm),
    cgIterations: late(runs, (report) => report.cgIterations),
    cgResidual: late(runs, (report) => report.cgResidual),
    zeroGradient: rejected(runs, 'zeroGradient'),
    negativeCurvature: rejected(runs, 'negativeCurvature'),
    klShare: late(runs, (report) => report.klShare),
    tries: late(runs, ({ lineSearch }) => (lineSearch.tries === 0 ? null : lineSearch.tries)),
  },
});

export const undetached: Pitfall = {
  name: 'undetached',
  setting: settingOf(cartPole),
  measure: (effort) =>
    wanted(VARIANTS, effort).map(([name, algorithm, options]) =>
      finding(name, reportsOf({ ...cartPole, options: { ...cartPole.options, ...options } }, algorithm, effort)),
    ),
};
