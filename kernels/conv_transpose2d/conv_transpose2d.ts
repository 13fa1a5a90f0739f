import { ShapeError } from "../../src/errors.ts";
import { reshape, type Tensor } from "../../src/graph.ts";
import type { ConvolutionOptions } from "../conv2d/conv2d.ts";
import { checkWindow } from "../conv2d/geometry.ts";
import { inputGradient } from "../conv2d/op.ts";

/**
 * Transposed convolution: the gradient of `conv2d` for its input, as a layer. x (B, C, H, W), w (C, O, KH, KW) as in published
 * checkpoints → y (B, O, OH, OW), OH = (H - 1) stride - 2 padding + KH.
 *
 * @throws ShapeError when channels differ or nothing would be left of y, naming both tensors.
 *
 * ```ts
 * import { constant, convTranspose2d, interpret } from "../../mod.ts";
 * const [y] = interpret([convTranspose2d(constant("x", [1, 1, 1, 1], [2]), constant("w", [1, 1, 2, 2], [1, 2, 3, 4]))]);
 * console.assert(y.join() === "2,4,6,8");
 * ```
 */
export function convTranspose2d(x: Tensor, w: Tensor, { bias, stride = 1, padding = 0 }: ConvolutionOptions = {}): Tensor {
  checkWindow("convTranspose2d", x, w, w.shape[1], bias, { stride, padding });
  if (x.shape[1] !== w.shape[0]) {
    throw new ShapeError(`convTranspose2d: channels differ, ${x} and ${w}; ${w.name} must have ${x.shape[1]} along its first axis`);
  }
  const [OH, OW] = [2, 3].map((axis) => (x.shape[axis] - 1) * stride - 2 * padding + w.shape[axis]);
  if (OH < 1 || OW < 1) {
    throw new ShapeError(`convTranspose2d: ${x} and ${w} with padding ${padding} give a picture of ${OH} x ${OW}; use less padding`);
  }
  return inputGradient(x, w, bias && reshape(bias, [bias.size]).as(bias.name), { stride, padding, H: OH, W: OW });
}
