/** Checks a batch against a model: everything that is wrong with it, with the first bad row. */
import { describe, isFloat, isTensor, type Tensor } from '@natgrad/tensor';
import { elements, isConcrete, sameShape } from '@natgrad/tensor/internal';
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { type Batch, bootstrapRows, type Segment } from './batch.js';
import { type TrpoError, type TrpoIssue, trpoError } from './errors.js';
import type { Model } from './model.js';
import { firstNonFinite } from './vector.js';

type Fields = { readonly [Name in keyof Batch]?: unknown };

const shapeText = (shape: readonly number[]): string => `[${shape.join(',')}]`;

const describeAny = (value: unknown): string =>
  isTensor(value)
    ? describe(value)
    : value === null
      ? 'null'
      : Array.isArray(value)
        ? `an array of ${value.length}`
        : typeof value;

/** What a field must be; `kind` float also refuses elements that are not finite. */
interface Expectation {
  readonly kind: 'float' | 'bool' | 'choice';
  readonly shape: readonly number[];
  /** What decides the number of rows. */
  readonly because?: string;
  readonly counts?: readonly number[];
}

const dtypeText = { float: 'f32 or f64', bool: 'bool', choice: 'i32' } as const;

const checkField = (
  field: string,
  value: unknown,
  { kind, shape, because, counts }: Expectation,
): readonly TrpoIssue[] => {
  const expected = `${dtypeText[kind]} ${shapeText(shape)}${because === undefined ? '' : `, ${because}`}`;
  if (value === undefined) return [{ code: 'missing', field, found: 'nothing', expected }];
  if (!isConcrete(value)) return [{ code: 'wrongKind', field, found: describeAny(value), expected }];
  const found = describe(value);
  const fits = kind === 'float' ? isFloat(value.dtype) : value.dtype === (kind === 'bool' ? 'bool' : 'i32');
  if (!fits) return [{ code: 'wrongKind', field, found, expected }];
  if (!sameShape(value.shape, shape)) {
    const rows = value.rank === shape.length && sameShape(value.shape.slice(1), shape.slice(1));
    return [{ code: rows ? 'wrongLength' : 'wrongShape', field, found, expected }];
  }
  return checkElements(field, value, kind, counts);
};

const checkElements = (
  field: string,
  value: Tensor,
  kind: Expectation['kind'],
  counts: readonly number[] = [],
): readonly TrpoIssue[] => {
  const data = elements(value, 'validateBatch');
  const width = value.shape.slice(1).reduce((product, extent) => product * extent, 1);
  const at = (i: number, code: TrpoIssue['code'], expected: string): readonly TrpoIssue[] => [
    {
      code,
      field,
      found: `${data[i]}${width > 1 ? ` in column ${i % width}` : ''}`,
      expected,
      index: Math.floor(i / width),
    },
  ];
  if (kind === 'float') {
    const bad = firstNonFinite(data);
    return bad < 0 ? [] : at(bad, 'nonFinite', 'finite numbers');
  }
  if (kind !== 'choice') return [];
  const countAt = (i: number): number => counts[i % width] as number;
  const bad = data.findIndex((choice: number, i: number) => !(choice >= 0 && choice < countAt(i)));
  return bad < 0 ? [] : at(bad, 'outOfRange', `a whole number from 0 to ${countAt(bad) - 1}`);
};

const checkSegments = (segments: unknown, rows: number): readonly TrpoIssue[] => {
  const expected = 'a list of { environment, length } with whole lengths ≥ 1 and environments from 0 to 65535';
  if (!Array.isArray(segments))
    return [
      {
        code: segments === undefined ? 'missing' : 'wrongKind',
        field: 'segments',
        found: describeAny(segments),
        expected,
      },
    ];
  const isWhole = (value: unknown, least: number, most: number): boolean =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
  const bad = segments.findIndex(
    (segment: Partial<Segment> | null | undefined) =>
      !isWhole(segment?.length, 1, Number.MAX_SAFE_INTEGER) || !isWhole(segment?.environment, 0, 65_535),
  );
  if (bad >= 0) {
    const { environment, length } = (segments[bad] as Partial<Segment> | null) ?? {};
    return [
      {
        code: 'outOfRange',
        field: `segments[${bad}]`,
        found: `environment ${String(environment)}, length ${String(length)}`,
        expected,
      },
    ];
  }
  const total = (segments as readonly Segment[]).reduce((sum, { length }) => sum + length, 0);
  return total === rows
    ? []
    : [
        {
          code: 'wrongLength',
          field: 'segments',
          found: `${total} rows in ${segments.length} segments`,
          expected: `${rows} rows, as many as observations`,
        },
      ];
};

/**
 * Checks that a batch fits a model: equal numbers of rows, right widths and dtypes, everything finite, choices in range, and as
 * many final observations as its flags ask for.
 *
 * @returns `Left` with all issues, each with its field, what was found and expected, and the first bad row.
 */
export const validateBatch = (model: Model, batch: Batch): Either<TrpoError, Batch> => {
  const fail = (first: TrpoIssue, ...rest: readonly TrpoIssue[]): Either<TrpoError, never> =>
    left(trpoError('InvalidBatch', [first, ...rest]));
  if (typeof batch !== 'object' || (batch as unknown) === null)
    return fail({ code: 'wrongKind', field: 'batch', found: describeAny(batch), expected: 'a batch' });
  const fields: Fields = batch;
  const { action, parameterShapes } = model.distribution;
  const width = model.observationWidth;
  const { observations } = fields;
  if (!isConcrete(observations) || observations.rank !== 2)
    return fail({
      code: observations === undefined ? 'missing' : 'wrongShape',
      field: 'observations',
      found: describeAny(observations),
      expected: `f32 or f64 [N,${width}]`,
    });
  const rows = observations.shape[0] as number;
  if (rows === 0)
    return fail({ code: 'empty', field: 'observations', found: describe(observations), expected: 'at least one row' });

  const because = `one row per observation`;
  const perRow = (kind: Expectation['kind'], shape: readonly number[] = []): Expectation => ({
    kind,
    shape: [rows, ...shape],
    because,
  });
  const parameters = (
    typeof fields.oldParameters === 'object' && fields.oldParameters !== null ? fields.oldParameters : {}
  ) as Readonly<Record<string, unknown>>;
  const issues = [
    ...checkField('observations', observations, { kind: 'float', shape: [rows, width] }),
    ...checkField('actions', fields.actions, {
      ...perRow(action.dtype === 'i32' ? 'choice' : 'float', action.shape),
      ...(action.counts === undefined ? {} : { counts: action.counts }),
    }),
    ...checkField('logProbabilities', fields.logProbabilities, perRow('float')),
    ...Object.entries(parameterShapes).flatMap(([name, shape]) =>
      checkField(`oldParameters.${name}`, parameters[name], perRow('float', shape)),
    ),
    ...Object.keys(parameters).flatMap((name): readonly TrpoIssue[] =>
      Object.hasOwn(parameterShapes, name)
        ? []
        : [
            {
              code: 'unknownField',
              field: `oldParameters.${name}`,
              found: describeAny(parameters[name]),
              expected: `only ${Object.keys(parameterShapes).join(', ')}`,
            },
          ],
    ),
    ...checkField('rewards', fields.rewards, perRow('float')),
    ...(fields.costs === undefined ? [] : checkField('costs', fields.costs, perRow('float'))),
    ...checkField('terminated', fields.terminated, perRow('bool')),
    ...checkField('truncated', fields.truncated, perRow('bool')),
    ...checkSegments(fields.segments, rows),
  ];
  // How many final observations there must be is known only once the flags and segments are right.
  const structure = ['terminated', 'truncated', 'segments'];
  const countable = !issues.some(({ field }) => structure.some((name) => field.startsWith(name)));
  const ends = countable
    ? bootstrapRows(batch.segments, elements(batch.terminated), elements(batch.truncated)).length
    : 0;
  const finals = countable
    ? checkField('finalObservations', fields.finalObservations, {
        kind: 'float',
        shape: [ends, width],
        because: 'one row per truncated episode and per segment that ends within one',
      })
    : [];
  const [first, ...rest] = [...issues, ...finals];
  return first === undefined ? right(batch) : fail(first, ...rest);
};
