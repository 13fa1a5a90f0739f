import type { Box } from "../picture.ts";
import type { Draws } from "../random.ts";
import { roundHalfEven } from "../round.ts";

export interface Size {
  width: number;
  height: number;
}

/** The random resized crop of BEiT and torchvision. */
export interface CropSettings {
  /** Area as a share of the picture's, uniform in this range. */
  scale: readonly [number, number];
  /** Width over height, log-uniform in this range. */
  ratio: readonly [number, number];
}

/** Ten attempts at a box that fits; then the largest centred box whose shape is in `ratio`. */
export function drawCrop(draws: Draws, { width: W, height: H }: Size, { scale, ratio }: CropSettings): Box {
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = draws.uniform(...scale) * W * H;
    const shape = Math.exp(draws.uniform(Math.log(ratio[0]), Math.log(ratio[1])));
    const width = roundHalfEven(Math.sqrt(area * shape)), height = roundHalfEven(Math.sqrt(area / shape));
    if (width > W || height > H || width < 1 || height < 1) continue;
    const top = draws.integer(0, H - height), left = draws.integer(0, W - width);
    return { left, top, width, height };
  }
  let width = W, height = H;
  if (W / H < ratio[0]) height = Math.min(H, Math.max(1, roundHalfEven(W / ratio[0])));
  else if (W / H > ratio[1]) width = Math.min(W, Math.max(1, roundHalfEven(H * ratio[1])));
  return { left: Math.floor((W - width) / 2), top: Math.floor((H - height) / 2), width, height };
}

/** The box of `size` in the middle, as torchvision's CenterCrop rounds it. */
export function centreBox({ width: W, height: H }: Size, { width, height }: Size): Box {
  return { left: roundHalfEven((W - width) / 2), top: roundHalfEven((H - height) / 2), width, height };
}
