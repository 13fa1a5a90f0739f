import type { Picture } from "../picture.ts";
import { crop, type Filter, resize } from "../resize.ts";
import { centreBox, type Size } from "./crop.ts";

/** The share of the resized picture that BEiT's evaluation keeps at a size: 224 of 256 below 384, all of it from there on. */
export const publishedCropShare = (size: number) => size < 384 ? 224 / 256 : 1;

/** The size a picture of size (W, H) is resized to for evaluation, and where in it the middle square of `size` begins. */
export function evaluationGeometry(
  { width: W, height: H }: Size,
  size: number,
  share = publishedCropShare(size),
): Size & { left: number; top: number } {
  const short = Math.trunc(size / share);
  const width = W <= H ? short : Math.trunc(short * W / H), height = W <= H ? Math.trunc(short * H / W) : short;
  const { left, top } = centreBox({ width, height }, { width: size, height: size });
  return { width, height, left, top };
}

/** The picture with its shorter side resized to size / share, then the middle square of `size`; the pixels torchvision gives on PIL. */
export function evaluationView(picture: Picture, size: number, filter: Filter = "bicubic", share = publishedCropShare(size)): Picture {
  const { width, height, left, top } = evaluationGeometry(picture, size, share);
  return crop(resize(picture, width, height, filter), { left, top, width: size, height: size });
}
