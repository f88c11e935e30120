/** The panel of the Fisher-vector product: a pass is chosen, its program is counted, drawn and printed. */
import type { ProgramNode, ProgramStage } from '@natgrad/autodiff';
import { whole } from '../core/history.js';
import { layoutOf } from '../core/layout.js';
import { disable, find, html, svg } from './dom.js';

const KINDS = [
  ['matmul', 'matrix product'],
  ['elementwise', 'elementwise'],
  ['reduction', 'reduction'],
  ['movement', 'movement'],
  ['structured', 'fused loop'],
  ['input', 'input'],
] as const;

/** The colours of the rarer kinds are those of what they are most like. */
const tintOf = ({ kind }: ProgramNode): string => {
  if (kind === 'constant') return 'input';
  if (kind === 'composite') return 'elementwise';
  return kind === 'reference' ? 'movement' : kind;
};

/** More nodes than this are not drawn: nobody can follow them. */
const MOST = 400;

/** What passes are called in words. */
const NAMES: Readonly<Record<string, string>> = {
  traced: 'as traced',
  matmulOperands: 'matmul operands',
  commonSubexpressions: 'common subexpressions',
  deadCode: 'dead code',
};

const nameOf = (pass: string): string => NAMES[pass] ?? pass;

const drawingOf = ({ pass, nodes }: ProgramStage, names: readonly string[]): Node => {
  if (nodes.length > MOST) return html('p', { class: 'waiting' }, `${nodes.length} nodes are too many to draw.`);
  const { width, height, boxes, edges } = layoutOf(nodes, names);
  const lines = edges.map(({ from: [x, y], to: [u, v] }) => {
    const middle = (y + v) / 2;
    return `M${x} ${y}${x === u ? `V${v}` : `C${x} ${middle} ${u} ${middle} ${u} ${v}`}`;
  });
  return svg(
    'svg',
    {
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: 'img',
      'aria-label': `${nameOf(pass)}: ${nodes.length} nodes`,
    },
    svg('path', { class: 'edge', d: lines.join('') }),
    ...boxes.map(({ node: at, label, shape, x, y, width: wide, height: tall }) => {
      const node = nodes[at] as ProgramNode;
      const title = `${node.operation}${node.detail === '' ? '' : ` {${node.detail}}`}: ${node.gives.join(', ')}`;
      return svg(
        'g',
        { class: node.returned ? 'node returned' : 'node' },
        svg('title', {}, title),
        svg('rect', { x: x - wide / 2, y, width: wide, height: tall, rx: 8, style: `stroke:var(--${tintOf(node)})` }),
        svg('text', { x, y: y + 16 }, label),
        svg('text', { x, y: y + 30, class: 'shape' }, shape),
      );
    }),
  );
};

const factsOf = (stage: ProgramStage, first: ProgramStage): string => {
  const { operations, flops, arenaBytes, changed } = stage;
  const than = (now: number, then: number): string =>
    now === then || then === 0 ? '' : ` (${now < then ? '−' : '+'}${Math.round(Math.abs(1 - now / then) * 100)} %)`;
  return (
    `${operations} operations${than(operations, first.operations)}, ${(flops / 1e6).toFixed(2)} MFLOP, ` +
    `${whole(arenaBytes / 1024)} KiB of intermediate values${than(arenaBytes, first.arenaBytes)}` +
    `${changed ? '' : '. This pass found nothing to do'}.`
  );
};

/** The panel; it shows stages as they are handed to it, and keeps the pass that was chosen. */
export const graphPanel = (): {
  readonly show: (stages: readonly ProgramStage[], rows: number, inputs: readonly string[]) => void;
} => {
  const passes = find('passes');
  const before = find('pass-before');
  const after = find('pass-after');
  let stages: readonly ProgramStage[] = [];
  let names: readonly string[] = [];
  let chosen = 0;

  find('legend').append(
    ...KINDS.map(([kind, name]) => html('span', {}, html('i', { style: `background:var(--${kind})` }), name)),
  );

  const choose = (at: number, focus = false): void => {
    const stage = stages[at];
    const [first] = stages;
    if (stage === undefined || first === undefined) return;
    chosen = at;
    [...passes.children].forEach((button, i) => {
      button.setAttribute('aria-checked', String(i === at));
      button.setAttribute('tabindex', i === at ? '0' : '-1');
      if (i === at && focus) (button as HTMLElement).focus();
    });
    disable(before, at === 0);
    disable(after, at === stages.length - 1);
    find('pass-facts').textContent = factsOf(stage, first);
    const place = find('graph');
    place.replaceChildren(drawingOf(stage, names));
    place.scrollLeft = (place.scrollWidth - place.clientWidth) / 2;
    find('graph-text').textContent = stage.text;
  };

  before.addEventListener('click', () => choose(chosen - 1));
  after.addEventListener('click', () => choose(chosen + 1));
  passes.addEventListener('keydown', (event) => {
    const way = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    if (way === undefined) return;
    event.preventDefault();
    choose((chosen + way + stages.length) % stages.length, true);
  });

  return {
    show: (given, rows, inputs) => {
      // Whoever looks at the last pass, or at none yet, goes on doing so.
      const last = chosen === stages.length - 1 || stages.length === 0;
      stages = given;
      names = inputs;
      find('graph-about').textContent = `for a batch of ${whole(rows)}`;
      passes.replaceChildren(
        ...stages.map(({ pass, changed }, i) => {
          const button = html(
            'button',
            { type: 'button', role: 'radio', 'aria-checked': 'false', class: changed ? '' : 'unchanged' },
            nameOf(pass),
          );
          button.addEventListener('click', () => choose(i));
          return button;
        }),
      );
      choose(last ? stages.length - 1 : Math.min(chosen, stages.length - 1));
    },
  };
};
