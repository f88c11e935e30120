/**
 * From a scene to marks in the plane. Each mark is apart from its place: what it looks like, which stays while a thing moves, and a
 * few numbers. A picture writes both out; a film writes the looks once and the numbers for every frame.
 */
import type { Ground, Point, Scene, Shape, Tint } from '../scene.js';
import { centreOf, type GroundMatrix, isPlace, type Projection, projection } from './projection.js';

/** What a mark looks like; lengths in picture units. */
export type Look =
  /** A shaded thick line with round ends, or a ball. */
  | { readonly kind: 'solid'; readonly tint: Tint; readonly width: number }
  | { readonly kind: 'disc'; readonly tint: Tint; readonly width: number }
  | { readonly kind: 'area'; readonly tint: Tint; readonly rim: number }
  | { readonly kind: 'line'; readonly tint: Tint; readonly width: number; readonly dashed: boolean }
  | { readonly kind: 'label'; readonly tint: Tint; readonly size: number; readonly text: string }
  /** A line on the ground, in its coordinates. */
  | { readonly kind: 'shadow'; readonly width: number }
  /** The plane below its far edge; placed by a shift. */
  | { readonly kind: 'plane'; readonly surface: Ground['surface']; readonly edge: boolean }
  /** Every second rectangle of `side` by `deep`, in ground coordinates, row 0 farthest; placed by a shift. */
  | {
      readonly kind: 'tiles';
      readonly surface: Ground['surface'];
      readonly side: number;
      readonly deep: number;
      readonly columns: number;
      readonly rows: number;
    };

/** A thing in the picture, and where: x, y pairs, to a tenth of a unit. */
export interface Mark {
  readonly look: Look;
  readonly points: readonly number[];
}

/** What a picture consists of, in the order in which it is painted; `tiles` and `shadows` are in ground coordinates. */
export const LISTS = ['plane', 'tiles', 'marks', 'shadows', 'shapes'] as const;
export type List = (typeof LISTS)[number];

/** The size of a picture, and the matrix of its ground around its middle. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly matrix: GroundMatrix;
}

/** A picture in the plane. Each list is painted in its own order. */
export interface Drawing extends Canvas, Readonly<Record<List, readonly Mark[]>> {}

/** Beyond this nothing is seen, and some viewers lose precision. */
const FAR = 20_000;

/** Tenths of a unit. (Adding 0 turns −0 into 0.) */
const tenth = (x: number): number => Math.round(Math.min(FAR, Math.max(-FAR, x)) * 10) / 10 + 0;

const length = (x: number): number => Math.max(0.1, tenth(x));

const pairs = (points: readonly (readonly [number, number])[]): readonly number[] =>
  points.flatMap(([x, y]) => [tenth(x), tenth(y)]);

const pointsOf = (shape: Shape): readonly Point[] => {
  switch (shape.kind) {
    case 'capsule':
      return [shape.from, shape.to];
    case 'polygon':
    case 'path':
      return shape.points;
    default:
      return [shape.at];
  }
};

const sizeOf = (shape: Shape): number => {
  switch (shape.kind) {
    case 'label':
      return shape.size;
    case 'path':
      return shape.width;
    case 'polygon':
      return shape.rim ?? 0;
    default:
      return shape.radius;
  }
};

const lookOf = (shape: Shape, scale: number): Look => {
  const { tint } = shape;
  switch (shape.kind) {
    case 'capsule':
    case 'sphere':
      return { kind: 'solid', tint, width: length(2 * scale * shape.radius) };
    case 'disc':
      return { kind: 'disc', tint, width: length(2 * scale * shape.radius) };
    case 'polygon':
      return { kind: 'area', tint, rim: tenth(scale * (shape.rim ?? 0)) };
    case 'path':
      return { kind: 'line', tint, width: length(scale * shape.width), dashed: shape.dashed === true };
    case 'label':
      return { kind: 'label', tint, size: length(scale * shape.size), text: shape.text };
  }
};

/** A shape that can be drawn: something, somewhere. Whatever is infinitely far or of no size is not there. */
const isSomewhere = (shape: Shape): boolean => {
  const points = pointsOf(shape);
  const size = sizeOf(shape);
  return points.length > 0 && points.every((point) => point.every(isPlace)) && size >= 0 && size < FAR;
};

const CASTS: ReadonlySet<Tint> = new Set(['body', 'limb', 'opposite', 'tip', 'metal', 'danger', 'goal']);

/** The shadow of a solid on the ground; of a flat shape, that of its extent along x. */
const shadowOf = (shape: Shape, ground: Ground, view: Projection): readonly Mark[] => {
  if (!CASTS.has(shape.tint)) return [];
  const fall = ([x, y, z]: Point): readonly [number, number] => {
    const height = Math.max(0, z - ground.z);
    return view.onGround(x + view.light[0] * height, y + view.light[1] * height, ground.z);
  };
  const mark = (points: readonly Point[], radius: number): readonly Mark[] => [
    { look: { kind: 'shadow', width: length(2 * view.scale * radius) }, points: pairs(points.map(fall)) },
  ];
  switch (shape.kind) {
    case 'capsule':
      return mark([shape.from, shape.to], shape.radius);
    case 'sphere':
      return mark([shape.at], shape.radius);
    case 'polygon': {
      const [xs, rim] = [shape.points.map(([x]) => x), shape.rim ?? 0];
      const [, y, z] = shape.points[0] as Point;
      return mark(
        [
          [Math.min(...xs) - rim, y, z],
          [Math.max(...xs) + rim, y, z],
        ],
        0.12,
      );
    }
    default:
      return [];
  }
};

/** How far behind the target the plane of a side view ends, in heights of the picture. */
const BEHIND = 0.28;
/** How long tiles are in a side view, in their widths. */
const LONG = 3;
/** Smallest tile, as a share of the picture. */
const FINEST = 1 / 50;

const groundOf = (
  { ground, camera }: Scene,
  view: Projection,
  width: number,
  height: number,
): Pick<Drawing, 'plane' | 'tiles' | 'marks'> => {
  if (ground === null || !isPlace(ground.z)) return { plane: [], tiles: [], marks: [] };
  const { surface, z, tile } = ground;
  const side = camera.view === 'side';
  const centre = centreOf(camera);
  const [tx, ty] = centre;
  const { d } = view.ground;
  const edge = side ? view.onGround(tx, ty, z)[1] + BEHIND * height : 0;
  const plane: Mark = {
    look: { kind: 'plane', surface, edge: side },
    points: [0, side ? tenth(height / 2 + d * edge) : 0],
  };
  const size = tile * view.scale;
  if (!(size >= FINEST * Math.max(width, height) && size <= FAR)) return { plane: [plane], tiles: [], marks: [] };
  // Seen from the side squares would be thin lines; from an angle, a plane is longer than it looks.
  const deep = side ? LONG * size : size;
  const around = Math.hypot(width, height);
  const [across, along] = side
    ? [width, height / Math.abs(d)]
    : camera.view === 'above'
      ? [width, height]
      : [2 * around, 2 * around];
  // Enough for the whole picture, and for a shift by two tiles either way.
  const [columns, rows] = [Math.ceil(across / size) + 8, Math.ceil(along / deep) + 8];
  const snap = (x: number): number => Math.floor(x / (2 * tile)) * 2 * tile;
  const [u, v] = view.onGround(snap(tx), snap(ty), z);
  const left = u - 2 * Math.ceil(columns / 4) * size;
  const top = side ? edge : v + 2 * Math.ceil(rows / 4) * deep;
  const tiles: Mark = {
    look: { kind: 'tiles', surface, side: tenth(size), deep: tenth(deep), columns, rows },
    points: pairs([[left, top]]),
  };
  return { plane: [plane], tiles: [tiles], marks: side ? distances(ground, centre, view, width, height) : [] };
};

const distances = (
  { z, marks }: Ground,
  [tx, ty]: Point,
  view: Projection,
  width: number,
  height: number,
): readonly Mark[] => {
  const reach = width / view.scale / 2;
  if (marks === undefined || !(marks >= reach / 20 && isPlace(marks))) return [];
  const first = Math.ceil((tx - reach) / marks) - 1;
  const count = Math.ceil((2 * reach) / marks) + 3;
  const size = height / 28;
  return Array.from({ length: count }, (_, i) => {
    const at = (first + i) * marks;
    const { x, y } = view.project([at, ty, z]);
    const below = y + 1.2 * size;
    return [
      {
        look: { kind: 'line', tint: 'faint', width: 1.5, dashed: false },
        points: pairs([
          [x, below],
          [x, below + size / 2],
        ]),
      },
      {
        look: { kind: 'label', tint: 'faint', size: tenth(size), text: `${Number(at.toFixed(6)) + 0} m` },
        points: pairs([[x, below + 1.2 * size]]),
      },
    ] satisfies readonly Mark[];
  }).flat();
};

/** The marks of a scene in a picture of `width` × `height` units. Total, and the same marks for the same scene. */
export const drawingOf = (scene: Scene, width: number, height: number): Drawing => {
  const view = projection(scene.camera, width, height);
  const { ground } = scene;
  const oblique = scene.camera.view === 'oblique';
  const there = scene.shapes.filter(isSomewhere);
  const shapes = there
    .map((shape) => {
      const projected = pointsOf(shape).map(view.project);
      // Between solids it is the nearest side that hides; in flat scenes the order given decides.
      const solid = oblique && (shape.kind === 'capsule' || shape.kind === 'sphere');
      return {
        depth: projected.reduce((sum, { depth }) => sum + depth, 0) / projected.length - (solid ? shape.radius : 0),
        mark: { look: lookOf(shape, view.scale), points: pairs(projected.map(({ x, y }) => [x, y])) },
      };
    })
    .sort((a, b) => b.depth - a.depth)
    .map(({ mark }) => mark);
  return {
    width,
    height,
    matrix: view.ground,
    ...groundOf(scene, view, width, height),
    shadows: ground === null || !isPlace(ground.z) ? [] : there.flatMap((shape) => shadowOf(shape, ground, view)),
    shapes,
  };
};
