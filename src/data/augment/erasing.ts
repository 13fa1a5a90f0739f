import type { Box } from "../picture.ts";
import type { Draws } from "../random.ts";
import { roundHalfEven } from "../round.ts";
import type { Size } from "./crop.ts";

export interface ErasingSettings {
  probability: number;
  /** Share of the area, uniform in this range. */
  area: readonly [number, number];
  /** Height over width, log-uniform in this range. */
  ratio: readonly [number, number];
}

/**
 * Where to erase, or null. The box is a number for the device: the published "pixel" mode fills it with N(0, 1) after normalisation, and
 * a third of such values would not fit into the bytes that leave the worker.
 */
export function drawErasing(draws: Draws, { width: W, height: H }: Size, { probability, area, ratio }: ErasingSettings): Box | null {
  if (draws.uniform() >= probability) return null;
  for (let attempt = 0; attempt < 10; attempt++) {
    const target = draws.uniform(...area) * W * H;
    const shape = Math.exp(draws.uniform(Math.log(ratio[0]), Math.log(ratio[1])));
    const height = roundHalfEven(Math.sqrt(target * shape)), width = roundHalfEven(Math.sqrt(target / shape));
    if (width >= W || height >= H || width < 1 || height < 1) continue;
    const top = draws.integer(0, H - height), left = draws.integer(0, W - width);
    return { left, top, width, height };
  }
  return null;
}
