/** Random cases per property; NATGRAD_LAW_RUNS multiplies them. */
export const runs = (cases: number): { readonly numRuns: number } => ({
  numRuns: Math.ceil(cases * Number(process.env['NATGRAD_LAW_RUNS'] ?? 1)),
});
