import { ShapeError } from "../../src/errors.ts";
import { reshape, type Tensor } from "../../src/graph.ts";
import { checkWindow, geometryOf } from "./geometry.ts";
import { convolution } from "./op.ts";

/** What a convolution takes beside its input and weights. */
export interface ConvolutionOptions {
  /** One value an output channel. */
  bias?: Tensor;
  /** 1 if absent. */
  stride?: number;
  /** Zeros around x on each side; 0 if absent. */
  padding?: number;
}

/**
 * Convolution in the sense of neural networks: the kernel is not flipped. x (B, C, H, W), w (O, C, KH, KW) → y (B, O, OH, OW),
 * OH = floor((H + 2 padding - KH) / stride) + 1.
 *
 * @throws ShapeError when channels differ or the kernel does not fit into x, naming both tensors.
 *
 * ```ts
 * import { constant, conv2d, interpret } from "../../mod.ts";
 * const [y] = interpret([conv2d(constant("x", [1, 1, 2, 2], [1, 2, 3, 4]), constant("w", [1, 1, 2, 2], [1, 1, 1, 1]))]);
 * console.assert(y.join() === "10");
 * ```
 */
export function conv2d(x: Tensor, w: Tensor, { bias, stride = 1, padding = 0 }: ConvolutionOptions = {}): Tensor {
  checkWindow("conv2d", x, w, w.shape[0], bias, { stride, padding });
  if (x.shape[1] !== w.shape[1]) {
    throw new ShapeError(`conv2d: channels differ, ${x} and ${w}; ${w.name} must have ${x.shape[1]} along its second axis`);
  }
  const { OH, OW } = geometryOf(x.shape, w.shape, { stride, padding });
  if (OH < 1 || OW < 1) {
    throw new ShapeError(`conv2d: the kernel ${w} does not fit into ${x} with padding ${padding}; use more padding or a larger picture`);
  }
  return convolution(x, w, bias && reshape(bias, [bias.size]).as(bias.name), { stride, padding });
}
