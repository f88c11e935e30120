/** Tensors to and from bytes: NumPy's `.npy` and `.npz`, and safetensors. */
export { decodeNpy, encodeNpy } from './npy.js';
export * from './npz.js';
export * from './safetensors.js';
