/**
 * Where the nodes of a program are drawn: in layers by depth, every edge downwards (Sugiyama, Tagawa and Toda 1981). Three steps: layers
 * by longest path, orders within them by the mean place of neighbours, and places by least squares under the order.
 */
import type { ProgramNode } from '@natgrad/autodiff';

/** A rectangle of the drawing; `x` and `y` are its middle and its upper edge. */
interface Box {
  readonly node: number;
  readonly label: string;
  readonly shape: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A drawing in picture units, which are pixels where nothing scales it. */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Box[];
  /** Pieces of edges, downwards. */
  readonly edges: readonly { readonly from: readonly [number, number]; readonly to: readonly [number, number] }[];
}

const HEIGHT = 38;
const GAP = 26;
const MARGIN = 16;
const SPACE = 14;
const LONGEST = 30;
const SWEEPS = 8;

/** A node, or the place where an edge passes a layer. */
interface Place {
  readonly node: number | null;
  readonly layer: number;
  readonly width: number;
  readonly above: Place[];
  readonly below: Place[];
  x: number;
}

const cut = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text);

/** Movements inside a loop cost nothing, and say nothing. */
const SILENT = new Set(['broadcastTo', 'reshape']);

/** What stands in a node: an input has a name, a fused loop says what it computes. */
const labelOf = ({ operation, detail }: ProgramNode, name?: string): string => {
  const inside = operation === 'fused' ? detail.split(' ').filter((word) => !SILENT.has(word)) : [];
  return cut(name ?? (inside.length > 0 ? inside.join(' ') : operation));
};

const shapeOf = ({ gives }: ProgramNode): string => cut(gives.join(' '));

const widthOf = (node: ProgramNode, name?: string): number =>
  Math.round(Math.max(54, 7 * labelOf(node, name).length + 20, 5.8 * shapeOf(node).length + 20));

/** What is not computed, but stored or moved: it is drawn where it is read, and not where it could be first. */
const PASSIVE = new Set<ProgramNode['kind']>(['input', 'constant', 'movement']);

/** Operations by the longest way from any input; what is passive right above whoever reads it first. */
const layersOf = (nodes: readonly ProgramNode[]): readonly number[] => {
  const layer: number[] = [];
  for (const { reads } of nodes) layer.push(reads.reduce((most, at) => Math.max(most, (layer[at] as number) + 1), 0));
  const first = nodes.map(() => Infinity);
  for (let at = nodes.length - 1; at >= 0; at -= 1) {
    const { kind, reads } = nodes[at] as ProgramNode;
    if (PASSIVE.has(kind) && Number.isFinite(first[at])) layer[at] = (first[at] as number) - 1;
    for (const read of reads) first[read] = Math.min(first[read] as number, layer[at] as number);
  }
  return layer;
};

/** Nodes and passages by layer; what several nodes read passes each layer once. */
const placesOf = (nodes: readonly ProgramNode[], names: readonly string[]): readonly Place[][] => {
  const layer = layersOf(nodes);
  const layers: Place[][] = Array.from({ length: Math.max(0, ...layer.map((each) => each + 1)) }, () => []);
  const place = (node: number | null, at: number, width: number): Place => {
    const made: Place = { node, layer: at, width, above: [], below: [], x: 0 };
    layers[at]?.push(made);
    return made;
  };
  const join = (from: Place, to: Place): void => {
    from.below.push(to);
    to.above.push(from);
  };
  const made = nodes.map((node, at) => place(at, layer[at] as number, widthOf(node, names[at])));
  const passages = new Map<number, Place[]>();
  nodes.forEach(({ reads }, at) => {
    for (const read of reads) {
      const chain = passages.get(read) ?? [made[read] as Place];
      passages.set(read, chain);
      while ((chain.at(-1) as Place).layer < (layer[at] as number) - 1) {
        const before = chain.at(-1) as Place;
        const next = place(null, before.layer + 1, 2);
        join(before, next);
        chain.push(next);
      }
      join(chain[(layer[at] as number) - 1 - (layer[read] as number)] as Place, made[at] as Place);
    }
  });
  return layers;
};

const mean = (places: readonly Place[], of: (place: Place) => number): number | null =>
  places.length === 0 ? null : places.reduce((sum, each) => sum + of(each), 0) / places.length;

/** Layers in the order of the mean place of their neighbours, down and up in turn. */
const ordered = (layers: readonly Place[][]): void => {
  const rank = new Map<Place, number>();
  const number = (layer: readonly Place[]): void => layer.forEach((each, i) => rank.set(each, i / layer.length));
  for (const layer of layers) number(layer);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const down = sweep % 2 === 0;
    for (const layer of down ? layers : layers.toReversed()) {
      const wanted = new Map(
        layer.map((each) => [
          each,
          mean(down ? each.above : each.below, (other) => rank.get(other) as number) ?? (rank.get(each) as number),
        ]),
      );
      layer.sort((a, b) => (wanted.get(a) as number) - (wanted.get(b) as number));
      number(layer);
    }
  }
};

/** The places nearest to the wanted ones, by least squares, that keep order and distance: isotonic regression, pooling violators. */
const spread = (wanted: readonly number[], distances: readonly number[]): readonly number[] => {
  const before = [0];
  for (const distance of distances) before.push((before.at(-1) as number) + distance);
  const pools: { sum: number; count: number }[] = [];
  wanted.forEach((x, i) => {
    let pool = { sum: x - (before[i] as number), count: 1 };
    for (
      let last = pools.at(-1);
      last !== undefined && last.sum / last.count > pool.sum / pool.count;
      last = pools.at(-1)
    ) {
      pools.pop();
      pool = { sum: pool.sum + last.sum, count: pool.count + last.count };
    }
    pools.push(pool);
  });
  return pools
    .flatMap(({ sum, count }) => new Array<number>(count).fill(sum / count))
    .map((x, i) => x + (before[i] as number));
};

const settle = (layers: readonly Place[][]): void => {
  const distances = layers.map((layer) =>
    layer.slice(1).map((each, i) => ((layer[i] as Place).width + each.width) / 2 + SPACE),
  );
  for (let sweep = 0; sweep < SWEEPS; sweep += 1)
    for (const [i, layer] of sweep % 2 === 0 ? [...layers.entries()] : [...layers.entries()].toReversed()) {
      const wanted = layer.map(({ above, below, x }) => mean([...above, ...below], (other) => other.x) ?? x);
      spread(wanted, distances[i] as readonly number[]).forEach((x, k) => {
        (layer[k] as Place).x = x;
      });
    }
};

/**
 * The drawing of a program. The same program gives the same drawing.
 *
 * @param names of its inputs
 */
export const layoutOf = (nodes: readonly ProgramNode[], names: readonly string[] = []): Drawing => {
  const layers = placesOf(nodes, names);
  ordered(layers);
  settle(layers);
  const all = layers.flat();
  const left = Math.min(0, ...all.map(({ x, width }) => x - width / 2)) - MARGIN;
  const right = Math.max(0, ...all.map(({ x, width }) => x + width / 2)) + MARGIN;
  const top = (layer: number): number => MARGIN + layer * (HEIGHT + GAP);
  const round = (x: number): number => Math.round(x * 10) / 10;
  const at = (place: Place): number => round(place.x - left);
  const boxes = all.flatMap((place): readonly Box[] => {
    const node = place.node === null ? undefined : nodes[place.node];
    if (place.node === null || node === undefined) return [];
    return [
      {
        node: place.node,
        label: labelOf(node, names[place.node]),
        shape: shapeOf(node),
        x: at(place),
        y: top(place.layer),
        width: place.width,
        height: HEIGHT,
      },
    ];
  });
  const edges = all.flatMap((place) => [
    ...(place.node === null
      ? [{ from: [at(place), top(place.layer)], to: [at(place), top(place.layer) + HEIGHT] } as const]
      : []),
    ...place.below.map(
      (next) => ({ from: [at(place), top(place.layer) + HEIGHT], to: [at(next), top(next.layer)] }) as const,
    ),
  ]);
  return {
    width: round(right - left),
    height: 2 * MARGIN + Math.max(0, layers.length * (HEIGHT + GAP) - GAP),
    boxes,
    edges,
  };
};
