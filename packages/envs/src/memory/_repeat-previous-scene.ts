/** RepeatPrevious as a row of cards: the one shown now, those of before, and the one that is asked for. */
import { type Point, rectangle, type Scene, type Shape, type Tint } from '../scene.js';
import type { RepeatPreviousState } from './repeat-previous.js';

const CARD: readonly [number, number] = [0.8, 1.1];
const PITCH = 1.15;
/** Cards of before that have a place of their own. */
const SEEN = 6;
const COMING = 2;
const MIDDLE = (PITCH * (COMING - SEEN)) / 2;

/** A, B, … Z, then numbers. */
const nameOf = (symbol: number): string => (symbol < 26 ? String.fromCharCode(65 + symbol) : String(symbol));

const card = (x: number, text: string, rim: Tint | null, tint: Tint): readonly Shape[] => [
  ...(rim === null
    ? []
    : [{ kind: 'polygon', points: rectangle([x, 0, 0], CARD), rim: 0.11, tint: rim } satisfies Shape]),
  { kind: 'polygon', points: rectangle([x, 0, 0], CARD), rim: 0.05, tint },
  { kind: 'label', at: [x, 0, 0], text, size: 0.62, tint: rim === null ? 'faint' : 'ink' },
];

/** An arc above the row, from the card that is asked for to the present one. */
const over = (from: number): readonly Point[] =>
  Array.from({ length: 25 }, (_, i) => {
    const share = i / 24;
    return [from * (1 - share), 0, 0.78 + 0.55 * Math.sin(Math.PI * share)];
  });

/** @param action the answer given in this state: green if it is right, red if not */
export const repeatPreviousScene = ({ symbols, step }: RepeatPreviousState, k: number, action?: number): Scene => {
  const ended = step >= symbols.length;
  const asked = !ended && step >= k ? step - k : null;
  const longAgo = asked !== null && k > SEEN;
  // One from longer ago than there are places takes the first one, and dots the next.
  const oldest = step - SEEN + (longAgo ? 2 : 0);
  const shown = Array.from({ length: step + COMING - oldest + 1 }, (_, i) => oldest + i).filter(
    (i) => i >= 0 && i < symbols.length,
  );
  const slot = (i: number): number => PITCH * Math.max(i - step, -SEEN);
  const all = longAgo ? [asked, ...shown] : shown;
  const correct = asked !== null && action === symbols[asked];
  const verdict: readonly Shape[] =
    asked === null || action === undefined
      ? []
      : [
          {
            kind: 'label',
            at: [0, 0, -1.15],
            text: `${nameOf(action)} ${correct ? '✓' : '✗'}`,
            size: 0.55,
            tint: correct ? 'goal' : 'danger',
          },
        ];
  return {
    shapes: [
      ...all.flatMap((i) =>
        i > step
          ? card(slot(i), '·', null, 'metal')
          : card(slot(i), nameOf(symbols[i] as number), i === step ? 'body' : i === asked ? 'limb' : null, 'paper'),
      ),
      ...(asked === null
        ? []
        : ([{ kind: 'path', points: over(slot(asked)), width: 0.05, tint: 'limb' }] satisfies readonly Shape[])),
      {
        kind: 'label',
        at: [MIDDLE, 0, 1.75],
        text: ended ? 'the end' : asked === null ? 'nothing to repeat yet' : `which one was it ${k} before?`,
        size: 0.5,
        tint: 'ink',
      },
      ...(longAgo
        ? ([
            { kind: 'label', at: [PITCH * (1 - SEEN), 0, 0], text: '\u2026', size: 0.62, tint: 'faint' },
          ] satisfies readonly Shape[])
        : []),
      ...verdict,
    ],
    ground: null,
    camera: { view: 'side', target: [MIDDLE, 0, 0.3], span: [PITCH * 10, 4.4] },
    stepSeconds: 0.8,
  };
};
