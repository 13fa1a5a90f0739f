// From bytes to what a model was trained on. Pictures stay bytes until they are on the device, where each value becomes
// byte * scale + shift by channel.

/** Red, green, blue. */
type Channels = readonly [number, number, number];

export interface Normalization {
  scale: Channels;
  shift: Channels;
}

/** (byte / 255 - mean) / std */
export function normalization(mean: Channels, std: Channels): Normalization {
  const each = (value: (c: number) => number): Channels => [value(0), value(1), value(2)];
  return { scale: each((c) => 1 / (255 * std[c])), shift: each((c) => -mean[c] / std[c]) };
}

export const normalizations = {
  /** To -1..1: the released BEiT weights, the "customized" dVAE. */
  half: normalization([0.5, 0.5, 0.5], [0.5, 0.5, 0.5]),
  /** ImageNet's mean and deviation: BEiT pre-trained on ImageNet-1K, segmentation. */
  imagenet: normalization([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
  /** To 0.1..0.9, map_pixels of the DALL-E dVAE: 0.8 x + 0.1. */
  dalle: { scale: [0.8 / 255, 0.8 / 255, 0.8 / 255], shift: [0.1, 0.1, 0.1] },
} as const satisfies Record<string, Normalization>;
