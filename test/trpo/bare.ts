/** A distribution without what can be found out about it. */
import { type Distribution, type DistributionParameters, distributionOf } from '@natgrad/rl-trpo';

/** The same distribution from its log-probability, KL and samples alone. */
export const bare = <P extends DistributionParameters>(known: Distribution<P>): Distribution<P> =>
  distributionOf<P>({
    name: `bare ${known.name}`,
    action: known.action,
    parameterShapes: known.parameterShapes,
    logProbability: (parameters, actions) => known.logProbability(parameters, actions),
    kl: (old, next) => known.kl(old, next),
    sample: (parameters, keys) => known.sample(parameters, keys),
  });
