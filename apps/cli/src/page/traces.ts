/** What an episode did over time, as lines: its return, its cost, its actions. */
import { type Action, type Space, widthOf } from '@natgrad/envs';
import type { PlayedStep } from '@natgrad/rl-trpo';

/** A quantity at each step. */
export interface Trace {
  readonly name: string;
  readonly values: readonly number[];
  /** What the height of the picture stands for. */
  readonly low: number;
  readonly high: number;
  /** True for what holds for a whole step, false for what runs from one to the next. */
  readonly steps: boolean;
}

/** More actions than this are not shown: nobody reads them. */
const MOST_ACTIONS = 24;

/** Five digits: what is drawn needs no more. */
const brief = (x: number): number => (Number.isFinite(x) ? Number(x.toPrecision(5)) : 0);

/** Before the first step, after it, after the second… */
const sums = (values: readonly number[]): readonly number[] => {
  let sum = 0;
  return [0, ...values.map((x) => brief((sum += x)))];
};

/** A range that holds all values, and is no point. */
const around = (values: readonly number[], low: number, high: number): readonly [number, number] => {
  const least = values.reduce((a, b) => Math.min(a, b), low);
  const most = values.reduce((a, b) => Math.max(a, b), high);
  return least < most ? [least, most] : [least - 1, most + 1];
};

const trace = (name: string, values: readonly number[], low: number, high: number, steps: boolean): Trace => {
  const [least, most] = around(values, low, high);
  return { name, values, low: least, high: most, steps };
};

const elementsOf = (action: Action): readonly number[] => (typeof action === 'number' ? [action] : Array.from(action));

const boundsOf = (space: Space, i: number): readonly [number, number] => {
  switch (space.kind) {
    case 'discrete':
      return [0, space.n - 1];
    case 'multiDiscrete':
      return [0, (space.counts[i] as number) - 1];
    case 'multiBinary':
      return [0, 1];
    case 'box': {
      const [low, high] = [space.low[i] as number, space.high[i] as number];
      return Number.isFinite(low) && Number.isFinite(high) ? [low, high] : [0, 0];
    }
  }
};

/** The traces of an episode: its return so far, its cost so far where costs are reported, and each element of its actions. */
export const tracesOf = (steps: readonly PlayedStep[], space: Space, costs: boolean): readonly Trace[] => {
  const width = widthOf(space);
  const actions = steps.map(({ action }) => elementsOf(action).map(brief));
  return [
    trace('return', sums(steps.map(({ transition }) => transition.reward)), 0, 0, false),
    ...(costs ? [trace('cost', sums(steps.map(({ transition }) => transition.cost ?? 0)), 0, 0, false)] : []),
    ...Array.from({ length: Math.min(width, MOST_ACTIONS) }, (_, i) => {
      const [low, high] = boundsOf(space, i);
      const values = actions.map((action) => action[i] as number);
      return trace(width === 1 ? 'action' : `action ${i}`, values, low, high, true);
    }),
  ];
};

/** The line of a trace of an episode of `count` steps: x is the step, y from 100 (low) to 0 (high). */
export const linePath = ({ values, low, high, steps }: Trace): string => {
  const ys = values.map((x) => Math.round(((high - x) / (high - low)) * 1000) / 10);
  if (!steps) return ys.map((y, i) => `${i === 0 ? 'M' : 'L'}${i} ${y}`).join('');
  // A stroke for each step, those of the same height in one; joined up, quick changes would be a block of colour.
  const starts = ys.flatMap((y, i) => (i > 0 && y === ys[i - 1] ? [] : [i]));
  return starts.map((i, k) => `M${i} ${ys[i] as number}H${starts[k + 1] ?? ys.length}`).join('');
};
