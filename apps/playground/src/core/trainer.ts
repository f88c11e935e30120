/** The worker's side: a session trains, and answers between iterations. What it says, it says through `post`. */
import { interpreter, platform, programStages } from '@natgrad/autodiff';
import { type Env, loadEnv, vectorise, withHistory } from '@natgrad/envs';
import {
  engineOf,
  fisherProduct,
  type Iteration,
  type Model,
  type Snapshot,
  startOfTraining,
  TrainingError,
  type TrpoConfig,
  train,
  tryModelFor,
} from '@natgrad/rl-trpo';
import { foldIn, type Key, key, treeFlatten } from '@natgrad/tensor';
import { isLeft } from 'fp-ts/lib/Either.js';
import { type Cast, filmed, type Played, playEpisode } from './episode.js';
import { leafNames } from './names.js';
import type { Phase, Point, Report, Request, Scheme } from './protocol.js';
import type { Issue, Settings } from './settings.js';

/** Rows for which the Fisher-vector product is shown: shapes with a number that a person knows from the options. */
const rowsOf = ({ batchSize, fisherRows, fisherChunk }: TrpoConfig): number =>
  Math.min(batchSize, fisherRows ?? batchSize, fisherChunk ?? batchSize);

const pointOf = ({ record: { report, seconds, stepsPerSecond } }: Iteration): Point => {
  const { returnMean, returnMin, returnMax } = report.episodes;
  return {
    iteration: report.iteration,
    totalSteps: report.totalSteps,
    returns:
      returnMean === null || returnMin === null || returnMax === null
        ? null
        : { mean: returnMean, min: returnMin, max: returnMax },
    kl: report.kl,
    delta: report.delta,
    accepted: report.lineSearch === null ? null : report.lineSearch.status === 'accepted',
    cgResiduals: report.cgResiduals,
    entropy: report.entropy,
    explainedVariance: report.explainedVarianceBefore,
    seconds,
    stepsPerSecond,
  };
};

const issuesOf = (error: unknown): readonly Issue[] | null =>
  error instanceof TrainingError
    ? error.reason.issues.map(({ field, found, expected }) => ({
        field,
        message: `found ${found}, expected ${expected}`,
      }))
    : null;

/** All that a session is made of, and where it stands. */
interface Session extends Cast {
  readonly number: number;
  /** Source of the episodes that are shown, which have no random number in common with training. */
  readonly source: Key;
  snapshot: Snapshot;
  phase: Phase;
  /** Steps in all that it was told last to train for. */
  steps: number;
  /** True while the loop of iterations goes round, or is about to see that it should not. */
  running: boolean;
  /** How many episodes were shown. */
  episode: number;
  played: Played;
}

/** Waits that `wake` ends. */
interface Gate {
  readonly wait: (milliseconds: number) => Promise<void>;
  readonly wake: () => void;
}

const gate = (): Gate => {
  let resume = (): void => undefined;
  return {
    wait: (milliseconds) =>
      new Promise((done) => {
        resume = done;
        if (Number.isFinite(milliseconds)) setTimeout(done, milliseconds);
      }),
    wake: () => resume(),
  };
};

/** What a worker does with the page's requests. */
export const trainer = (post: (report: Report) => void): ((request: Request) => Promise<void>) => {
  let session: Session | null = null;
  let latest = 0;
  let scheme: Scheme = 'light';
  let pace = 0;
  const { wait, wake } = gate();

  const enter = (of: Session, phase: Phase): void => {
    of.phase = phase;
    post({ session: of.number, kind: 'phase', phase });
  };

  const failed = (number: number, error: unknown): void => {
    const issues = issuesOf(error);
    if (issues !== null) post({ session: number, kind: 'refused', issues });
    else {
      const message = error instanceof Error ? error.message : String(error);
      // The lines after the first say where in the code it was.
      post({ session: number, kind: 'failed', message: message.split('\n', 1).join('') });
    }
  };

  const prepare = async (number: number, settings: Settings): Promise<void> => {
    latest = number;
    session = null;
    wake();
    const { environment, options, seed } = settings;
    const loaded = await loadEnv({ id: environment })();
    // Somebody has chosen something else in the meantime.
    if (latest !== number) return;
    if (isLeft(loaded)) throw loaded.left;
    const env: Env = options.network === 'recurrent' ? withHistory(loaded.right, options.historySteps) : loaded.right;
    const model = tryModelFor(env, options);
    if (isLeft(model)) throw new TrainingError(model.left);
    const engine = engineOf(options);
    if (isLeft(engine)) throw new TrainingError(engine.left);
    const made: Model = model.right;
    const snapshot = startOfTraining({
      envs: vectorise(env, options.environments),
      model: made,
      options,
      key: key(seed),
    });
    const cast = { env, model: made, settings };
    const source = foldIn(key(seed), 0);
    session = {
      ...cast,
      number,
      source,
      snapshot,
      phase: 'idle',
      steps: 0,
      running: false,
      episode: 1,
      played: playEpisode(cast, snapshot, { source, episode: 0 }),
    };
    const { structure, leaves } = treeFlatten(snapshot.state.policy);
    post({
      session: number,
      kind: 'prepared',
      subject: {
        parameters: leaves.reduce((sum, { size }) => sum + size, 0),
        observationWidth: made.observationWidth,
        engine: engine.right.name,
        missing: engine.right === interpreter ? platform().missing : null,
        rewardThreshold: env.rewardThreshold,
      },
    });
    show(session);
    const rows = rowsOf(options);
    post({
      session: number,
      kind: 'stages',
      rows,
      stages: programStages(fisherProduct(made, rows).graph),
      inputs: [...leafNames(structure, 'θ'), 'observations', ...leafNames(structure, 'v')],
    });
  };

  const show = (of: Session): void => {
    const episode = filmed(of.played, of.settings.environment, scheme);
    if (episode !== null) post({ session: of.number, kind: 'episode', episode });
  };

  const showNext = (of: Session): void => {
    of.played = playEpisode(of, of.snapshot, of);
    of.episode += 1;
    show(of);
  };

  /** Waits while the session is paused; true where it is then to go on as it was told last, false where another matter has come up. */
  const goesOn = async (of: Session, steps: number): Promise<boolean> => {
    while (session === of && of.phase === 'paused') await wait(Infinity);
    return session === of && of.phase === 'training' && of.steps === steps;
  };

  /**
   * Trains from the newest snapshot until its steps are made or it is told otherwise. What comes while it is paused is kept back; what
   * comes after a stop is forgotten, because training on computes the same again.
   */
  const iterate = async (of: Session): Promise<void> => {
    const { steps, settings, env, model } = of;
    const { algorithm, options, seed } = settings;
    try {
      const envs = vectorise(env, options.environments);
      let shown = -Infinity;
      for await (const iteration of train({
        envs,
        model,
        algorithm,
        options,
        key: key(seed),
        steps,
        from: of.snapshot,
      })) {
        const rest = pace - (performance.now() - shown);
        if (rest > 0) await wait(rest);
        if (!(await goesOn(of, steps))) return;
        shown = performance.now();
        of.snapshot = iteration;
        post({ session: of.number, kind: 'iteration', point: pointOf(iteration) });
      }
      if (await goesOn(of, steps)) enter(of, 'finished');
    } catch (error) {
      if (!(await goesOn(of, steps))) return;
      enter(of, 'idle');
      failed(of.number, error);
    }
  };

  const run = async (of: Session): Promise<void> => {
    of.running = true;
    // It may be told to go on, or for how long, while what it was told before comes to its end.
    while (session === of && of.phase === 'training') await iterate(of);
    of.running = false;
  };

  return async (request) => {
    switch (request.kind) {
      case 'prepare':
        scheme = request.scheme;
        try {
          await prepare(request.session, request.settings);
        } catch (error) {
          failed(request.session, error);
        }
        return;
      case 'train':
        if (session === null || session.phase === 'training') return;
        session.steps = request.steps;
        enter(session, 'training');
        wake();
        if (!session.running) await run(session);
        return;
      case 'pause':
        if (session?.phase === 'training') enter(session, 'paused');
        wake();
        return;
      case 'stop':
        if (session?.phase === 'training' || session?.phase === 'paused') enter(session, 'finished');
        wake();
        return;
      case 'pace':
        pace = request.milliseconds;
        wake();
        return;
      case 'film':
        if (session !== null) showNext(session);
        return;
      case 'scheme':
        scheme = request.scheme;
        if (session !== null) show(session);
        return;
    }
  };
};
