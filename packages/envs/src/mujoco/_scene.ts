/** What a simulation looks like: its geoms where the engine has them, in the tints and from the side that the task names. */
import type { Camera, Ground, Point, Scene, Shape, Tint } from '../scene.js';
import type { Simulation } from './_engine.js';

/** How a task is drawn. */
export interface Portrait {
  /** The geoms to draw, by their number in the model, what is behind first (as far as depth does not decide). */
  readonly geoms: readonly (readonly [geom: number, tint: Tint])[];
  readonly ground: Ground | null;
  readonly view: Camera['view'];
  readonly span: Camera['span'];
  /** The middle of the picture where nothing is followed. */
  readonly centre: Point;
  /** The geom that the camera follows: in the plane at once, up and down once it is farther than `slack` from `centre`. */
  readonly follows?: { readonly geom: number; readonly slack: number };
}

/** Numbers of MuJoCo's enumeration `mjtGeom`. */
const SPHERE = 2;
const CAPSULE = 3;
const CYLINDER = 5;

const at = (values: Float64Array, i: number): number => values[i] as number;

/** How a simulation is drawn after `begin`. The shapes and sizes of geoms are read once: they never change. */
export const portraitist = (
  { geoms, ground, view, span, centre, follows }: Portrait,
  simulation: Simulation,
  stepSeconds: number,
): (() => Scene) => {
  const types = Int32Array.from(simulation.model.geom_type);
  const sizes = Float64Array.from(simulation.model.geom_size);

  return () => {
    const { geom_xpos: positions, geom_xmat: axes } = simulation.views();
    const middle = (geom: number): Point => [
      at(positions, 3 * geom),
      at(positions, 3 * geom + 1),
      at(positions, 3 * geom + 2),
    ];
    const shape = ([geom, tint]: readonly [number, Tint]): Shape => {
      const [x, y, z] = middle(geom);
      const [radius, half] = [at(sizes, 3 * geom), at(sizes, 3 * geom + 1)];
      // Capsules and cylinders lie along their own z axis: the third column of a matrix that is stored by rows.
      const end = (side: 1 | -1): Point => [
        x + side * half * at(axes, 9 * geom + 2),
        y + side * half * at(axes, 9 * geom + 5),
        z + side * half * at(axes, 9 * geom + 8),
      ];
      switch (types[geom]) {
        case CAPSULE:
          return { kind: 'capsule', from: end(-1), to: end(1), radius, tint };
        case CYLINDER:
          return { kind: 'disc', at: end(at(axes, 9 * geom + 8) > 0 ? 1 : -1), radius, tint };
        case SPHERE:
          return { kind: 'sphere', at: [x, y, z], radius, tint };
        default:
          throw new Error(`geom ${geom} is of type ${types[geom]}, which is not drawn`);
      }
    };
    const target = (): Point => {
      if (follows === undefined) return centre;
      const [x, y, z] = middle(follows.geom);
      const rise = z - centre[2];
      return [
        x,
        view === 'side' ? centre[1] : y,
        centre[2] + rise - Math.min(follows.slack, Math.max(-follows.slack, rise)),
      ];
    };
    return { shapes: geoms.map(shape), ground, camera: { view, target: target(), span }, stepSeconds };
  };
};
