/** The page: it shows what its worker says, at most once a frame, and tells it what a person wants. */
import { environments } from '@natgrad/envs';
import { extended, progress, short, whole } from './core/history.js';
import type { Phase, Point, Report, Request, Subject } from './core/protocol.js';
import { charts } from './view/charts.js';
import { disable, find, html, isDisabled } from './view/dom.js';
import { form } from './view/form.js';
import { graphPanel } from './view/graph.js';
import { showNumbers, showRows } from './view/numbers.js';
import { player } from './view/player.js';
import { schemeOf } from './view/scheme.js';

/** Least milliseconds between two sentences of progress to those who listen. */
const SENTENCES = 10_000;

/** MuJoCo's bindings write code at run time: their worker is another file, whose policy may allow that while no other's does. */
const threads = {
  plain: () => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' }),
  physics: () => new Worker(new URL('./physics.ts', import.meta.url), { type: 'module' }),
};

const page = {
  worker: null as { readonly kind: keyof typeof threads; readonly thread: Worker } | null,
  session: 0,
  /** True between the request for a session and its arrival. */
  preparing: false,
  /** True where training is to begin as soon as the session is there. */
  eager: false,
  phase: 'idle' as Phase,
  points: [] as readonly Point[],
  subject: null as Subject | null,
  spoken: 0,
  drawn: true,
  pace: 0,
  /** True once it has been said that the task is solved. */
  solved: false,
};

const send = (request: Request): void => page.worker?.thread.postMessage(request);

/** Sees to it that the worker is one that the environment can run in. */
const employ = (environment: string): void => {
  const definition = environments.find(({ id }) => id === environment);
  const kind = definition !== undefined && 'load' in definition ? 'physics' : 'plain';
  if (page.worker?.kind === kind) return;
  page.worker?.thread.terminate();
  const thread = threads[kind]();
  page.worker = { kind, thread };
  thread.addEventListener('message', ({ data }: MessageEvent<Report>) => receive(data));
  thread.addEventListener('error', ({ message }) =>
    fields.showIssues([{ field: 'environment', message: `the worker stopped: ${message}` }]),
  );
  send({ kind: 'pace', milliseconds: page.pace });
};

const scheme = schemeOf((chosen) => {
  plots.recolour();
  send({ kind: 'scheme', scheme: chosen });
});
const plots = charts();
const graph = graphPanel();
const films = player(() => send({ kind: 'film' }));

const say = (text: string): void => {
  find('live').textContent = text;
};

const PHASES: Readonly<Record<Phase, string>> = {
  idle: 'Nothing learnt yet.',
  training: 'Training.',
  paused: 'Paused.',
  finished: 'Finished.',
};

/** A phase in words. */
const phaseText = (): string => {
  const made = page.points.at(-1)?.totalSteps ?? 0;
  const all = page.phase === 'finished' && made >= (fields.read()?.steps ?? Infinity);
  return all ? `Finished: ${whole(made)} steps. With more steps to train for it goes on.` : PHASES[page.phase];
};

const buttons = {
  train: find<HTMLButtonElement>('train'),
  pause: find<HTMLButtonElement>('pause'),
  stop: find<HTMLButtonElement>('stop'),
};

const showPhase = (): void => {
  const { phase, preparing, points } = page;
  buttons.train.textContent =
    phase === 'paused' ? 'Resume' : phase === 'training' ? 'Training…' : points.length > 0 ? 'Train on' : 'Train';
  disable(buttons.train, phase === 'training');
  disable(buttons.pause, phase !== 'training');
  disable(buttons.stop, phase !== 'training' && phase !== 'paused');
  if (preparing || !page.solved || phase !== 'training')
    find('phase').textContent = preparing ? 'Loading the environment…' : phaseText();
  fields.lock(phase === 'training' || phase === 'paused');
};

/** Shows what has come since it was last called. */
const refresh = (): void => {
  if (page.drawn) return;
  page.drawn = true;
  plots.draw(page.points);
  showNumbers(page.points, page.subject);
  showRows(page.points);
};

const draw = (): void => {
  refresh();
  requestAnimationFrame(draw);
};

/** Begins a session with what the form says; false where it says something impossible. */
const prepare = (): boolean => {
  const settings = fields.read();
  if (settings === null) {
    // What was there before does not fit the form any more.
    page.eager = false;
    return false;
  }
  page.session += 1;
  Object.assign(page, { preparing: true, phase: 'idle', points: [], subject: null, drawn: false, solved: false });
  employ(settings.environment);
  films.clear('Loading…');
  send({ kind: 'prepare', session: page.session, settings, scheme: scheme() });
  showPhase();
  return true;
};

const fields = form(() => {
  prepare();
});

const showSubject = ({ parameters, observationWidth, engine, missing }: Subject): void => {
  const cure = missing === null ? '' : ` Found ${missing.found}; expected ${missing.expected}.`;
  find('engine').replaceChildren(
    `A policy of ${parameters} parameters for ${observationWidth} observed numbers, on the engine “${engine}”`,
    missing === null ? '.' : html('strong', {}, `, far slower than compiled programs.${cure}`),
  );
};

/** Says once that the returns have reached what counts as solved. */
const celebrate = ({ returns, iteration }: Point): void => {
  const goal = page.subject?.rewardThreshold ?? null;
  if (page.solved || goal === null || returns === null || returns.mean < goal) return;
  page.solved = true;
  find('phase').textContent = `Solved in iteration ${iteration}: a mean return of ${short(returns.mean)}.`;
  say(find('phase').textContent);
  page.spoken = performance.now();
};

const receive = (report: Report): void => {
  // What an older session still says.
  if (report.session !== page.session) return;
  switch (report.kind) {
    case 'prepared':
      page.preparing = false;
      page.subject = report.subject;
      page.drawn = false;
      plots.setGoal(report.subject.rewardThreshold);
      showSubject(report.subject);
      showPhase();
      if (page.eager) send({ kind: 'train', steps: fields.read()?.steps ?? 0 });
      page.eager = false;
      return;
    case 'stages':
      graph.show(report.stages, report.rows, report.inputs);
      return;
    case 'phase':
      page.phase = report.phase;
      // Where it says that it is paused, the numbers beside it are the last ones already.
      refresh();
      showPhase();
      say(`${phaseText()} ${progress(page.points)}`);
      page.spoken = performance.now();
      return;
    case 'iteration':
      page.points = extended(page.points, report.point);
      page.drawn = false;
      celebrate(report.point);
      if (performance.now() - page.spoken > SENTENCES) {
        page.spoken = performance.now();
        say(progress(page.points));
      }
      return;
    case 'episode':
      films.show(report.episode);
      return;
    case 'refused':
      Object.assign(page, { preparing: false, eager: false });
      fields.showIssues(report.issues);
      films.clear('Nothing to show');
      showPhase();
      return;
    case 'failed':
      Object.assign(page, { preparing: false, eager: false });
      fields.showIssues([{ field: 'environment', message: report.message }]);
      films.clear('Nothing to show');
      showPhase();
      return;
  }
};

find('setup').addEventListener('submit', (event) => {
  event.preventDefault();
  if (page.phase === 'training') return;
  const settings = fields.read();
  if (settings === null) {
    document.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
    say('Some fields need another value.');
    return;
  }
  if (page.preparing || page.subject === null) {
    page.eager = true;
    if (!page.preparing) prepare();
    return;
  }
  send({ kind: 'train', steps: settings.steps });
});
for (const kind of ['pause', 'stop'] as const)
  buttons[kind].addEventListener('click', () => {
    if (!isDisabled(buttons[kind])) send({ kind });
  });
find<HTMLSelectElement>('pace').addEventListener('change', ({ target }) => {
  page.pace = Number((target as HTMLSelectElement).value);
  send({ kind: 'pace', milliseconds: page.pace });
});
find('reset').addEventListener('click', () => {
  fields.reset();
  prepare();
});

prepare();
requestAnimationFrame(draw);
