import type { Picture } from "../picture.ts";
import { crop, type Filter, resize } from "../resize.ts";
import { centreBox, type Size } from "./crop.ts";

/** The share of the resized picture that BEiT's evaluation keeps at a size: 224 of 256 below 384, all of it from there on. */
export const publishedCropShare = (size: number) => size < 384 ? 224 / 256 : 1;

/** Which square of the resized picture is looked at: the one in its middle, or those at the two ends of its longer side. */
export type EvaluatedPart = "middle" | "first" | "last";

/** The size a picture of size (W, H) is resized to for evaluation, and where in it the square of `size` begins. */
export function evaluationGeometry(
  { width: W, height: H }: Size,
  size: number,
  share = publishedCropShare(size),
  part: EvaluatedPart = "middle",
): Size & { left: number; top: number } {
  const short = Math.trunc(size / share);
  const width = W <= H ? short : Math.trunc(short * W / H), height = W <= H ? Math.trunc(short * H / W) : short;
  if (part === "first") return { width, height, left: 0, top: 0 };
  if (part === "last") return { width, height, left: width - size, top: height - size };
  const { left, top } = centreBox({ width, height }, { width: size, height: size });
  return { width, height, left, top };
}

/**
 * The picture with its shorter side resized to size / share, then the square of `size` in the middle (the pixels torchvision gives on PIL)
 * or at another part.
 */
export function evaluationView(
  picture: Picture,
  size: number,
  filter: Filter = "bicubic",
  share = publishedCropShare(size),
  part?: EvaluatedPart,
): Picture {
  const { width, height, left, top } = evaluationGeometry(picture, size, share, part);
  return crop(resize(picture, width, height, filter), { left, top, width: size, height: size });
}
