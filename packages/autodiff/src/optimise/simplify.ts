import type { Pass } from './pass.js';
import { rewrite, type Visit } from './rewrite.js';
import * as arithmetic from './rules/arithmetic.js';
import * as choice from './rules/choice.js';
import * as movement from './rules/movement.js';
import type { Rule } from './rules/rule.js';

/** All rules. */
export const rules: readonly Rule[] = [
  ...Object.values(choice),
  ...Object.values(arithmetic),
  ...Object.values(movement),
];

const visitWith = (used: readonly Rule[]): Visit => {
  const general = used.filter(({ of }) => of.length === 0);
  const byPrimitive = new Map<unknown, readonly Rule[]>();
  for (const { of } of used)
    for (const primitive of of)
      byPrimitive.set(primitive, [...used.filter((rule) => rule.of.includes(primitive)), ...general]);
  return (operation, rebuild) => {
    for (const rule of byPrimitive.get(operation.primitive) ?? general) {
      const value = rule.apply(operation, rebuild);
      if (value !== undefined) return [value];
    }
    return undefined;
  };
};

/** A pass of some rules only, for tests. */
export const simplifyBy = (used: readonly Rule[]): Pass => {
  const visit = visitWith(used);
  return { name: 'simplify', run: (graph) => rewrite(graph, visit) };
};

/**
 * Applies the algebraic rules. A rule looks at an operation and at those before it, and what it builds is offered to the
 * rules again: the result is a normal form, which a second run leaves alone.
 */
export const simplify: Pass = simplifyBy(rules);
