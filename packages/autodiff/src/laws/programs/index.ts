export { arbitraryProgram, type ProgramCase } from './arbitrary.js';
export type { ProgramOptions } from './generate.js';
export { type Program, printProgram, runProgram, type Statement, type Variable } from './syntax.js';
export { randomProgramLaws } from './laws.js';
