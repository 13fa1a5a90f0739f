// Kind "pil": resizing, crops, flip and colour as Pillow does them, byte by byte, and torchvision's normalisations. Host arithmetic, so
// every device gives the same.

import { enhance, type Quality } from "../../src/data/augment/enhance.ts";
import { flip } from "../../src/data/augment/flip.ts";
import { normalizations } from "../../src/data/normalization.ts";
import type { Picture } from "../../src/data/picture.ts";
import { type Filter, resize } from "../../src/data/resize.ts";
import type { Device } from "../../src/devices/device.ts";
import type { Check } from "./check.ts";
import type { Fixture } from "./fixture.ts";

/** Not one level of difference. */
const exact = { rtol: 0, atol: 0.5 };

export function pil({ manifest, shapes, values }: Fixture, _device: Device, check: Check): Promise<void> {
  const { height, width, crops_ijhw: crops } = manifest.config;
  const picture: Picture = { height, width, pixels: Uint8Array.from(values("image")) };
  const whole = { left: 0, top: 0, width, height };
  const planes = (value: (byte: number, channel: number) => number) =>
    Float64Array.from({ length: picture.pixels.length }, (_, i) => {
      const channel = Math.floor(i / (height * width));
      return value(picture.pixels[(i % (height * width)) * 3 + channel], channel);
    });
  const normalized = (kind: keyof typeof normalizations) =>
    planes((byte, c) => byte * normalizations[kind].scale[c] + normalizations[kind].shift[c]);
  const float: Record<string, () => Float64Array> = {
    to_tensor: () => planes((byte) => byte / 255),
    normalize_half: () => normalized("half"),
    normalize_imagenet: () => normalized("imagenet"),
    map_pixels: () => normalized("dalle"),
  };
  for (const name of shapes.keys()) {
    if (name === "image") continue;
    const [kind, variant, ...rest] = name.split("."), [cropped] = /^\d+$/.exec(kind.slice(4)) ?? [];
    if (kind === "resize" || cropped) {
      const [top, left, h, w] = cropped ? crops[Number(cropped)] : [];
      const [outHeight, outWidth] = rest[0].split("x").map(Number);
      const box = cropped ? { top, left, width: w, height: h } : whole;
      check.close(name, resize(picture, outWidth, outHeight, variant as Filter, box).pixels, values(name), exact);
    } else if (["brightness", "contrast", "saturation"].includes(kind)) {
      check.close(name, enhance(picture, kind as Quality, Number([variant, ...rest].join("."))).pixels, values(name), exact);
    } else if (kind === "flip") {
      check.close(name, flip(picture).pixels, values(name), exact);
    } else if (kind === "grayscale_L") {
      check.close(name, enhance(picture, "saturation", 0).pixels.filter((_, i) => i % 3 === 0), values(name), exact);
    } else if (kind in float) {
      check.close(name, float[kind](), values(name), manifest.tolerance!.float);
    } else check.fail(`${name}: no operation is known for this tensor; add it to tests/parity/pil.ts`);
  }
  return Promise.resolve();
}
