/** `natgrad envs`: what there is, and `natgrad envs replay`: whether it is what it should be. */
import { readFileSync } from 'node:fs';
import {
  type AnyEnvDefinition,
  decodeTrajectories,
  environments,
  loadEnv,
  optionsOf,
  replay,
  type Space,
  spacesOf,
  type TrajectoryReplay,
  widthOf,
} from '@natgrad/envs';
import { isLeft } from 'fp-ts/lib/Either.js';
import type { Arguments, CommandLine } from '../arguments.js';
import { EXIT, headline, usage } from '../failure.js';
import { deviation, jsonLine, table, wrapped } from '../output/format.js';
import { terminal } from '../output/terminal.js';

export const envsLine: CommandLine = {
  name: 'envs',
  brief: 'list the environments',
  summary: 'Lists the environments and their options.',
  flags: [{ name: 'json', description: 'one line of JSON per environment' }],
  notes: ['`natgrad envs replay FILE…` compares environments with recorded trajectories.'],
};

const spaceText = (space: Space): string => {
  switch (space.kind) {
    case 'discrete':
      return `${space.n} choices`;
    case 'multiDiscrete':
      return `${space.counts.join(' × ')} choices`;
    case 'multiBinary':
      return `${space.n} switches`;
    case 'box':
      return `${widthOf(space)} number${widthOf(space) === 1 ? '' : 's'}`;
  }
};

/** What `train --set env.KEY=VALUE` takes, by environment; what all of them take is said once. */
const optionsText = (definitions: readonly AnyEnvDefinition[]): string => {
  const shared = [...new Set(definitions.flatMap((each) => Object.keys(optionsOf(each))))].filter((name) =>
    definitions.every(({ options }) => !Object.hasOwn(options, name)),
  );
  const entry = (head: string, names: readonly string[]): readonly string[] =>
    names.length === 0
      ? []
      : wrapped(`${head}: ${names.join(', ')}`, 76).map((line, i) => (i === 0 ? line : `    ${line}`));
  return [
    'Options for train --set env.KEY=VALUE; natgrad options --env ID explains them.',
    ...entry('all', shared),
    ...definitions.flatMap(({ id, options }) => entry(id, Object.keys(options))),
  ].join('\n');
};

export const runEnvs = (args: Arguments): number => {
  const out = terminal();
  const known = environments.map((definition) => {
    const spaces = spacesOf(definition.id);
    if (isLeft(spaces)) throw spaces.left;
    return { definition, spaces: spaces.right };
  });
  if (args.has('json'))
    for (const { definition, spaces } of known) {
      const { id, summary, timeLimit, rewardThreshold } = definition;
      const options = optionsOf(definition);
      const { observationSpace, actionSpace } = spaces;
      out.write(`${jsonLine({ id, summary, timeLimit, rewardThreshold, observationSpace, actionSpace, options })}\n`);
    }
  else
    out.write(
      `${table(
        ['environment', 'observation', 'action', 'time limit', 'solved at'],
        known.map(({ definition: { id, timeLimit, rewardThreshold }, spaces }) => [
          id,
          spaceText(spaces.observationSpace),
          spaceText(spaces.actionSpace),
          String(timeLimit),
          rewardThreshold === null ? '–' : String(rewardThreshold),
        ]),
      )}\n\n${optionsText(environments)}\n`,
    );
  return EXIT.done;
};

export const replayLine: CommandLine = {
  name: 'envs replay',
  operand: 'FILE…',
  brief: 'compare environments with recorded trajectories',
  summary: 'Replays recorded trajectories and shows the largest deviation of each quantity.',
  flags: [{ name: 'json', description: 'one line of JSON per file; infinite deviations are "Infinity"' }],
  notes: ['Exit code 0 if all agree, 1 beyond tolerance, 2 if a file cannot be compared.'],
};

interface Replayed {
  readonly file: string;
  readonly environment: string;
  readonly matches: boolean;
  readonly trajectories: readonly TrajectoryReplay[];
}

const replayFile = async (file: string): Promise<Replayed> => {
  const refuse = (reason: string): never => {
    throw usage(`${file}: ${reason}`);
  };
  const read = (): string => {
    try {
      return readFileSync(file, 'utf8');
    } catch (error) {
      return refuse(`it cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
    }
  };
  const decoded = decodeTrajectories(read());
  if (isLeft(decoded)) return refuse(headline(decoded.left));
  const env = await loadEnv({ id: decoded.right.env })();
  if (isLeft(env)) return refuse(headline(env.left));
  const replayed = replay(env.right, decoded.right);
  if (isLeft(replayed)) return refuse(headline(replayed.left));
  return {
    file,
    environment: decoded.right.env,
    matches: replayed.right.every(({ matches }) => matches),
    trajectories: replayed.right,
  };
};

export const runReplay = async (args: Arguments): Promise<number> => {
  const out = terminal();
  // All files are read before anything is shown, so that a wrong one among them is not lost in the output.
  const all: Replayed[] = [];
  for (const file of args.operands) all.push(await replayFile(file));
  for (const each of all)
    if (args.has('json')) out.write(`${jsonLine(each)}\n`);
    else
      out.write(
        `${out.bold(each.environment)} ${each.file}\n${table(
          ['trajectory', 'steps', 'state', 'observation', 'reward', 'ends differ', ''],
          each.trajectories.map(({ name, steps, state, observation, reward, terminationMismatches, matches }) => [
            name.length > 24 ? `${name.slice(0, 23)}…` : name,
            String(steps),
            deviation(state.largest),
            deviation(observation.largest),
            deviation(reward.largest),
            String(terminationMismatches.length),
            matches ? 'agrees' : 'DIFFERS',
          ]),
        )}\n`,
      );
  return all.every(({ matches }) => matches) ? EXIT.done : EXIT.failed;
};
