import { trpoStep, initialState, mlpModel, presetConfig } from './dist/index.js';
import * as R from './dist/shell/rollout.js';
import { makeEnv, vectorise } from '@natgrad/envs';
import { key } from '@natgrad/tensor';
const id = process.argv[2] ?? 'CartPole-v1';
const over = JSON.parse(process.argv[3] ?? '{}');
const total = Number(process.argv[4] ?? 100000);
const seed = Number(process.argv[5] ?? 0);
const quiet = process.argv[6] === 'q';
const cfg = presetConfig(id, over);
if (cfg._tag === 'Left') { console.log(cfg.left.message); process.exit(1); }
const config = cfg.right;
const env = makeEnv(id).right;
const model = mlpModel(env, config);
const step = { ...config, model };
const spent = {};
const probe = (stage, run) => { const t = performance.now(); const r = run(); spent[stage] = (spent[stage] ?? 0) + performance.now() - t; return r; };
const f = trpoStep(step, probe);
let state = initialState(step, key(seed)).right;
const envs = vectorise(env, config.environments);
let e = R.startEnvironments ? R.startEnvironments(envs, key(seed + 1)) : (() => { const s = envs.reset(key(seed + 1)); return { vector: s.state, observations: s.observations }; })();
let recent = [];
const t0 = performance.now();
let stepTime = 0;
while (state.steps < total) {
  const t1 = performance.now();
  const r = R.rollout({ ...config, model, envs }, state, e);
  spent.rollout = (spent.rollout ?? 0) + performance.now() - t1;
  const t2 = performance.now();
  const out = f(state, r.batch);
  stepTime += performance.now() - t2;
  if (out._tag === 'Left') { console.log(out.left); process.exit(1); }
  state = out.right.state; e = r.environments;
  const p = out.right.report;
  recent.push(p.episodes.returnMean);
  if (!quiet && (state.iteration % 5 === 0 || state.iteration < 4)) console.log(p.iteration, p.totalSteps, 'ret', p.episodes.returnMean?.toFixed(1), 'kl%', p.klShare.toFixed(3), p.lineSearch.status, p.lineSearch.tries, p.lineSearch.reason ?? '', 'sz', p.sizingEvaluations, 'cg', p.cgIterations, p.cgResidual.toFixed(3), 'H', p.entropy.toFixed(3), 'EV', p.explainedVarianceBefore?.toFixed(2), p.explainedVarianceAfter?.toFixed(2), 'ratio', p.improvementRatio?.toFixed(2), p.warnings.join());
}
const sec = (performance.now() - t0) / 1000;
console.log(id, 'seed', seed, 'last', recent.slice(-5).map((x) => x?.toFixed(1)).join(' '), 'seconds', sec.toFixed(1), 'updates', state.iteration, 'ms/update', (stepTime / state.iteration).toFixed(0), Object.entries(spent).map(([k, v]) => `${k} ${(v / state.iteration).toFixed(0)}`).join(' '));
