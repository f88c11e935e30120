/** Laws of tensors, and generators of hostile inputs, for tests with fast-check (an optional peer dependency). */
export * from './law.js';
export * from './runs.js';
