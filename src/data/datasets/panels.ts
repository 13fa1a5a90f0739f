// Panels of mosaics: each picture is divided among a few motifs, and the motif under a pixel is its class. Segmentation can be learned
// from them without a download. A picture is a function of (seed, split, index).
// deno-lint-ignore-file require-await -- a failure must be a rejection
import { DataError } from "../../errors.ts";
import { draws } from "../random.ts";
import type { DataSet, Sample } from "./dataset.ts";
import { drawMosaic, type MosaicsOptions } from "./mosaics.ts";
import { motifs } from "./motifs.ts";

export interface PanelsOptions extends MosaicsOptions {
  /** Different motifs of a picture, at most; at least two. */
  most?: number;
}

const names = Object.keys(motifs);

export const panels = {
  about: `pictures divided among drawn tilings, each pixel labelled with one of ${names.length} motifs; no download`,

  async open({ length = 4000, size = 64, seed = 0, split = "train", most = 3 }: PanelsOptions = {}): Promise<DataSet> {
    for (
      const [name, value, from, to] of [["length", length, 1, 2 ** 32], ["size", size, 1, 4096], ["most", most, 2, names.length]] as const
    ) {
      if (!Number.isInteger(value) || value < from || value > to) {
        throw new DataError(`panels: ${name} is ${value}; give a whole number from ${from} to ${to}`);
      }
    }
    return {
      name: "panels",
      length,
      pixelClasses: names,
      async read(index: number): Promise<Sample> {
        const { pixels, labels } = drawPanels(size, most, { seed, split, index });
        return {
          name: `panels/${split}/${index}`,
          picture: { width: size, height: size, pixels },
          labelMap: () => ({ width: size, height: size, labels }),
        };
      },
    };
  },
};

/** Every pixel belongs to the nearest of a few points, each with a motif in colours, scale, rotation and light of its own. */
function drawPanels(
  size: number,
  most: number,
  key: { seed: number; split: string; index: number },
): { pixels: Uint8Array; labels: Uint8Array } {
  const random = draws({ seed: key.seed, epoch: 0, index: key.index }, `panels/${key.split}`), order = random.permutation(names.length);
  const sites = Array.from({ length: random.integer(2, most) }, (_, n) => ({
    label: order[n],
    x: random.uniform(0, size),
    y: random.uniform(0, size),
    pixels: drawMosaic(motifs[names[order[n]]], size, { ...key, split: `${key.split}/panel ${n}` }).pixels,
  }));
  const pixels = new Uint8Array(size * size * 3), labels = new Uint8Array(size * size);
  for (let y = 0, p = 0; y < size; y++) {
    for (let x = 0; x < size; x++, p++) {
      const far = ({ x: sx, y: sy }: { x: number; y: number }) => (x + 0.5 - sx) * (x + 0.5 - sx) + (y + 0.5 - sy) * (y + 0.5 - sy);
      const site = sites.reduce((a, b) => far(b) < far(a) ? b : a);
      pixels.set(site.pixels.subarray(3 * p, 3 * p + 3), 3 * p);
      labels[p] = site.label;
    }
  }
  return { pixels, labels };
}
