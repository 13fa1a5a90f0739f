import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { openSafetensors } from "../checkpoint/safetensors.ts";
import { type Normalization, normalizations } from "./normalization.ts";

const fixture = new URL("../../../shared/fixtures/pil_a.safetensors", import.meta.url);

test("the normalisations give torchvision's values for every byte of a picture", async () => {
  if (!existsSync(fixture)) return console.log("skipped: no ../shared/fixtures");
  const file = await openSafetensors(fixture), pixels = await file.readRaw("image"), area = pixels.length / 3;
  const names: Record<string, Normalization> = {
    normalize_half: normalizations.half,
    normalize_imagenet: normalizations.imagenet,
    map_pixels: normalizations.dalle,
  };
  for (const [name, { scale, shift }] of Object.entries(names)) {
    const want = new Float32Array((await file.readRaw(name)).slice().buffer); // (3, H, W)
    const error = want.map((value, i) => {
      const c = Math.floor(i / area);
      return Math.abs(pixels[i % area * 3 + c] * scale[c] + shift[c] - value);
    });
    expect(Math.max(...error), name).toBeLessThan(1e-6);
  }
  await file.close();
});
