import { ShapeError } from "../../src/errors.ts";
import { reshape, type Tensor } from "../../src/graph.ts";
import { permute } from "./permute.ts";

/**
 * A picture's patches as rows. x (B, C, H, W) → (B * N, C * p * p), N = (H / p) * (W / p) in row-major order over the patches.
 * A linear layer whose weight is a convolution's (out, C, p, p), read as (out, C * p * p), is then the patch embedding.
 *
 * ```ts
 * import { constant, interpret, unfold } from "../../mod.ts";
 * const [y] = interpret([unfold(constant("pictures", [1, 1, 2, 4], [1, 2, 3, 4, 5, 6, 7, 8]), 2)]);
 * console.assert(y.join() === "1,2,5,6,3,4,7,8");
 * ```
 */
export function unfold(x: Tensor, p: number): Tensor {
  const [B, C, H, W] = pictureOf("unfold", x, p);
  return reshape(permute(reshape(x, [B, C, H / p, p, W / p, p]), [0, 2, 4, 1, 3, 5]), [B * (H / p) * (W / p), C * p * p]);
}

/**
 * Puts patches back together: the inverse of `unfold`. x (B * N, C * p * p) and the picture's shape (B, C, H, W) → (B, C, H, W).
 *
 * ```ts
 * import { constant, fold, interpret } from "../../mod.ts";
 * const [y] = interpret([fold(constant("patches", [2, 4], [1, 2, 5, 6, 3, 4, 7, 8]), [1, 1, 2, 4], 2)]);
 * console.assert(y.join() === "1,2,3,4,5,6,7,8");
 * ```
 */
export function fold(x: Tensor, shape: readonly [number, number, number, number], p: number): Tensor {
  const [B, C, H, W] = shape;
  if (x.size !== B * C * H * W || H % p || W % p) {
    throw new ShapeError(`fold: ${x} does not hold the patches of ${p} x ${p} of (${shape.join(", ")}); give what unfold() was given`);
  }
  return reshape(permute(reshape(x, [B, H / p, W / p, C, p, p]), [0, 3, 1, 4, 2, 5]), shape);
}

function pictureOf(op: string, x: Tensor, p: number): readonly number[] {
  const [, , H, W] = x.shape;
  if (x.shape.length !== 4 || H % p || W % p) {
    throw new ShapeError(`${op}: ${x} is not (B, C, H, W) with sides that are multiples of the patch size ${p}; resize the pictures`);
  }
  return x.shape;
}
