import type { Picture } from "../picture.ts";
import { crop, type Filter, resize } from "../resize.ts";
import { centreBox } from "./crop.ts";

/** The share of the resized picture that BEiT's evaluation keeps at a size: 224 of 256 below 384, all of it from there on. */
export const publishedCropShare = (size: number) => size < 384 ? 224 / 256 : 1;

/** The picture with its shorter side resized to size / share, then the middle square of `size`; the pixels torchvision gives on PIL. */
export function evaluationView(picture: Picture, size: number, filter: Filter = "bicubic", share = publishedCropShare(size)): Picture {
  const short = Math.trunc(size / share), { width: W, height: H } = picture;
  const width = W <= H ? short : Math.trunc(short * W / H), height = W <= H ? Math.trunc(short * H / W) : short;
  const resized = resize(picture, width, height, filter);
  return crop(resized, centreBox(resized, { width: size, height: size }));
}
