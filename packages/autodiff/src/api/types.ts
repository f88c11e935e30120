import type { MapLeaves, Tensor } from '@natgrad/tensor';

/** Derivative of a tree of outputs by a tree of inputs: for each output leaf, a tree like the inputs. */
export type Jacobian<In, Out> = MapLeaves<Out, MapLeaves<In, Tensor>>;
