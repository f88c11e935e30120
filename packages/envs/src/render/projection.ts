/** From the world to the picture: parallel projection, and the plane of the ground as the picture shows it. */
import type { Camera, Point } from '../scene.js';

/** Picture units on both axes, y down; `depth` grows away from the viewer, in metres. */
interface Projected {
  readonly x: number;
  readonly y: number;
  readonly depth: number;
}

/**
 * How points of the ground come into the picture: `x = centre + a·u + c·v`, `y = centre + b·u + d·v`, where (u, v) is a
 * place on the ground in picture units. It depends on the kind of view alone, so that what lies on the ground may move in
 * ground coordinates and needs no new matrix.
 */
export interface GroundMatrix {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
}

export interface Projection {
  /** Picture units per metre. */
  readonly scale: number;
  readonly project: (point: Point) => Projected;
  readonly ground: GroundMatrix;
  /** Where on the ground, in picture units, the place (x, y) of a horizontal plane at height z is seen. */
  readonly onGround: (x: number, y: number, z: number) => readonly [u: number, v: number];
  /** Where a shadow falls, in metres to the side per metre of height. */
  readonly light: readonly [x: number, y: number];
}

interface Basis {
  readonly right: Point;
  readonly up: Point;
  readonly away: Point;
}

const dot = (a: Point, b: Point): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

/** From a place in the direction `azimuth` (from +x, counterclockwise), `elevation` above the horizon. */
const lookingFrom = (azimuth: number, elevation: number): Basis => {
  const [ca, sa, ce, se] = [Math.cos(azimuth), Math.sin(azimuth), Math.cos(elevation), Math.sin(elevation)];
  return { right: [-sa, ca, 0], up: [-se * ca, -se * sa, ce], away: [-ca * ce, -sa * ce, -se] };
};

const BASES: Readonly<Record<Camera['view'], Basis>> = {
  side: { right: [1, 0, 0], up: [0, 0, 1], away: [0, 1, 0] },
  above: { right: [1, 0, 0], up: [0, 1, 0], away: [0, 0, -1] },
  oblique: lookingFrom((-58 * Math.PI) / 180, (24 * Math.PI) / 180),
};

/** Seen from the side a plane is a line; it is drawn as if seen from slightly above, sine of the elevation. */
const SIDE_TILT = 0.13;

/** The light stands upper left, so shadows fall to the right; straight below what is seen from the side. */
const LIGHT: Readonly<Record<Camera['view'], number>> = { side: 0, above: 0.4, oblique: 0.3 };

/** Whether a number of metres is a place: not NaN, and not so far that sums of such numbers lose a millimetre. */
export const isPlace = (metres: number): boolean => Math.abs(metres) <= 1e9;

/** The middle of the picture. A camera that is nowhere looks at the origin. */
export const centreOf = ({ target }: Camera): Point => (target.every(isPlace) ? target : [0, 0, 0]);

/** The projection of a camera onto a picture of `width` × `height`. */
export const projection = (camera: Camera, width: number, height: number): Projection => {
  const { view, span } = camera;
  const { right, up, away } = BASES[view];
  const centre = centreOf(camera);
  const fit = Math.min(width / span[0], height / span[1]);
  const scale = Number.isFinite(fit) && fit > 0 ? fit : 1;
  const from = (point: Point): Point => [point[0] - centre[0], point[1] - centre[1], point[2] - centre[2]];
  const flat: readonly [number, number] = view === 'side' ? [0, SIDE_TILT] : [up[0], up[1]];
  const squash = flat[0] ** 2 + flat[1] ** 2;
  return {
    scale,
    project: (point) => {
      const p = from(point);
      return { x: width / 2 + scale * dot(right, p), y: height / 2 - scale * dot(up, p), depth: dot(away, p) };
    },
    ground: { a: right[0], b: -flat[0], c: right[1], d: -flat[1] },
    onGround: (x, y, z) => {
      // A plane that is lower by h is seen up·h lower in the picture, as if it were nearer by up·h / flat.
      const lower = (up[2] * (z - centre[2])) / squash;
      return [scale * (x - centre[0] + flat[0] * lower), scale * (y - centre[1] + flat[1] * lower)];
    },
    light: view === 'above' ? [LIGHT.above, -LIGHT.above] : [LIGHT[view] * right[0], LIGHT[view] * right[1]],
  };
};
