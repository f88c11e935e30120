/** Errors that tests expect. */
import { isNatgradError, type NatgradError } from '@natgrad/tensor';
import { expect } from 'vitest';

/** The error that `run` throws; fails when it throws none or another kind. */
export const errorOf = (run: () => unknown): NatgradError => {
  try {
    run();
  } catch (error) {
    if (isNatgradError(error)) return error;
    throw error;
  }
  return expect.fail('expected an error, and nothing was thrown');
};

export const expectError = (run: () => unknown, code: NatgradError['code'], ...parts: readonly string[]): void => {
  const error = errorOf(run);
  expect(error.code).toBe(code);
  for (const part of parts) expect(error.message).toContain(part);
};
