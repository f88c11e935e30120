/** `natgrad doctor`: what this machine has, and what would make training faster. */
import { availableParallelism, totalmem } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { blasLibrary, jit, matmul, type Platform, platform, type ThreadStatistics, wasm } from '@natgrad/autodiff';
import { loadMujoco, MUJOCO_VERSION } from '@natgrad/envs';
import { isNatgradError, ones, type Tensor } from '@natgrad/tensor';
import { isLeft } from 'fp-ts/lib/Either.js';
import type { Arguments, CommandLine } from '../arguments.js';
import { blasText } from '../engine.js';
import { EXIT } from '../failure.js';
import { jsonLine, wrapped } from '../output/format.js';
import { terminal } from '../output/terminal.js';

export const doctorLine: CommandLine = {
  name: 'doctor',
  brief: 'what this machine has, and what would help',
  summary: 'Shows what training can use here, and what to install for more.',
  flags: [{ name: 'json', description: 'one line of JSON per finding' }],
  notes: ['Exit code 0, whatever is missing: all of it is optional.'],
};

/** One thing that was looked at. */
interface Finding {
  readonly what: string;
  readonly found: string;
  /** What would be better; null where nothing would. */
  readonly advice: string | null;
}

const instructions = ({ simd, relaxed, missing }: Platform): readonly Finding[] => [
  {
    what: 'vector instructions',
    found: missing === null ? 'WebAssembly SIMD: programs are compiled' : `${missing.found}: programs are interpreted`,
    advice: missing === null ? null : `far faster: ${missing.expected}`,
  },
  {
    what: 'multiply-add',
    found: relaxed ? 'relaxed SIMD' : 'none',
    advice: relaxed || !simd ? null : 'Node.js 22 or later: faster matrix products',
  },
];

const blas = ({ missing }: Platform): Finding => {
  const library = blasLibrary();
  return isLeft(library)
    ? {
        what: 'native BLAS',
        found: library.left.found,
        advice: `faster matrix products: ${library.left.expected}`,
      }
    : {
        what: 'native BLAS',
        found: `${blasText() ?? ''}: ${missing === null ? 'matrix products are its' : 'interpreted programs do without'}`,
        advice: null,
      };
};

/** Milliseconds within which workers start, also where others keep the cores busy. */
const PATIENCE = 5000;

/** What the threads of the engine of training have done once there was work for all of them, or when patience ended. */
const triedThreads = async (): Promise<ThreadStatistics> => {
  const product = jit((a: Tensor, b: Tensor) => matmul(a, b), { engine: wasm });
  const [a, b] = [ones([600, 500]), ones([500, 400])];
  const end = performance.now() + PATIENCE;
  for (;;) {
    product(a, b);
    const threads = wasm.statistics().threads;
    const isProven = threads.ready === threads.wanted && threads.workerBlocks > 0;
    if (isProven || threads.reason !== null || threads.lost > 0 || performance.now() > end) return threads;
    await pause(20);
  }
};

/** Threads are shown as there only after they have computed something. */
const threads = async (): Promise<Finding> => {
  const what = 'threads';
  const { wanted, reason } = wasm.statistics().threads;
  if (wanted <= 1)
    return {
      what,
      found: `1${reason === null ? '' : `: ${reason}`}`,
      advice: 'a second core: large steps are divided',
    };
  try {
    const tried = await triedThreads();
    if (tried.ready === wanted && tried.workerBlocks > 0)
      return { what, found: `${wanted}: large steps of training are divided, with the same bits`, advice: null };
    return {
      what,
      found: `${tried.ready} of ${wanted}${tried.reason === null ? '' : `: ${tried.reason}`}`,
      advice: `${wanted} that start within ${PATIENCE / 1000} s: without them large steps take longer`,
    };
  } catch (error) {
    if (!isNatgradError(error)) throw error;
    return {
      what,
      found: error.message.split('\n', 1).join(''),
      advice: 'the option threads=1, which does without',
    };
  }
};

const physics = async (): Promise<Finding> => {
  const engine = await loadMujoco()();
  return isLeft(engine)
    ? {
        what: 'MuJoCo',
        found: engine.left.found ?? 'missing',
        advice: `for HalfCheetah and the other eight: ${engine.left.expected ?? ''}`,
      }
    : { what: 'MuJoCo', found: MUJOCO_VERSION, advice: null };
};

const GIBIBYTE = 2 ** 30;

/** What this process may use: a container may have less than the machine. */
const memory = (): Finding => {
  const [machine, limit] = [totalmem(), process.constrainedMemory()];
  // 0, or more than there is, where nothing limits it.
  const isLimited = limit > 0 && limit < machine;
  const bytes = isLimited ? limit : machine;
  const gibibytes = (of: number): string => `${(of / GIBIBYTE).toFixed(1)} GiB`;
  return {
    what: 'memory',
    found: isLimited
      ? `${gibibytes(limit)}: a limit of this process; the machine has ${gibibytes(machine)}`
      : gibibytes(bytes),
    advice: bytes >= 2 * GIBIBYTE ? null : 'the option fisherChunk, which bounds what a step takes',
  };
};

export const runDoctor = async (args: Arguments): Promise<number> => {
  const out = terminal();
  const cores = availableParallelism();
  const here = platform();
  const findings: readonly Finding[] = [
    { what: 'Node.js', found: `${process.versions.node} on ${process.platform} ${process.arch}`, advice: null },
    ...instructions(here),
    {
      what: 'cores',
      found: `${cores}, of which rollouts in slow environments use as many as there are`,
      advice: cores > 1 ? null : 'a second core: rollouts in slow environments are shared out',
    },
    ...(here.simd ? [await threads()] : []),
    blas(here),
    await physics(),
    memory(),
  ];
  for (const { what, found, advice } of findings)
    if (args.has('json')) out.write(`${jsonLine({ what, found, advice })}\n`);
    else {
      const [first = '', ...rest] = wrapped(found, 57);
      const more = advice === null ? [] : wrapped(`→ ${advice}`, 57);
      out.write(
        `${[`${advice === null ? '✓' : '–'} ${what.padEnd(20)} ${first}`, ...[...rest, ...more].map((line) => `${' '.repeat(23)}${line}`)].join('\n')}\n`,
      );
    }
  return EXIT.done;
};
