export { arbitraryProgram, type ProgramCase } from './arbitrary.js';
export { randomProgramLaws } from './laws.js';
export type { ProgramOptions } from './scope.js';
export { type Program, printProgram, runProgram, type Statement, type Variable } from './syntax.js';
