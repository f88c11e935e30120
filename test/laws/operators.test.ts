/** The laws of linear operators: kept by what the transforms make, refused to operators that are wrong in one place. */
import { add, grad, type LinearOperator, linearize, linearTranspose, logsumexp, matmul, sin } from '@natgrad/autodiff';
import { checkLaw, type Law, linearOperatorLaws, type OperatorLawOptions } from '@natgrad/autodiff/laws';
import {
  matrixTranspose,
  add as plus,
  matmul as product,
  type Scalar,
  square,
  type Tensor,
  tensor,
  multiply as times,
} from '@natgrad/tensor';
import { describe, expect, test } from 'vitest';

interface Parameters {
  readonly w: Tensor;
  readonly b: Tensor;
}

const at: Parameters = {
  w: tensor([
    [0.1, 0.2, 0.3],
    [-0.4, 0.5, 0.6],
  ]),
  b: tensor([0.1, -0.2, 0.3]),
};
const x = tensor([0.7, -0.3]);
const logits = ({ w, b }: Parameters): Tensor => sin(add(matmul(x, w), b));
const loss = (parameters: Parameters): Scalar => logsumexp(logits(parameters));

describe('operators that the transforms make', () => {
  const policy = linearize(logits, at);
  const hessian = linearize(grad(loss), at);
  // Jᵀ J: what a Fisher-vector product is with the identity for a metric.
  const gauss = {
    apply: (v: Parameters): Parameters => policy.transpose(policy.apply(v)),
    transpose: (v: Parameters): Parameters => policy.transpose(policy.apply(v)),
  };
  const projection = {
    apply: (v: Tensor): Tensor => matmul(v, at.w),
    transpose: linearTranspose((v: Tensor) => matmul(v, at.w), x),
  };

  test.each(
    [
      ...linearOperatorLaws('a linearised policy', policy, { input: at, output: logits(at) }),
      ...linearOperatorLaws('a Hessian', hessian, { input: at, output: at }, { symmetric: true }),
      ...linearOperatorLaws('JᵀJ', gauss, { input: at, output: at }, { symmetric: true, positiveSemidefinite: true }),
      ...linearOperatorLaws('a projection', projection, { input: x, output: logits(at) }),
    ].map((law) => [law.name, law] as const),
  )('%s', (_, law) => {
    checkLaw(law, { numRuns: 25 });
  });
});

describe('every law refuses', () => {
  const a = tensor([
    [2, 1],
    [0, 3],
  ]);
  const good: Pick<LinearOperator<Tensor, Tensor>, 'apply' | 'transpose'> = {
    apply: (v) => product(a, v),
    transpose: (u) => product(matrixTranspose(a), u),
  };
  let calls = 0;
  const broken: readonly (readonly [
    law: string,
    how: string,
    change: Partial<typeof good>,
    options: OperatorLawOptions,
  ])[] = [
    ['apply is linear', 'an affine function', { apply: (v) => plus(good.apply(v), 1) }, {}],
    ['apply is linear', 'a square', { apply: (v) => square(v) }, {}],
    [
      'apply changes nothing and repeats itself',
      'a function with a memory',
      { apply: (v) => times(good.apply(v), (calls += 1)) },
      {},
    ],
    ['transpose is linear', 'a square', { transpose: (u) => square(u) }, {}],
    ['transpose is the adjoint of apply', 'the operator itself', { transpose: good.apply }, {}],
    ['apply is symmetric', 'a matrix that is not', {}, { symmetric: true }],
    ['⟨v, A·v⟩ is not negative', 'minus the identity', { apply: (v) => times(v, -1) }, { positiveSemidefinite: true }],
  ];

  const lawsOf = (change: Partial<typeof good>, options?: OperatorLawOptions): readonly Law[] =>
    linearOperatorLaws('A', { ...good, ...change }, { input: x, output: x }, options);

  test.each(broken)('%s: %s', (name, _how, change, options) => {
    const law = lawsOf(change, options).find((each) => each.name === `A: ${name}`) as Law;
    expect(() => checkLaw(law, { numRuns: 25 })).toThrow('does not hold');
  });

  test('and none is missing here', () => {
    const all = lawsOf({}, { symmetric: true, positiveSemidefinite: true }).map(({ name }) => name.slice(3));
    expect(new Set(broken.map(([name]) => name))).toEqual(new Set(all));
  });
});
