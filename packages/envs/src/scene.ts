/**
 * What a state looks like, as plain data: shapes in world coordinates, the ground that they stand on, and where one looks from.
 * An environment describes, `render` draws.
 */

/** A place in the world in metres: x to the right, y away from the viewer of a side view, z up. */
export type Point = readonly [x: number, y: number, z: number];

/**
 * What a shape is, in place of a colour: a theme, light or dark, has a colour for each.
 *
 * - `body`, `limb`, `opposite` (limbs of the far side), `tip` (hands, feet): parts of whoever moves
 * - `metal`: rails, pivots, joints; `rubber`: wheels; `paper`: cards and plates
 * - `goal`, `danger`, `force` (what acts): things to tell apart at once
 * - `terrain`, `grass`, `water`: the land
 * - `ink`, `faint`: writing, and lines that only help to read the picture
 */
export type Tint =
  | 'body'
  | 'limb'
  | 'opposite'
  | 'tip'
  | 'metal'
  | 'rubber'
  | 'paper'
  | 'goal'
  | 'danger'
  | 'force'
  | 'terrain'
  | 'grass'
  | 'water'
  | 'ink'
  | 'faint';

/** All points within `radius` of a segment: a limb. Shaded as a solid, and casts a shadow. */
export interface Capsule {
  readonly kind: 'capsule';
  readonly from: Point;
  readonly to: Point;
  readonly radius: number;
  readonly tint: Tint;
}

/** A ball. Shaded as a solid, and casts a shadow. */
export interface Sphere {
  readonly kind: 'sphere';
  readonly at: Point;
  readonly radius: number;
  readonly tint: Tint;
}

/** A flat disc that faces the viewer: a wheel, a hub, a target. */
export interface Disc {
  readonly kind: 'disc';
  readonly at: Point;
  readonly radius: number;
  readonly tint: Tint;
}

/** A flat area, closed by itself. See {@link rectangle}. */
export interface Polygon {
  readonly kind: 'polygon';
  readonly points: readonly Point[];
  /** Corners are rounded by adding a rim of this width all round. Default 0. */
  readonly rim?: number;
  readonly tint: Tint;
}

/** A line through points. See {@link arrow} and {@link arcArrow}. */
export interface Path {
  readonly kind: 'path';
  readonly points: readonly Point[];
  readonly width: number;
  readonly dashed?: boolean;
  readonly tint: Tint;
}

/** Writing, centred on a point. */
export interface Label {
  readonly kind: 'label';
  readonly at: Point;
  readonly text: string;
  /** Height of the letters. */
  readonly size: number;
  readonly tint: Tint;
}

/** One thing in a scene. All lengths are in metres. */
export type Shape = Capsule | Sphere | Disc | Polygon | Path | Label;

/** A horizontal plane without end, in tiles, so that motion over it is seen while the camera follows. */
export interface Ground {
  /** Height of the plane. */
  readonly z: number;
  /** Side of a tile. */
  readonly tile: number;
  readonly surface: 'floor' | 'grass' | 'water';
  /** Metres between labelled marks along x in a side view; none if absent. */
  readonly marks?: number;
}

/** Where one looks from. Parallel projection: what is far is as large as what is near. */
export interface Camera {
  /**
   * - `side`: along +y, x to the right and z up
   * - `above`: straight down, x to the right and y up
   * - `oblique`: from the front right and above, for what moves in all three directions
   */
  readonly view: 'side' | 'above' | 'oblique';
  /** The middle of the picture. To follow something, let it move with it. */
  readonly target: Point;
  /** Width and height around the target that are seen whatever the shape of the picture is. */
  readonly span: readonly [width: number, height: number];
}

/**
 * A picture to be. Plain data.
 *
 * What is farther away is painted first, by the middle of each shape (in oblique views by the near side of its middle); shapes at
 * the same depth in the order given.
 */
export interface Scene {
  readonly shapes: readonly Shape[];
  /** Null where nothing is below, or where a shape is the land. */
  readonly ground: Ground | null;
  readonly camera: Camera;
  /** How long a step takes when an episode is played: its time in the model, or what is pleasant to watch where there is none. */
  readonly stepSeconds: number;
}

/**
 * The corners of a rectangle in the plane of a side view.
 *
 * @param at its middle
 * @param size width and height in metres
 * @param angle by which it is turned, in radians, counterclockwise as seen
 * @example
 * ```ts
 * console.log(rectangle([0, 0, 1], [2, 1])[0]); // [ -1, 0, 0.5 ]
 * ```
 */
export const rectangle = (at: Point, [width, height]: readonly [number, number], angle = 0): readonly Point[] => {
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  return [
    [-1, -1],
    [1, -1],
    [1, 1],
    [-1, 1],
  ].map(([sx = 0, sz = 0]): Point => {
    const [u, w] = [(sx * width) / 2, (sz * height) / 2];
    return [at[0] + u * cosine - w * sine, at[1], at[2] + u * sine + w * cosine];
  });
};

const HEAD = 3.4;

/** The head of an arrow of a given width that points from `before` to `tip`. */
const headOf = (tip: Point, along: Point, across: Point, width: number, tint: Tint): Polygon => {
  const at = (a: number, c: number): Point => [
    tip[0] + width * (a * along[0] + c * across[0]),
    tip[1] + width * (a * along[1] + c * across[1]),
    tip[2] + width * (a * along[2] + c * across[2]),
  ];
  return { kind: 'polygon', points: [at(0, 0), at(-HEAD, HEAD / 2), at(-HEAD, -HEAD / 2)], tint };
};

/**
 * A straight arrow in a plane of constant y (side view) or constant z (seen from above); nothing where it has no length.
 *
 * @param width of its shaft, in metres
 */
export const arrow = (from: Point, to: Point, width: number, tint: Tint = 'force'): readonly Shape[] => {
  const [dx, dy, dz] = [to[0] - from[0], to[1] - from[1], to[2] - from[2]];
  const length = Math.hypot(dx, dy, dz);
  if (!(length > 0)) return [];
  const along: Point = [dx / length, dy / length, dz / length];
  const across: Point = dy === 0 ? [-along[2], 0, along[0]] : [-along[1], along[0], 0];
  // The shaft ends inside the head, and a short arrow is all head.
  const back = Math.min(length, HEAD * width * 0.9);
  const neck: Point = [to[0] - back * along[0], to[1] - back * along[1], to[2] - back * along[2]];
  return [{ kind: 'path', points: [from, neck], width, tint }, headOf(to, along, across, width, tint)];
};

/**
 * An arrow along a circle in the plane of a side view, such as a torque; nothing where it has no length.
 *
 * @param radius of the circle around `centre`, in metres
 * @param start where it begins, in radians counterclockwise from +x
 * @param sweep how far it goes, counterclockwise if positive
 * @param width of its shaft, in metres
 */
export const arcArrow = (
  centre: Point,
  radius: number,
  start: number,
  sweep: number,
  width: number,
  tint: Tint = 'force',
): readonly Shape[] => {
  if (sweep === 0 || !Number.isFinite(sweep)) return [];
  const on = (angle: number): Point => [
    centre[0] + radius * Math.cos(angle),
    centre[1],
    centre[2] + radius * Math.sin(angle),
  ];
  const steps = Math.min(64, Math.max(4, Math.ceil(Math.abs(sweep) * 8)));
  const points = Array.from({ length: steps + 1 }, (_, i) => on(start + (sweep * i) / steps));
  const end = start + sweep;
  const turn = Math.sign(sweep);
  // The tip lies ahead of the shaft's end, on the tangent.
  const along: Point = [-turn * Math.sin(end), 0, turn * Math.cos(end)];
  const [x, y, z] = on(end);
  const ahead = HEAD * width * 0.9;
  const tip: Point = [x + ahead * along[0], y, z + ahead * along[2]];
  return [{ kind: 'path', points, width, tint }, headOf(tip, along, [-along[2], 0, along[0]], width, tint)];
};
