/** PyTorch in a process of its own that answers requests, so that updates of both sides can take turns. */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Candidate, PARTS, type Timing } from '../update/candidate.js';
import { decodeResult } from '../update/problem-file.js';
import { type Peer, type PeerRequest, skip } from './peer.js';

const SCRIPT = fileURLToPath(new URL('../../peers/pytorch_trpo.py', import.meta.url));

/** A Python other than these that has PyTorch. */
const PYTHON_VARIABLE = 'NATGRAD_PYTHON';

/**
 * The fastest PyTorch that was found on the machine of the measurements: idle OpenMP threads sleep instead of spinning
 * beside the other side's turn, and large buffers are reused instead of given back to the system after every operation.
 */
const fairSettings = (threads: number): Readonly<Record<string, string>> => ({
  OMP_NUM_THREADS: String(threads),
  OPENBLAS_NUM_THREADS: String(threads),
  OMP_WAIT_POLICY: 'passive',
  MALLOC_MMAP_THRESHOLD_: String(2 ** 32),
  MALLOC_TRIM_THRESHOLD_: String(2 ** 33),
});

const pythonWithTorch = (): string | undefined => {
  const given = process.env[PYTHON_VARIABLE];
  // Debian's package belongs to Debian's Python, which need not be the first on the path.
  return (given === undefined ? ['/usr/bin/python3', 'python3'] : [given]).find(
    (python) => spawnSync(python, ['-c', 'import torch, numpy'], { stdio: 'ignore' }).status === 0,
  );
};

interface Server {
  readonly engine: string;
  /** Whether its matrix products are those of OpenBLAS. */
  readonly openblas: boolean;
  readonly ask: (request: string) => Promise<Readonly<Record<string, unknown>>>;
  readonly close: () => void;
}

/** Lines that the process answers with, in order; rejects with what it wrote to standard error when it ends early. */
const answersOf = (child: ChildProcessWithoutNullStreams): (() => Promise<string>) => {
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors = `${errors}${String(chunk)}`.slice(-4000);
  });
  const failed = new Promise<never>((_, reject) => {
    child.on('error', reject);
    child.on('close', () => reject(new Error(`the PyTorch process ended: ${errors.trim()}`)));
  });
  // Nobody may be waiting when it ends as it should.
  failed.catch(() => undefined);
  return async () => {
    const next = await Promise.race([lines.next(), failed]);
    return next.done === true ? failed : next.value;
  };
};

const start = async (python: string, { dtype, threads, file }: PeerRequest): Promise<Server> => {
  const child = spawn(python, [SCRIPT, '--serve', '--problem', file, '--dtype', dtype, '--threads', String(threads)], {
    env: { ...process.env, ...fairSettings(threads) },
  });
  const answer = answersOf(child);
  const read = async (): Promise<Readonly<Record<string, unknown>>> =>
    JSON.parse(await answer()) as Readonly<Record<string, unknown>>;
  const { engine, openblas } = await read();
  return {
    engine: String(engine),
    openblas: openblas === true,
    ask: (request) => {
      child.stdin.write(`${request}\n`);
      return read();
    },
    close: () => child.stdin.end(),
  };
};

const VARIANTS = {
  cached: 'the graph of the KL gradient is built once per update and kept; building it counts as CG',
  textbook: 'the graph of the KL gradient is built again for every product',
} as const;

/** With Debian's reference BLAS its matrix products are an order of magnitude slower: no comparison. */
const NO_OPENBLAS =
  'NOT ITS BEST: OpenBLAS was not found, so its products are slow; apt-get install -y libopenblas0-pthread';

const COMMON =
  'separate forward passes for the old log-probabilities, the surrogate gradient and the KL divergence; products are double backward passes';

const candidate = (
  server: Server,
  variant: keyof typeof VARIANTS,
  { dtype, threads, folder }: PeerRequest,
  notes: readonly string[],
): Candidate => ({
  engine: server.engine,
  variant,
  dtype,
  threads,
  peer: true,
  notes: [COMMON, VARIANTS[variant], ...notes],
  show: async () => {
    const file = join(folder, `pytorch-${variant}-${dtype}.npz`);
    await server.ask(`dump ${variant} ${file}`);
    return { update: decodeResult(readFileSync(file)), gradient: null, product: null, firstCall: null };
  },
  time: async () => {
    const answer = await server.ask(`update ${variant}`);
    return Object.fromEntries(PARTS.map((part) => [part, Number(answer[part])])) as Timing;
  },
  close: server.close,
});

export const pytorch: Peer = {
  name: 'pytorch',
  find: async (request) => {
    const python = pythonWithTorch();
    if (python === undefined)
      return skip(
        'pytorch',
        `not installed: apt-get install -y python3-torch libopenblas0-pthread (Debian), or ${PYTHON_VARIABLE}=PATH of a Python that has torch and numpy`,
      );
    const server = await start(python, request);
    const slow = server.openblas ? [] : [NO_OPENBLAS];
    const variants = Object.keys(VARIANTS) as (keyof typeof VARIANTS)[];
    return { candidates: variants.map((variant) => candidate(server, variant, request, slow)), skipped: [] };
  },
};
