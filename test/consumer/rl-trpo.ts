import { conjugateGradient, gae, type Model, type StepConfig, trpoStep } from '@natgrad/rl-trpo';

/** Compiled only. */
export const doesNotCompile = (model: Model): void => {
  const config: StepConfig = { model, gamma: 0.9 };
  trpoStep(config);
  // @ts-expect-error an option of another type
  trpoStep({ model, gamma: 'near one' });
};

if (typeof conjugateGradient !== 'function' || typeof gae !== 'function') throw new Error('missing exports');
