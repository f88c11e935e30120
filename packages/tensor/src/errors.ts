/**
 * One tagged error class for the whole family of packages. A message always has the same parts: the operation, what it
 * found (full shapes), what it expected, and the line of the caller's own code that led here.
 */

/** Everything that can be wrong with a call; each package extends the list by using its own code strings. */
export type ErrorCode =
  | 'ShapeMismatch'
  | 'DTypeMismatch'
  | 'InvalidArgument'
  | 'OutOfRange'
  | 'NotATensor'
  | 'TracedValue'
  | 'NotPositiveDefinite'
  | 'Singular'
  | 'TreeMismatch'
  | 'Malformed'
  | 'Unsupported'
  | 'OutOfMemory'
  | 'WorkerLost'
  | 'LeakedTrace'
  | 'StaleTrace'
  | 'AsyncTrace'
  | 'DataDependentBranch'
  | 'ReverseThroughWhile'
  | 'NotScalar'
  | 'NotDifferentiable'
  | 'InvalidGraph';

/** The parts of an error besides its code. */
export interface ErrorDetail {
  /** Name of the operation as the caller wrote it, e.g. `matmul`. */
  readonly operation: string;
  /** The argument (or field) at fault, e.g. `axis`. */
  readonly argument?: string;
  /** What was found, full shapes included. */
  readonly found?: string;
  /** What would have been right, or how to make it right. */
  readonly expected?: string;
}

const internalRoots: string[] = [];

/** Stack frames below `directory` (a `file:` URL or path) are not the user's code. */
export const registerInternalRoot = (directory: string): void => {
  const path = directory.replace(/^file:\/\//, '');
  if (!internalRoots.includes(path)) internalRoots.push(path);
};

registerInternalRoot(new URL('.', import.meta.url).href);

/** `at name (place:line:column)` or, for a frame without a name, `at place:line:column`. */
const frame = /^at (?:.*? \((.+:\d+:\d+)\)|(?:async )?(.+:\d+:\d+))$/;

/** First stack frame outside the packages: the line in the user's program. */
export const userLine = (stack: string | undefined): string | undefined => {
  for (const line of (stack ?? '').split('\n').slice(1)) {
    const match = frame.exec(line.trim());
    const place = match?.[1] ?? match?.[2];
    if (
      place === undefined ||
      place.startsWith('node:') ||
      place.startsWith('eval at') ||
      place.includes('/node_modules/')
    )
      continue;
    const path = place.replace(/^file:\/\//, '');
    if (internalRoots.some((root) => path.startsWith(root))) continue;
    return path;
  }
  return undefined;
};

/**
 * The error of every package in the family: a tagged class with a machine-readable code and the parts of its message.
 *
 * @example
 * ```ts
 * try {
 *   reshape(arange(6), [4, 2]);
 * } catch (error) {
 *   console.log(isNatgradError(error) && error.code); // 'ShapeMismatch'
 * }
 * ```
 */
export class NatgradError extends Error {
  readonly _tag = 'NatgradError' as const;
  readonly code: ErrorCode;
  readonly operation: string;
  readonly argument: string | undefined;
  readonly found: string | undefined;
  readonly expected: string | undefined;
  /** `path:line:column` of the call in the user's code, where the stack shows it. */
  readonly at: string | undefined;

  constructor(code: ErrorCode, message: string, detail: ErrorDetail) {
    // Deep traces need more than V8's ten frames to reach the user's own.
    const engine = Error as { stackTraceLimit?: number };
    const limit = engine.stackTraceLimit;
    engine.stackTraceLimit = 50;
    super(`${detail.operation}: ${message}`);
    if (limit !== undefined) engine.stackTraceLimit = limit;
    this.name = 'NatgradError';
    this.code = code;
    this.operation = detail.operation;
    this.argument = detail.argument;
    this.found = detail.found;
    this.expected = detail.expected;
    this.at = userLine(this.stack);
    if (this.at !== undefined) this.message += `\n  at ${this.at}`;
  }
}

/** True for any error of these packages, also one thrown by another copy of them. */
export const isNatgradError = (error: unknown): error is NatgradError =>
  error instanceof Error && (error as { readonly _tag?: unknown })._tag === 'NatgradError';

export const shapeError = (
  operation: string,
  message: string,
  detail: Omit<ErrorDetail, 'operation'> = {},
): NatgradError => new NatgradError('ShapeMismatch', message, { operation, ...detail });

export const dtypeError = (
  operation: string,
  message: string,
  detail: Omit<ErrorDetail, 'operation'> = {},
): NatgradError => new NatgradError('DTypeMismatch', message, { operation, ...detail });

export const invalid = (
  operation: string,
  message: string,
  detail: Omit<ErrorDetail, 'operation'> = {},
): NatgradError => new NatgradError('InvalidArgument', message, { operation, ...detail });
