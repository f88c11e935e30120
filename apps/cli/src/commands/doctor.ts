/** `natgrad doctor`: what this machine has, and what would make training faster. */
import { availableParallelism, totalmem } from 'node:os';
import { blasLibrary, type Platform, platform, wasm } from '@natgrad/autodiff';
import { loadMujoco, MUJOCO_VERSION } from '@natgrad/envs';
import { isLeft } from 'fp-ts/lib/Either.js';
import type { Arguments, CommandLine } from '../arguments.js';
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

const instructions = ({ simd, relaxed }: Platform): readonly Finding[] => [
  {
    what: 'vector instructions',
    found: simd ? 'WebAssembly SIMD: programs are compiled' : 'none: programs are interpreted',
    advice: simd ? null : 'a processor and a Node.js with WebAssembly SIMD: far faster (npm run bench -- update)',
  },
  {
    what: 'multiply-add',
    found: relaxed ? 'relaxed SIMD' : 'none',
    advice: relaxed || !simd ? null : 'Node.js 22 or later: faster matrix products',
  },
];

const blas = (): Finding => {
  const library = blasLibrary();
  return isLeft(library)
    ? {
        what: 'native BLAS',
        found: library.left.found,
        advice: `faster matrix products: ${library.left.expected}`,
      }
    : { what: 'native BLAS', found: `${library.right.library}: matrix products are its`, advice: null };
};

/** Threads that the engine of training would use; none has started yet. */
const threads = (): Finding => {
  const { wanted, reason } = wasm.statistics().threads;
  return {
    what: 'threads',
    found:
      wanted > 1
        ? `${wanted}: large steps of training are divided, with the same bits`
        : `1${reason === null ? '' : `: ${reason}`}`,
    advice: wanted > 1 ? null : 'a second core: large steps are divided',
  };
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

export const runDoctor = async (args: Arguments): Promise<number> => {
  const out = terminal();
  const cores = availableParallelism();
  const memory = totalmem() / GIBIBYTE;
  const findings: readonly Finding[] = [
    { what: 'Node.js', found: `${process.versions.node} on ${process.platform} ${process.arch}`, advice: null },
    ...instructions(platform()),
    {
      what: 'cores',
      found: `${cores}, of which rollouts in slow environments use as many as there are`,
      advice: cores > 1 ? null : 'a second core: rollouts in slow environments are shared out',
    },
    ...(platform().simd ? [threads()] : []),
    blas(),
    await physics(),
    {
      what: 'memory',
      found: `${memory.toFixed(1)} GiB`,
      advice: memory >= 2 ? null : 'the option fisherChunk, which bounds what a step takes',
    },
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
