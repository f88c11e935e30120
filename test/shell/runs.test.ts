/** Whenever the file system fails or the machine stops, a run can be gone on with. */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vectorise } from '@natgrad/envs';
import { decodeConfig, type Iteration, train } from '@natgrad/rl-trpo';
import {
  createRun,
  type FileSystem,
  loadMetrics,
  nodeFileSystem,
  openRun,
  type RunDescription,
  type RunErrorCode,
  recordIteration,
  resumeRun,
  saveIteration,
  savingTo,
} from '@natgrad/rl-trpo/runs';
import { key, toTypedArray } from '@natgrad/tensor';
import { lawRuns } from '@natgrad/tensor/laws';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeData } from '../../packages/rl-trpo/src/shell/runs/codec.js';
import { counter } from './counter.js';

const base = fs.mkdtempSync(join(tmpdir(), 'natgrad-runs-'));
afterAll(() => fs.rmSync(base, { recursive: true, force: true }));

const decoded = decodeConfig({ batchSize: 8, environments: 2, hidden: [3], valueHidden: [3], valueEpochs: 1 });
if (decoded._tag === 'Left') throw new Error(decoded.left.message);
const options = decoded.right;
const description: RunDescription = {
  environment: { id: 'Counter-v0', options: {} },
  algorithm: 'trpo',
  seed: 1,
  steps: 100,
  preset: null,
  options,
  versions: { natgrad: '0.0.0' },
};

let iterations: readonly Iteration[] = [];
beforeAll(async () => {
  const taken: Iteration[] = [];
  for await (const iteration of train({ envs: vectorise(counter({ end: 3 }), 2), options, key: key(1), steps: 32 }))
    taken.push(iteration);
  iterations = taken;
});

const right = <T>(
  result: { readonly _tag: 'Left'; readonly left: unknown } | { readonly _tag: 'Right'; readonly right: T },
): T => {
  if (result._tag === 'Left') throw new Error(JSON.stringify(result.left));
  return result.right;
};

let folders = 0;
const fresh = (): string => join(base, String((folders += 1)));
const bits = (value: unknown): string => {
  const { json, tensors } = encodeData(value);
  return JSON.stringify([
    json,
    Object.entries(tensors).map(([name, leaf]) => [name, Buffer.from(toTypedArray(leaf).buffer).toString('hex')]),
  ]);
};
const at = (i: number): Iteration => iterations[i] as Iteration;
const snapshotBits = ({ state, environments }: Pick<Iteration, 'state' | 'environments'>): string =>
  bits({ state, environments });

test('what is saved is what is loaded, to the bit, with NaN and typed arrays in the states of environments', () => {
  const folder = fresh();
  const run = right(createRun(folder, description));
  right(saveIteration(run, at(0), 0));
  const { elapsed } = right(saveIteration(run, at(1), 10));
  const resumed = right(resumeRun(folder));
  expect(resumed.run.description).toEqual(description);
  expect(snapshotBits(resumed.snapshot as Iteration)).toBe(snapshotBits(at(1)));
  expect(resumed.records.map(({ iteration }) => iteration)).toEqual([1, 2]);
  expect(elapsed).toBe(10 + at(1).record.seconds.total);
});

test('infinite options of an environment are read as they were written', () => {
  const folder = fresh();
  const environment = { id: 'Counter-v0', options: { range: [-Infinity, Infinity], end: 3, $: 'x' } };
  right(createRun(folder, { ...description, environment }));
  expect(right(openRun(folder)).description.environment).toEqual(environment);
  const path = join(folder, 'run.json');
  fs.writeFileSync(path, fs.readFileSync(path, 'utf8').replace('"-Infinity"', '"-Infinite"'));
  const refused = openRun(folder);
  expect(refused._tag === 'Left' && [refused.left.code, refused.left.expected]).toEqual([
    'Malformed',
    'environment: { id, options }',
  ]);
});

test('two checkpoints are kept, and their checksums are those of sha256sum', () => {
  const folder = fresh();
  const run = right(createRun(folder, description));
  for (const iteration of iterations) right(saveIteration(run, iteration, 0));
  expect(fs.readdirSync(join(folder, 'checkpoints'))).toEqual(['000000003', '000000004']);
  expect(fs.readFileSync(join(folder, 'checkpoints/000000004/SHA256SUMS'), 'utf8')).toMatch(
    /^[0-9a-f]{64} {2}state\.json\n[0-9a-f]{64} {2}tensors\.safetensors\n$/,
  );
});

describe('checkpoints are thinned out, but for the last', () => {
  /** How many milliseconds apart checkpoints are, for iterations of 20 ms, if one takes `cost` ms to write. */
  const gaps = (cost: number): readonly number[] => {
    let now = 0;
    const rename: FileSystem['renameSync'] = (from, to) => {
      if (to.endsWith('000000001')) now += cost;
      nodeFileSystem.renameSync(from, to);
    };
    const system = { ...nodeFileSystem, renameSync: rename };
    const run = { ...right(createRun(fresh(), description)), system };
    const saving = savingTo(run, () => now);
    right(recordIteration(run, at(0), 0));
    const saved: number[] = [];
    for (let i = 0; i < 2000 && saved.length < 5; i += 1, now += 20) if (right(saving.offer(at(0)))) saved.push(now);
    expect(right(saving.finish())).toBe(false);
    now += 1;
    const another = right(saving.offer(at(0)));
    expect(right(saving.finish())).toBe(!another);
    return saved.slice(1).map((time, i) => time - (saved[i] as number));
  };

  test.each([
    [0, 20],
    [2, 60],
    [10, 220],
    [1000, 6000],
  ])('one that takes %d ms is written every %d ms', (cost, gap) => {
    const found = gaps(cost);
    expect(found.length).toBeGreaterThan(3);
    for (const each of found) expect(Math.abs(each - gap)).toBeLessThanOrEqual(20);
  });

  test('lines after the last checkpoint are forgotten', () => {
    const run = right(createRun(fresh(), description));
    const saving = savingTo(run, () => 0);
    for (const i of [0, 1, 2]) {
      right(recordIteration(run, at(i), 0));
      if (i < 2) right(saving.offer(at(i)));
    }
    expect(right(resumeRun(run.folder)).records.map(({ iteration }) => iteration)).toEqual([1, 2]);
    right(recordIteration(run, at(2), 0));
    right(saving.offer(at(2)));
    expect(right(saving.finish())).toBe(false);
    expect(right(resumeRun(run.folder)).records).toHaveLength(3);
  });

  test('a disk that was full is tried again at the end', () => {
    const run = right(createRun(fresh(), description));
    const broken = savingTo({ ...run, system: failing(0, 'ENOSPC') });
    expect(broken.offer(at(0))).toMatchObject({ left: { code: 'DiskFull' } });
    expect(broken.finish()).toMatchObject({ left: { code: 'DiskFull' } });
  });
});

test('lines from before there were workers are read, without any', () => {
  const run = right(createRun(fresh(), description));
  const { workers, failures, ...line } = right(saveIteration(run, at(0), 0));
  expect([workers, failures]).toEqual([0, null]);
  fs.writeFileSync(join(run.folder, 'metrics.jsonl'), `${JSON.stringify(line)}\n`);
  expect(right(loadMetrics(run)).records[0]).toMatchObject({ workers: 0, failures: null, iteration: 1 });
});

test('a run from before there were algorithms, memories and costs goes on, of TRPO', () => {
  const folder = fresh();
  right(saveIteration(right(createRun(folder, description)), at(0), 0));
  type Json = Record<string, unknown>;
  const rewrite = (path: string, change: (json: Json) => void): void => {
    const json = JSON.parse(fs.readFileSync(path, 'utf8')) as Json;
    change(json);
    fs.writeFileSync(path, JSON.stringify(json));
  };
  const forget = (json: unknown, ...names: readonly string[]): void => {
    for (const name of names) Reflect.deleteProperty(json as Json, name);
  };
  rewrite(join(folder, 'run.json'), (json) => {
    forget(json, 'algorithm');
    forget(json['options'], 'costLimit', 'clipRange');
  });
  const checkpoint = join(folder, 'checkpoints/000000001');
  rewrite(join(checkpoint, 'state.json'), (json) => {
    forget(json['run'], 'algorithm', 'costLimit', 'clipRange');
    const { state } = json['data'] as { readonly state: { readonly progress: readonly unknown[] } };
    forget(state, 'memory', 'valueStatistics');
    for (const each of state.progress) forget(each, 'cost');
  });
  const sums = ['state.json', 'tensors.safetensors'].map((name) => {
    const sum = createHash('sha256').update(fs.readFileSync(join(checkpoint, name)));
    return `${sum.digest('hex')}  ${name}\n`;
  });
  fs.writeFileSync(join(checkpoint, 'SHA256SUMS'), sums.join(''));
  const { run, snapshot } = right(resumeRun(folder));
  expect(run.description).toEqual(description);
  const inOrder = (state: object | undefined): string => bits(Object.fromEntries(Object.entries(state ?? {}).sort()));
  expect(inOrder(snapshot?.state)).toBe(inOrder(at(0).state));
  // One of another algorithm, or with another option, is still not of this run.
  for (const change of [{ algorithm: 'ppo' }, { clipRange: 0.3 }]) {
    rewrite(join(folder, 'run.json'), (json) =>
      Object.assign('algorithm' in change ? json : (json['options'] as Json), change),
    );
    expect(resumeRun(folder)).toMatchObject({ left: { code: 'Foreign' } });
    rewrite(join(folder, 'run.json'), (json) =>
      forget('algorithm' in change ? json : json['options'], ...Object.keys(change)),
    );
  }
});

test('law: any altered byte of a checkpoint is noticed', () => {
  const folder = fresh();
  right(saveIteration(right(createRun(folder, description)), at(0), 0));
  const checkpoint = join(folder, 'checkpoints/000000001');
  fc.assert(
    fc.property(
      fc.constantFrom('state.json', 'tensors.safetensors', 'SHA256SUMS'),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.integer({ min: 1, max: 255 }),
      (name, where, change) => {
        const file = join(checkpoint, name);
        const bytes = fs.readFileSync(file);
        const altered = Uint8Array.from(bytes);
        const i = Math.floor(where * bytes.length);
        altered[i] = (bytes[i] ?? 0) ^ change;
        fs.writeFileSync(file, altered);
        const result = resumeRun(folder);
        fs.writeFileSync(file, bytes);
        expect(result).toMatchObject({ _tag: 'Left', left: { code: 'Altered', path: checkpoint } });
      },
    ),
    { numRuns: lawRuns(60) },
  );
  expect(resumeRun(folder)._tag).toBe('Right');
});

/** A file system of which the n-th operation and all after it fail, as after a crash; half of a write or removal may still get through. */
const failing = (n: number, code: string, half = false): FileSystem & { readonly made: () => number } => {
  let made = 0;
  const guard =
    <Args extends readonly unknown[], R>(operation: (...args: Args) => R) =>
    (...args: Args): R => {
      made += 1;
      if (made > n) throw Object.assign(new Error(code), { code });
      return operation(...args);
    };
  const { closeSync, fstatSync, readSync, readdirSync } = nodeFileSystem;
  return {
    // Reading and closing work also where writing does not.
    ...{ closeSync, fstatSync, readSync, readdirSync },
    openSync: guard(nodeFileSystem.openSync),
    fsyncSync: guard(nodeFileSystem.fsyncSync),
    mkdirSync: guard(nodeFileSystem.mkdirSync),
    renameSync: guard(nodeFileSystem.renameSync),
    rmSync: (path, options) => {
      made += 1;
      if (made <= n) {
        nodeFileSystem.rmSync(path, options);
        return;
      }
      if (half && made === n + 1 && fs.existsSync(join(path, 'state.json'))) fs.rmSync(join(path, 'state.json'));
      throw Object.assign(new Error(code), { code });
    },
    writeSync: (file, bytes, offset) => {
      made += 1;
      if (made <= n) return nodeFileSystem.writeSync(file, bytes, offset);
      if (half && made === n + 1)
        nodeFileSystem.writeSync(file, bytes.subarray(0, Math.ceil(bytes.length / 2)), offset);
      throw Object.assign(new Error(code), { code });
    },
    made: () => made,
  };
};

const codes: Readonly<Record<string, RunErrorCode>> = {
  ENOSPC: 'DiskFull',
  EDQUOT: 'DiskFull',
  EROFS: 'ReadOnly',
  EACCES: 'ReadOnly',
  EIO: 'FileSystem',
};

/** A run that is saved on a file system which fails at operation `n`; then the disk works again, and the run goes on. */
const failAndGoOn = (n: number, code: string, half: boolean): void => {
  const where = `operation ${n}${half ? ', half done' : ''}`;
  const folder = fresh();
  const system = failing(n, code, half);
  const steps = [
    () => createRun(folder, description, system),
    ...[0, 1, 2].map((i) => () => saveIteration({ folder, description, system }, at(i), 0)),
  ];
  const failed = steps.map((step) => step()).find(({ _tag }) => _tag === 'Left');
  expect(failed, where).toMatchObject({ left: { _tag: 'RunError', code: codes[code] } });

  if (!fs.existsSync(join(folder, 'run.json'))) right(createRun(folder, description));
  const checkpoints = join(folder, 'checkpoints');
  // What bears the name of a checkpoint is whole, also when it is not the newest.
  for (const name of fs.existsSync(checkpoints) ? fs.readdirSync(checkpoints) : [])
    if (/^\d+$/.test(name)) expect(fs.readdirSync(join(checkpoints, name)), where).toHaveLength(3);
  const { run, snapshot, records } = right(resumeRun(folder));
  const saved = snapshot?.state.iteration ?? 0;
  if (snapshot !== null) expect(snapshotBits(snapshot), where).toBe(snapshotBits(at(saved - 1)));
  expect(
    records.map(({ iteration }) => iteration),
    where,
  ).toEqual([1, 2, 3].slice(0, saved));
  for (const iteration of iterations.slice(saved)) right(saveIteration(run, iteration, 0));
  expect(snapshotBits(right(resumeRun(folder)).snapshot as Iteration)).toBe(snapshotBits(at(3)));
  const expected = { incomplete: false, records: [1, 2, 3, 4].map((iteration) => ({ iteration })) };
  expect(right(loadMetrics(run)), where).toMatchObject(expected);
  expect(fs.readdirSync(checkpoints), where).toEqual(['000000003', '000000004']);
};

/** Operations on the file system that the run above takes if none fails. */
const operations = (): number => {
  const system = failing(Infinity, '');
  const run = right(createRun(fresh(), description, system));
  for (const i of [0, 1, 2]) right(saveIteration(run, at(i), 0));
  return system.made();
};

test('whichever operation finds the disk full, the error says so, and the run goes on from before or after it', () => {
  const total = operations();
  expect(total).toBeGreaterThan(40);
  for (let n = 0; n < total; n += 1) for (const half of [false, true]) failAndGoOn(n, 'ENOSPC', half);
});

test.for(Object.keys(codes))('%s is a typed error', (code) => {
  for (let n = 0; n < operations(); n += 16) failAndGoOn(n, code, true);
});

test('law: any text in place of run.json is a typed error or a run', () => {
  const folder = fresh();
  right(createRun(folder, description));
  const file = join(folder, 'run.json');
  const good = JSON.parse(fs.readFileSync(file, 'utf8')) as Record<string, unknown>;
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.keys(good)),
      fc.jsonValue({ maxDepth: 2 }),
      fc.string(),
      fc.boolean(),
      (field, value, text, whole) => {
        fs.writeFileSync(file, whole ? text : JSON.stringify({ ...good, [field]: value }));
        const result = openRun(folder);
        if (result._tag === 'Left') expect(result.left).toMatchObject({ _tag: 'RunError', path: file });
        else expect(result.right.description.options.gamma).toBe(0.99);
      },
    ),
    { numRuns: lawRuns(100) },
  );
});

test('files that never end are not read', () => {
  const folder = fresh();
  fs.mkdirSync(folder);
  if (fs.existsSync('/dev/zero')) fs.symlinkSync('/dev/zero', join(folder, 'run.json'));
  else fs.writeFileSync(join(folder, 'run.json'), '');
  expect(openRun(folder)).toMatchObject({ _tag: 'Left', left: { code: 'Malformed' } });
  fs.rmSync(join(folder, 'run.json'));
  fs.writeFileSync(join(folder, 'run.json'), new Uint8Array(2 ** 20 + 1));
  expect(openRun(folder)).toMatchObject({ _tag: 'Left', left: { code: 'TooLarge' } });
});
