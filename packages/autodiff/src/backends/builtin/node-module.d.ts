/** As much of `node:module` as is used. All of Node's types would let every file of this package use what pages do not have. */
declare module 'node:module' {
  export const createRequire: (from: string) => (id: string) => unknown;
}
