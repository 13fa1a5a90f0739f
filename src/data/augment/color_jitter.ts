import type { Picture } from "../picture.ts";
import type { Draws } from "../random.ts";
import { enhance } from "./enhance.ts";

export interface Enhancement {
  quality: "brightness" | "contrast" | "saturation";
  factor: number;
}

/** Brightness, contrast and saturation in random order, each by a factor uniform in 1 - strength .. 1 + strength, as torchvision. */
export function drawJitter(draws: Draws, strength: number): Enhancement[] {
  if (strength === 0) return [];
  const qualities: Enhancement["quality"][] = ["brightness", "contrast", "saturation"];
  return Array.from(
    draws.permutation(3),
    (i) => ({ quality: qualities[i], factor: draws.uniform(Math.max(0, 1 - strength), 1 + strength) }),
  );
}

/** `picture` after the steps, in their order. */
export function jitter(picture: Picture, steps: Enhancement[]): Picture {
  return steps.reduce((current, { quality, factor }) => enhance(current, quality, factor), picture);
}
