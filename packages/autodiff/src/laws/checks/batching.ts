/** Laws of vmap: one batched program is a loop over the batch. */
import { stack, type Tensor } from '@natgrad/tensor';
import { jvp } from '../../api/forward.js';
import { grad } from '../../api/reverse.js';
import { vmap } from '../../api/vmap.js';
import { ROUNDING, requireClose, rowOf, type Tensors } from '../numeric.js';
import {
  type FlatFunction,
  fixing,
  floatPlaces,
  lossOf,
  pairing,
  type Subject,
  subsets,
  toward,
  type Values,
} from '../subject.js';

/** vmap of a function of any number of tensors. */
const vectorise = (f: FlatFunction, inAxes: readonly (number | null)[], outAxes = 0): FlatFunction =>
  vmap<Values, Values>(f, { inAxes, outAxes });

/** For each result the stack of what `row` gives for 0, …, size − 1. */
const stacked = (size: number, row: (i: number) => Tensors): Tensors => {
  const rows = Array.from({ length: size }, (_, i) => row(i));
  return (rows[0] as Tensors).map((_, k) => stack(rows.map((each) => each[k] as Tensor)));
};

/** Runs a check for each choice of the arguments that are batched; each gets its arguments as a batch or alone. */
const forMasks = (
  { args, batches }: Subject,
  check: (mask: readonly boolean[], mixed: Tensors, axes: readonly (0 | null)[], about: string) => void,
): void => {
  for (const places of subsets(args.map((_, i) => i))) {
    const mask = args.map((_, i) => places.includes(i));
    const mixed = args.map((arg, i) => (mask[i] === true ? (batches[i] as Tensor) : arg));
    check(
      mask,
      mixed,
      mask.map((is) => (is ? 0 : null)),
      `with arguments ${places.join(', ')} batched`,
    );
  }
};

/** Row `i` of a batch where it is one. */
const rowsAt = (mixed: Tensors, mask: readonly boolean[], i: number): Tensors =>
  mixed.map((x, k) => (mask[k] === true ? rowOf(x, i) : x));

/** vmap = loop, for every choice of batched arguments. */
export const vmapIsALoop = (subject: Subject): void =>
  forMasks(subject, (mask, mixed, axes, about) => {
    const { f, size } = subject;
    const expected = stacked(size, (i) => f(...rowsAt(mixed, mask, i)));
    requireClose(`vmap ${about}`, vectorise(f, axes)(...mixed), expected, ROUNDING);
  });

/** vmap of vmap = a loop in a loop. */
export const vmapTwice = (subject: Subject): void => {
  const { f, args, batches, size } = subject;
  if (args.length === 0) return;
  // The second batch in the other order, so that the two axes differ.
  const other = batches.map((batch) => stack(Array.from({ length: size }, (_, i) => rowOf(batch, size - 1 - i))));
  const both = batches.map((batch, k) => stack([batch, other[k] as Tensor, batch]));
  const axes = args.map(() => 0);
  const expected = stacked(3, (i) => stacked(size, (j) => f(...both.map((x) => rowOf(rowOf(x, i), j)))));
  requireClose('vmap of vmap', vectorise(vectorise(f, axes), axes)(...both), expected, ROUNDING);
  // The first argument from the outer batch only, the others from both.
  const mixed = both.map((x, k) => (k === 0 ? (batches[0] as Tensor) : x));
  const innerAxes = args.map((_, k) => (k === 0 ? null : 0));
  if (args.length === 1 || size !== 3) return;
  const partly = stacked(3, (i) =>
    stacked(size, (j) => f(...mixed.map((x, k) => (k === 0 ? rowOf(x, i) : rowOf(rowOf(x, i), j))))),
  );
  requireClose(
    'vmap of vmap with an argument from the outer batch',
    vectorise(vectorise(f, innerAxes), axes)(...mixed),
    partly,
    ROUNDING,
  );
};

/** The gradient with respect to the floats among the arguments, as a function of all of them. */
const gradientOf =
  (subject: Subject): FlatFunction =>
  (...args) => {
    const places = floatPlaces(args);
    const { g } = fixing({ f: subject.f, args }, places);
    return grad(lossOf(subject, g))(places.map((place) => args[place] as Tensor));
  };

/** vmap of grad = loop of grad; and the gradient of a sum over vmap holds the gradients of the rows. */
export const vmapOfGrad = (subject: Subject): void => {
  const { f, batches, size, args } = subject;
  const gradient = gradientOf(subject);
  forMasks(subject, (mask, mixed, axes, about) => {
    const expected = stacked(size, (i) => gradient(...rowsAt(mixed, mask, i)));
    requireClose(`vmap of grad ${about}`, vectorise(gradient, axes)(...mixed), expected, ROUNDING);
  });
  const axes = args.map(() => 0);
  const places = floatPlaces(args);
  const { g, x } = fixing({ f: vectorise(f, axes), args: batches }, places);
  const loss = (at: Values): ReturnType<typeof pairing> => {
    const outs = g(at);
    // The weights of one row, the same for every row.
    const weights = toward(
      subject,
      'weights',
      outs.map((out) => ({ ...out, dtype: out.dtype, shape: out.shape.slice(1) })),
    );
    return pairing(
      outs,
      weights.map((w) => stack(Array.from({ length: size }, () => w))),
    );
  };
  const rows = stacked(size, (i) => gradient(...batches.map((batch) => rowOf(batch, i))));
  requireClose('grad of vmap', grad(loss)(x), rows, ROUNDING);
};

/** vmap of jvp = loop of jvp: tangents in one batch. */
export const vmapOfJvp = (subject: Subject): void => {
  const { f, args, size } = subject;
  const places = floatPlaces(args);
  const { g, x } = fixing({ f, args }, places);
  const tangents = x.map((value, k) =>
    stack(Array.from({ length: size }, (_, i) => toward(subject, `row ${i} of ${k}`, [value])[0] as Tensor)),
  );
  const push: FlatFunction = (...v) => jvp<Values, Values>(g, x, v).tangent;
  requireClose(
    'vmap of jvp over tangents',
    vectorise(
      push,
      tangents.map(() => 0),
    )(...tangents),
    stacked(size, (i) => push(...tangents.map((v) => rowOf(v, i)))),
    ROUNDING,
  );
};
