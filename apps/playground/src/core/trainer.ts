/** The worker's side: a session trains, and answers between iterations. What it says, it says through `post`. */
import { defaultEngine, platform, programStages } from '@natgrad/autodiff';
import { type Env, filmOf, loadEnv, type Scene, vectorise, withHistory } from '@natgrad/envs';
import {
  engineOf,
  fisherProduct,
  type Iteration,
  type Model,
  type PlayedStep,
  play,
  type Snapshot,
  startOfTraining,
  TrainingError,
  type TrpoConfig,
  train,
  tryModelFor,
} from '@natgrad/rl-trpo';
import { foldIn, type Key, key, treeFlatten, treeLeaves } from '@natgrad/tensor';
import { isLeft } from 'fp-ts/lib/Either.js';
import { leafNames } from './names.js';
import type { Episode, Phase, Point, Report, Request, Scheme } from './protocol.js';
import type { Issue, Settings } from './settings.js';

/** Of an episode so much is shown, at most, that the next one, of a better policy, is not far. */
const MOST_SECONDS = 12;
const MOST_STEPS = 500;

const stepsShown = (env: Env): number => {
  const { stepSeconds = 0.05 } = env.scene?.(env.reset(key(0)).state) ?? {};
  return Math.max(1, Math.min(MOST_STEPS, Math.ceil(MOST_SECONDS / stepSeconds)));
};

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

/** A picture per state, and of what is done in it. */
const scenesOf = (env: Env, steps: readonly PlayedStep[]): readonly Scene[] => {
  const scene = env.scene?.bind(env);
  const end = steps.at(-1);
  if (scene === undefined || end === undefined) return [];
  return [...steps.map(({ state, action }) => scene(state, action)), scene(end.transition.state)];
};

const endingOf = ({ transition }: PlayedStep): Episode['ending'] =>
  transition.terminated ? 'terminated' : transition.truncated ? 'truncated' : 'cut';

const issuesOf = (error: unknown): readonly Issue[] | null =>
  error instanceof TrainingError
    ? error.reason.issues.map(({ field, found, expected }) => ({
        field,
        message: `found ${found}, expected ${expected}`,
      }))
    : null;

/** All that a session is made of. */
interface Session {
  readonly number: number;
  readonly settings: Settings;
  readonly env: Env;
  readonly model: Model;
  readonly episodes: Key;
  snapshot: Snapshot;
  iteration: number;
  phase: Phase;
  /** True while the loop of iterations goes round, or is about to see that it should not. */
  running: boolean;
  episode: number;
  scenes: readonly Scene[];
  /** How the episode that is shown went. */
  shown: Omit<Episode, 'film'> | null;
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
    if (isLeft(loaded)) return failed(number, loaded.left);
    const env: Env = options.network === 'recurrent' ? withHistory(loaded.right, options.historySteps) : loaded.right;
    const model = tryModelFor(env, options);
    if (isLeft(model)) return failed(number, new TrainingError(model.left));
    const engine = engineOf(options);
    if (isLeft(engine)) return failed(number, new TrainingError(engine.left));
    const { right: made } = model;
    const config = { envs: vectorise(env, options.environments), model: made as Model, options, key: key(seed) };
    const snapshot = startOfTraining(config);
    session = {
      number,
      settings,
      env,
      model: made as Model,
      episodes: foldIn(key(seed), 0),
      snapshot,
      iteration: 0,
      phase: 'idle',
      running: false,
      episode: 0,
      scenes: [],
      shown: null,
    };
    post({
      session: number,
      kind: 'prepared',
      subject: {
        parameters: treeLeaves(snapshot.state.policy).reduce((sum, { size }) => sum + size, 0),
        observationWidth: made.observationWidth,
        engine: engine.right.name,
        missing: engine.right === defaultEngine() ? platform().missing : null,
        rewardThreshold: env.rewardThreshold,
      },
    });
    showEpisode(session);
    const rows = rowsOf(options);
    const { structure } = treeFlatten(snapshot.state.policy);
    post({
      session: number,
      kind: 'stages',
      rows,
      stages: programStages(fisherProduct(made as Model, rows).graph),
      inputs: [...leafNames(structure, 'θ'), 'observations', ...leafNames(structure, 'v')],
    });
  };

  const film = (of: Session): void => {
    if (of.shown === null || of.scenes.length === 0) return;
    const picture = filmOf(of.scenes, { theme: scheme, title: `${of.settings.environment}, an episode of the policy` });
    post({ session: of.number, kind: 'episode', episode: { ...of.shown, film: picture } });
  };

  const showEpisode = (of: Session): void => {
    const { env, model, settings, snapshot, episodes, episode } = of;
    const steps = [
      ...play({ env, model, ...settings.options }, snapshot.state, {
        key: episodes,
        episode,
        maxSteps: stepsShown(env),
      }),
    ];
    of.episode += 1;
    of.scenes = scenesOf(env, steps);
    of.shown = {
      return: steps.reduce((sum, { transition }) => sum + transition.reward, 0),
      steps: steps.length,
      iteration: of.iteration,
      ending: endingOf(steps.at(-1) as PlayedStep),
    };
    film(of);
  };

  const run = async (of: Session): Promise<void> => {
    const { settings, env, model } = of;
    const { algorithm, options, seed, steps } = settings;
    of.running = true;
    enter(of, 'training');
    try {
      const envs = vectorise(env, options.environments);
      let began = performance.now();
      for await (const iteration of train({
        envs,
        model,
        algorithm,
        options,
        key: key(seed),
        steps,
        from: of.snapshot,
      })) {
        if (session !== of) return;
        of.snapshot = iteration;
        of.iteration = iteration.record.report.iteration;
        post({ session: of.number, kind: 'iteration', point: pointOf(iteration) });
        const rest = pace - (performance.now() - began);
        if (rest > 0) await wait(rest);
        while (session === of && of.phase === 'paused') await wait(Infinity);
        if (session !== of || of.phase === 'finished') return;
        began = performance.now();
      }
      enter(of, 'finished');
    } catch (error) {
      if (session !== of) return;
      enter(of, 'idle');
      failed(of.number, error);
    } finally {
      of.running = false;
    }
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
        if (session === null) return;
        if (!session.running) await run(session);
        else if (session.phase !== 'training') {
          enter(session, 'training');
          wake();
        }
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
        if (session !== null) showEpisode(session);
        return;
      case 'scheme':
        scheme = request.scheme;
        if (session !== null) film(session);
        return;
    }
  };
};
